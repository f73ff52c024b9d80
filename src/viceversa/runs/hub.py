"""Models on the Hugging Face Hub, as hf:USER/NAME or hf:USER/NAME@REVISION.

Only the files that `published.py` names are downloaded, and none of them holds code. The package huggingface_hub keeps them in its
cache and resumes interrupted downloads; without a network, what is in the cache is used.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from viceversa.errors import UsageError, quoted
from viceversa.progress import animated
from viceversa.runs.published import FILES, RECIPE, WEIGHTS, check_sizes

PREFIX = "hf:"
_NAME = re.compile(r"(?P<repository>\w[\w.-]*/\w[\w.-]*)(@(?P<revision>(?!.*\.\.)\w[\w./-]*))?", re.ASCII)


def is_on_hub(run: str | Path) -> bool:
    """Return whether a name is that of a model on the hub."""
    return str(run).startswith(PREFIX)


def downloaded(run: str | Path) -> Path:
    """Return the folder of a model on the hub; files that are not in the cache are downloaded.

    Args:
        run: hf:USER/NAME, or hf:USER/NAME@REVISION for a branch, a tag or a commit.

    Raises:
        UsageError: If the name is malformed, the repository cannot be read or holds no model of viceversa, or there is no network.
    """
    repository, revision = _parsed(Path(run).as_posix().removeprefix(PREFIX))
    api = hub_client().HfApi(library_name="viceversa")
    with asking_the_hub(repository, "read", revision):
        if (sizes := _sizes(api, repository, revision)) is not None:
            if missing := [name for name in (RECIPE, WEIGHTS) if name not in sizes]:
                raise UsageError(f"{PREFIX}{repository} is not a model of viceversa: it has no {missing[0]}.")
            check_sizes(sizes, f"{PREFIX}{repository}")
        return Path(api.snapshot_download(repository, revision=revision, allow_patterns=list(FILES)))


def repository_named(name: str) -> str:
    """Return USER/NAME for a repository that is named with or without hf:. Raises UsageError."""
    repository, revision = _parsed(name.removeprefix(PREFIX))
    if revision is not None:
        raise UsageError(f"{quoted(name)} names a revision: leave out {quoted(f'@{revision}')}.")
    return repository


def hub_client() -> Any:
    """Import and return huggingface_hub. Raises UsageError if it is missing."""
    try:
        importlib.import_module("huggingface_hub.errors")
        return importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise UsageError("models on the hub need the package huggingface_hub: pip install 'viceversa[hub]'.") from error


@contextmanager
def asking_the_hub(repository: str, use: Literal["read", "write"], revision: str | None = None) -> Iterator[None]:
    """Turn errors of huggingface_hub in the block into a UsageError with a remedy; show its progress bars only on terminals.

    Args:
        repository: USER/NAME.
        use: whether the block reads or writes the repository.
        revision: revision that the block reads.
    """
    bars = hub_client().utils
    hidden = not animated() and not bars.are_progress_bars_disabled()
    if hidden:
        bars.disable_progress_bars()
    try:
        yield
    except UsageError:
        raise
    except Exception as error:  # the package and its dependencies may raise anything
        raise UsageError(f"{_reason(error, repository, use, revision)}.") from error
    finally:
        if hidden:
            bars.enable_progress_bars()


def _parsed(name: str) -> tuple[str, str | None]:
    """Return the repository and the revision, None if no revision is named. Raises UsageError."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise UsageError(f"{quoted(name)} is not the name of a model on the hub: write USER/NAME or USER/NAME@REVISION.")
    return found["repository"], found["revision"]


def _sizes(api: Any, repository: str, revision: str | None) -> dict[str, int] | None:
    """Return the size of each file of a repository in bytes; None if the hub cannot be reached, so that the cache must do."""
    errors = importlib.import_module("huggingface_hub.errors")
    try:
        info = api.model_info(repository, revision=revision, files_metadata=True)
    except errors.HfHubHTTPError as error:
        if error.response.status_code < 500:
            raise
        return None
    except (errors.HTTPError, errors.OfflineModeIsEnabled):
        return None
    return {file.rfilename: file.size or 0 for file in info.siblings or ()}


def _reason(error: Exception, repository: str, use: Literal["read", "write"], revision: str | None) -> str:
    """Return why huggingface_hub raised an error, and the remedy."""
    errors, hub = importlib.import_module("huggingface_hub.errors"), hub_client().constants.ENDPOINT
    log_in = "log in with `hf auth login`, or set HF_TOKEN"
    match _first(error, (errors.HTTPError, errors.OfflineModeIsEnabled)):
        case errors.HFValidationError() as refused:
            return f"{repository!r} cannot be the name of a repository: {' '.join(str(refused).split()).rstrip('.')}"
        case errors.RevisionNotFoundError():
            return f"{repository!r} has no revision {revision!r}: name a branch, a tag or a commit"
        case errors.GatedRepoError():
            return f"{repository!r} is gated: ask for access at {hub}/{repository}, then {log_in}"
        case errors.RepositoryNotFoundError():
            return f"{hub} shows no model {repository!r}: check its name, or if it is private, {log_in}"
        case errors.HfHubHTTPError(response=response):
            told = {
                401: f"{hub} does not accept the token: {log_in}",
                403: f"the token may not {use} {repository!r}: take one that may, from {hub}/settings/tokens",
            }
            return told.get(response.status_code, f"{hub} answered {response.status_code} for {repository!r}: try again later")
        case errors.HTTPError() | errors.OfflineModeIsEnabled() | errors.LocalEntryNotFoundError():
            cached = ", and the cache does not have it" if use == "read" else ""
            return f"{hub} cannot be reached{cached}: check the network, HF_ENDPOINT and HF_HUB_OFFLINE ({repository!r})"
        case other:
            return f"cannot {use} {repository!r} at {hub}: {quoted(' '.join(str(other).split()))}"


def _first(error: BaseException, kinds: tuple[type[BaseException], ...]) -> BaseException:
    """Return the first error of one of the given kinds among an error and its causes; otherwise the error itself."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, kinds):
            return cause
        cause = cause.__cause__
    return error
