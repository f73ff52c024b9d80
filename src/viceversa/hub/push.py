"""Upload a run to the Hugging Face Hub: `vv.push`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viceversa import __version__
from viceversa.core.method import Builder
from viceversa.errors import UsageError, quoted
from viceversa.evaluation.candidates.named import own_name
from viceversa.files import write_atomically
from viceversa.hub.card import card_of
from viceversa.hub.contents import SAMPLES, check_same, write_contents
from viceversa.hub.results import DRIFT, METRICS, REPORT, Table, tables_of
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.runs.hub import PREFIX, asking_the_hub, hub_client, repository_named
from viceversa.runs.published import FILES, RECIPE
from viceversa.runs.selection import Checkpoint

README = "README.md"
_OURS = (*FILES, SAMPLES, README)
_FROM_THE_HUB = (".gitattributes", README)
"""Files of a repository that was created on the hub's page."""


@dataclass(frozen=True)
class Pushed:
    """Result of a push.

    Args:
        url: page of the repository.
        revision: the commit.
        files: size in bytes of each file, by name.
    """

    url: str
    revision: str
    files: Mapping[str, int]


def push(
    run: str | Path,
    repository: str,
    *,
    license: str,
    private: bool = False,
    report: str | Path | None = None,
    samples: bool = True,
    build: Builder | None = None,
    checkpoint: Checkpoint = "best",
) -> Pushed:
    """Upload a run to the Hugging Face Hub, as a repository that `vv.load("hf:USER/NAME")` loads (docs/hub.md).

    The upload contains the networks that translate, recipe.json without local paths, the labeller, statistics of the training
    images, a sample picture, and a model card. A repository that does not exist is created; files of an earlier push are replaced.

    Args:
        run: folder of a run, or a packaged model.
        repository: USER/NAME, or ORGANIZATION/NAME.
        license: license of the weights, as the hub names it: apache-2.0, mit, cc-by-4.0, other, ...
        private: whether to create a repository that only you, or your organization, can see.
        report: folder of a report of `viceversa evaluate` or `viceversa drift` with numbers for the card; by default RUN/report if
            it exists.
        samples: whether to upload the last sample picture of the training. It shows validation images of your data.
        build: function that builds the method, if the run was trained with a custom one. Its code is not uploaded.
        checkpoint: "best" or "last".

    Raises:
        UsageError: If the run cannot be loaded, the report is not about it, there is no token with write access, the hub rejects
            the card or cannot be reached, or the repository holds something else. Nothing is uploaded then.
    """
    name, hub = repository_named(repository), hub_client()
    if Path(run).suffix.lower() == ".onnx":
        raise UsageError(f"{str(run)!r} is an ONNX file: push the run that it was exported from.")
    if not hub.get_token():
        raise UsageError("there is no token for the hub: log in with `hf auth login`, or set HF_TOKEN.")
    model = load(run, build=build, checkpoint=checkpoint, device="cpu")
    tables = _measured(run, model, report)
    api = hub.HfApi(library_name="viceversa", library_version=__version__)
    message = f"viceversa {__version__}, step {model.step:,}"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_contents(model, folder, samples=samples)
        pushed = load(folder, build=build, device="cpu")
        check_same(model, pushed)
        card = card_of(pushed, model.record, name, license, tables, [path.name for path in folder.iterdir()])
        write_atomically(folder / README, str(card).encode())
        with asking_the_hub(name, "write"):
            _check_card(card, license)
            url = api.create_repo(name, private=private or None, exist_ok=True)
            _check_repository(api.model_info(name), name, private)
            commit = api.upload_folder(repo_id=name, folder_path=folder, commit_message=message, delete_patterns=list(_OURS))
        return Pushed(str(url), str(commit.oid), {path.name: path.stat().st_size for path in sorted(folder.iterdir())})


def _measured(run: str | Path, model: Model, report: str | Path | None) -> Sequence[Table]:
    """Return the tables of a report about the run; none if no report is given and the run's folder has none."""
    if report is not None:
        return tables_of(Path(report), own_name(run))
    inside = None if model.run is None else model.run / REPORT
    there = inside is not None and any((inside / name).is_file() for name in (METRICS, DRIFT))
    return tables_of(inside, own_name(run)) if inside and there else []


def _check_card(card: Any, license: str) -> None:
    """Let the hub check the metadata of a card. Raises UsageError if it rejects the card."""
    try:
        card.validate()
    except ValueError as error:
        if '"license"' in str(error):
            examples = "apache-2.0, mit, cc-by-4.0, cc-by-nc-4.0, openrail and other"
            raise UsageError(f"the hub knows no license {quoted(license)}; it knows, for example, {examples}.") from error
        raise UsageError(f"the hub refuses the card: {quoted(' '.join(str(error).split()))}.") from error


def _check_repository(info: Any, name: str, private: bool) -> None:
    """Raise UsageError for a repository that a push would damage, or that is public although a private one is asked for."""
    files = {file.rfilename for file in info.siblings or ()}
    if RECIPE not in files and files.difference(_FROM_THE_HUB):
        raise UsageError(f"{name!r} holds something else, and no model of viceversa: choose another name.")
    if private and not info.private:
        raise UsageError(f"{PREFIX}{name} exists and is public: leave out `private`, make it private on its page, or rename yours.")
