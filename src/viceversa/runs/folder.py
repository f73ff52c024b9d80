"""The folder of a run: locking it for a training, checking its contents, and removing an old run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from filelock import FileLock, Timeout, lock_descriptor

from viceversa.errors import UsageError
from viceversa.files import remove
from viceversa.runs.weights import numbered

LOCK, LOG = ".lock", "train.log"
PATIENCE = 0.2
"""Seconds to wait for a lock, because `is_training` holds it for a moment."""
CONTENTS = (
    "checkpoints", "best", "samples", "events", "metrics.jsonl", "validation.jsonl", "labeller.safetensors",
    "familiarity.safetensors", "index.html", LOG, "recipe.json",
)  # fmt: skip


@contextmanager
def alone(run: Path, accelerator: Accelerator) -> Iterator[None]:
    """Lock the run's folder during the block, and make it if needed. The main process of a launch holds the lock.

    If the training did not begin, a new folder is removed. Raises UsageError, in all processes, if another training holds the lock
    or if the folder cannot be written.
    """
    new, lock, refused = not run.exists(), FileLock(run / LOCK, timeout=PATIENCE), ""
    if accelerator.is_main_process:
        try:
            _lock(run, lock)
        except UsageError as error:
            refused = str(error)
    (refused,) = broadcast_object_list([refused])
    if refused:
        accelerator.end_training()  # otherwise one of several processes may abort at its end
        raise UsageError(refused)
    try:
        yield
    finally:
        if lock.is_locked:
            with suppress(OSError):
                (run / LOCK).unlink(missing_ok=True)
                if new:
                    run.rmdir()  # fails, as intended, if something was written
            lock.release()


def _lock(run: Path, lock: FileLock) -> None:
    """Take the lock, which is released when its process ends. Raises UsageError."""
    if run.exists() and not run.is_dir():
        raise UsageError(f"{str(run)!r} is a file: choose a folder with `out`.")
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        busy = f"{str(run)!r} is being trained by another process"
        raise UsageError(f"{busy}: wait until it ends, or choose another folder with `out`.") from None
    except OSError as error:
        raise UsageError(f"cannot write to {str(run)!r}: {error.strerror or error}.") from error


def is_training(run: Path) -> bool:
    """Return whether a process holds the lock of the run's folder, that is, trains in it.

    The existence of the lock file is not enough: a killed process leaves it behind.
    """
    path = run / LOCK
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return not lock_descriptor(file.fileno(), blocking=False)
    except OSError:
        return False


def check_room(run: Path, *, overwrite: bool) -> None:
    """Raise UsageError for a folder that is in use. Hidden files do not count, nor does a run without a checkpoint, which has
    nothing to lose."""
    if not run.exists() or all(path.name.startswith(".") for path in run.iterdir()):
        return
    if not (run / "recipe.json").exists():
        raise UsageError(f"the folder {str(run)!r} is not empty and holds no run: choose another with `out`.")
    if not overwrite and numbered(run / "checkpoints"):
        raise UsageError(f"{str(run)!r} holds a run already: continue it (`resume=True`) or replace it (`overwrite=True`).")


def check_contents(run: Path) -> None:
    """Raise UsageError for links, devices and pipes among the run's files: a training would read or write through them."""
    for path in (run / name for name in CONTENTS):
        if path.is_symlink() or (path.exists() and not (path.is_file() or path.is_dir())):
            raise UsageError(f"{str(path)!r} is a link or a special file: replace it with a regular file or folder.")


def make_room(run: Path) -> None:
    """Remove the existing run, and nothing else."""
    for name in CONTENTS:
        remove(run / name)


def remove_halves(run: Path) -> None:
    """Remove half-written files of a killed process."""
    for pattern in (*(f".{name}.*" for name in CONTENTS), "samples/.*"):
        for half in run.glob(pattern):
            half.unlink()
