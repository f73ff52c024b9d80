"""Long work in parts, so that it can be continued after any interrupt, even kill -9.

NAME.parts/request.json    the request
           00000.mkv       a part of the frames, complete or absent
           00000.png       its last frame without loss, from which the next part may begin
           00000.json      times of its frames, and sums; written last, so that it marks the part as finished
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
"""Start of a frame and its duration, in ticks."""
REQUEST, LOCK = "request.json", ".lock"


@dataclass(frozen=True)
class Part:
    """A finished part.

    Args:
        number: its number.
        times: times of its frames.
        sums: sums of measurements up to its end.
    """

    number: int
    times: Sequence[Time]
    sums: Mapping[str, float]


@dataclass(frozen=True)
class Parts:
    """Folder of parts.

    Args:
        folder: the folder.
        suffix: suffix of the parts.
        length: number of frames in a part.
    """

    folder: Path
    suffix: str
    length: int

    def path(self, number: int) -> Path:
        """Return the file of a part's frames."""
        return self.folder / f"{number:05d}{self.suffix}"

    def last(self, number: int) -> Picture8:
        """Return the last frame of a part. Raises UsageError, BadImage."""
        return decode(self.folder / f"{number:05d}.png").astype("uint8")

    def done(self) -> list[Part]:
        """Return the finished parts, from the first one on. Raises UsageError for a damaged file."""
        found: list[Part] = []
        while (path := self.folder / f"{len(found):05d}.json").exists():
            try:
                read = json.loads(path.read_text())
                found.append(Part(len(found), [(start, length) for start, length in read["times"]], read["sums"]))
            except (ValueError, KeyError, TypeError):
                raise UsageError(f"{str(path)!r} is damaged: remove the folder, and start again.") from None
        return found

    def keep(self, part: Part, written: Path, last: Picture8) -> None:
        """Store a part that was written under another name, and its last frame."""
        _flush(written)
        remove(self.path(part.number))
        written.replace(self.path(part.number))
        encode(last, self.folder / f"{part.number:05d}.png")
        content = {"times": part.times, "sums": part.sums}
        write_atomically(self.folder / f"{part.number:05d}.json", json.dumps(content).encode())
        if part.number:
            (self.folder / f"{part.number - 1:05d}.png").unlink(missing_ok=True)


def parts_folder(out: Path) -> Path:
    """Return the folder for the parts of a result."""
    return out.with_name(f"{out.name}.parts")


@contextlib.contextmanager
def parts_opened(parts: Parts, request: Mapping[str, str]) -> Iterator[None]:
    """Make the folder, or continue an existing one of the same request, as a context; no other process can use it meanwhile.

    If it has no parts in the end, it is removed. Raises UsageError for parts of another request, and for a folder with other
    files.
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
    """Yield a path to write to; in the end it is renamed to `out`."""
    yield path
    _flush(path)
    out.parent.mkdir(parents=True, exist_ok=True)
    path.replace(out)


def _flush(path: Path) -> None:
    """Flush what was written to the disk."""
    for each in [path, *(path.iterdir() if path.is_dir() else ())]:
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
