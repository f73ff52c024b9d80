"""Long work in parts, so that it can go on where it was stopped, even by kill -9.

NAME.parts/request.json    what was asked for
           00000.mkv       a part of the frames, whole or not there
           00000.png       its last frame without loss, which the next part may begin from
           00000.json      its frames' times and figures; written last: with it the part is done
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from viceversa.errors import UsageError
from viceversa.files import remove, write_atomically
from viceversa.images.decoding import decode, encode
from viceversa.video.clip import Picture8

Time = tuple[int, int]
"""When a frame starts, and how long it is shown, in ticks."""
REQUEST, LOCK = "request.json", ".lock"


@dataclass(frozen=True)
class Part:
    """What was done: its number, its frames' times, and sums of figures up to its end."""

    number: int
    times: Sequence[Time]
    sums: Mapping[str, float]


@dataclass(frozen=True)
class Parts:
    """A folder of parts of so many frames. suffix: of their files."""

    folder: Path
    suffix: str
    length: int

    def path(self, number: int) -> Path:
        """Where a part's frames are."""
        return self.folder / f"{number:05d}{self.suffix}"

    def last(self, number: int) -> Picture8:
        """The last frame of a part. Raises UsageError, BadImage."""
        return decode(self.folder / f"{number:05d}.png").astype("uint8")

    def done(self) -> list[Part]:
        """The parts that are whole, from the first on. Raises UsageError for a file that is damaged."""
        found: list[Part] = []
        while (path := self.folder / f"{len(found):05d}.json").exists():
            try:
                read = json.loads(path.read_text())
                found.append(Part(len(found), [(start, length) for start, length in read["times"]], read["sums"]))
            except (ValueError, KeyError, TypeError):
                raise UsageError(f"{str(path)!r} is damaged: remove the folder, and start again.") from None
        return found

    def keep(self, part: Part, written: Path, last: Picture8) -> None:
        """Takes a part that was written under another name, and its last frame."""
        _flush(written)
        remove(self.path(part.number))
        written.replace(self.path(part.number))
        encode(last, self.folder / f"{part.number:05d}.png")
        content = {"times": part.times, "sums": part.sums}
        write_atomically(self.folder / f"{part.number:05d}.json", json.dumps(content).encode())
        if part.number:
            (self.folder / f"{part.number - 1:05d}.png").unlink(missing_ok=True)


def parts_folder(out: Path) -> Path:
    """Where the parts of a result are."""
    return out.with_name(f"{out.name}.parts")


@contextlib.contextmanager
def parts_opened(parts: Parts, request: Mapping[str, str]) -> Iterator[None]:
    """Makes the folder, or goes on with what is there for the same request, while no other process does.

    Removes the folder where no part is in it in the end. Raises UsageError for the parts of another request, and for a folder that
    is somebody's own.
    """
    if (
        parts.folder.is_dir()
        and not (parts.folder / REQUEST).exists()
        and any(file.name != LOCK for file in parts.folder.iterdir())
    ):
        place = f"{str(parts.folder)!r}, the folder for unfinished results, has other files"
        raise UsageError(f"{place}: move them, or choose another `out`.")
    parts.folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(parts.folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UsageError(f"{str(parts.folder)!r} is being written by another process: wait until it ends.") from None
    try:
        _compare(parts, request)
        yield
    finally:
        if not parts.done():
            remove(parts.folder)
        lock.release()


def _compare(parts: Parts, request: Mapping[str, str]) -> None:
    path = parts.folder / REQUEST
    if not parts.done():
        write_atomically(path, json.dumps(request, indent=1).encode())
        return
    try:
        before = json.loads(path.read_text())
        other = [name for name in sorted({*before, *request}) if before.get(name) != request.get(name)]
    except (ValueError, AttributeError):
        other = ["request.json"]
    if other:
        raise UsageError(
            f"{str(parts.folder)!r} has unfinished results of another command ({', '.join(other)} differ): run that command again, "
            "or remove the folder."
        )


@contextlib.contextmanager
def written_whole(path: Path, out: Path) -> Iterator[Path]:
    """A place to write to; what is there in the end becomes `out`, in one step."""
    yield path
    _flush(path)
    out.parent.mkdir(parents=True, exist_ok=True)
    path.replace(out)


def _flush(path: Path) -> None:
    """Has what was written on the disk."""
    for each in [path, *(path.iterdir() if path.is_dir() else ())]:
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
