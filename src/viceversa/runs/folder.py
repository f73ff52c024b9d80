"""A run's folder: who may train in it, what may be there, and making room for another run."""

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
"""Seconds to wait for a lock: `is_training` holds it for an instant."""
CONTENTS = (
    "checkpoints", "best", "samples", "events", "metrics.jsonl", "validation.jsonl", "labeller.safetensors",
    "familiarity.safetensors", "index.html", LOG, "recipe.json",
)  # fmt: skip


@contextmanager
def alone(run: Path, accelerator: Accelerator) -> Iterator[None]:
    """Locks the run's folder, made if need be, while the block runs and its process lives: the leading one of a launch.

    Leaves no folder for a training that did not begin. Raises UsageError, in all processes, where another training holds the
    lock, or where the folder cannot be written.
    """
    new, lock, refused = not run.exists(), FileLock(run / LOCK, timeout=PATIENCE), ""
    if accelerator.is_main_process:
        try:
            _lock(run, lock)
        except UsageError as error:
            refused = str(error)
    (refused,) = broadcast_object_list([refused])
    if refused:
        accelerator.end_training()  # else a process of several may abort as it ends
        raise UsageError(refused)
    try:
        yield
    finally:
        if lock.is_locked:
            with suppress(OSError):
                (run / LOCK).unlink(missing_ok=True)
                if new:
                    run.rmdir()  # which it does only where nothing was written
            lock.release()


def _lock(run: Path, lock: FileLock) -> None:
    """Takes the lock, which dies with its process. Raises UsageError."""
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
    """Return whether a process trains in the run's folder, as far as it may be known: whether it holds the lock.

    The lock's file proves nothing: a killed process leaves it behind.
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
    """Refuses a folder that is in use. Hidden files do not count, nor does a run before its first checkpoint, of which nothing is
    lost when it begins again."""
    if not run.exists() or all(path.name.startswith(".") for path in run.iterdir()):
        return
    if not (run / "recipe.json").exists():
        raise UsageError(f"the folder {str(run)!r} is not empty and holds no run: choose another with `out`.")
    if not overwrite and numbered(run / "checkpoints"):
        raise UsageError(f"{str(run)!r} holds a run already: continue it (`resume=True`) or replace it (`overwrite=True`).")


def check_contents(run: Path) -> None:
    """Refuses what a training would write or read through: links, which may lead out of the run's folder, devices and pipes."""
    for path in (run / name for name in CONTENTS):
        if path.is_symlink() or (path.exists() and not (path.is_file() or path.is_dir())):
            raise UsageError(f"{str(path)!r} is a link or a special file: replace it with a regular file or folder.")


def make_room(run: Path) -> None:
    """Removes the run that is there, and nothing else."""
    for name in CONTENTS:
        remove(run / name)


def remove_halves(run: Path) -> None:
    """Removes what a process that was killed has half written."""
    for pattern in (*(f".{name}.*" for name in CONTENTS), "samples/.*"):
        for half in run.glob(pattern):
            half.unlink()
