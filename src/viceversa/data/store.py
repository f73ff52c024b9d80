"""Images of files, decoded and fitted once, then memory-mapped. What is interrupted goes on, and a file that changes is done
again, alone."""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from viceversa.data.dataset import Pixels
from viceversa.data.decoding import BadImage, decode
from viceversa.data.fitting import fitted, in_bits
from viceversa.data.packing import allocated, cache_directory, digest, make_writable
from viceversa.data.parallel import CHUNK, in_parallel
from viceversa.files import write_atomically

Flags = NDArray[np.bool_]
_State = tuple[int, int]
"""A file's size in bytes and time of modification in nanoseconds."""


@dataclass(frozen=True)
class Preparation:
    """What becomes of an image file: cropped in its middle, resized, with so many channels of so many bits (8 or 16)."""

    height: int
    width: int
    channels: int
    bits: int = 8
    crop: int | None = None
    background: int = 0

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels


@dataclass(frozen=True)
class _Index:
    """What the last complete array holds. rows: file -> its row and state; bad: file -> its state and why it cannot be read."""

    array: str = ""
    checksum: int = 0
    rows: Mapping[str, tuple[int, _State]] = field(default_factory=dict)
    bad: Mapping[str, tuple[_State, str]] = field(default_factory=dict)


def stored(folder: Path, files: Sequence[str], preparation: Preparation) -> tuple[Pixels, dict[str, str]]:
    """The images of `files`, relative to `folder`, in their order, from the cache or made into it; and those that are bad.

    (N, H, W, C) uint8 or uint16, memory-mapped, read-only; and file -> reason, of files that cannot be read and are not among
    the N. A file has changed where its size or time of modification is another. Safe where several processes ask at once.
    Raises UsageError if the cache cannot be written, and OSError for a file that is not there.
    """
    place = cache_directory() / "files" / digest([str(folder.resolve()), asdict(preparation)])
    make_writable(place)
    states = {file: _state(folder / file) for file in files}
    with FileLock(place / "lock"):
        index = _read(place)
        while True:  # once more where some turn out to be bad: the rows of the others are at hand
            bad = {file: reason for file, (state, reason) in index.bad.items() if states.get(file) == state}
            good = {file: state for file, state in states.items() if file not in bad}
            array = f"{digest([[file, *state] for file, state in good.items()])}.npy"
            if index.array == array:
                return np.load(place / array, mmap_mode="r"), bad
            index = _made(place, array, folder, good, preparation, index)


def _made(place: Path, array: str, folder: Path, states: Mapping[str, _State], preparation: Preparation, last: _Index) -> _Index:
    """Makes the array of all files, of rows of the last one and of what an interrupted try had done already."""
    files, path = list(states), place / array
    partial, flags = path.with_suffix(".partial"), path.with_suffix(".done")
    pixels = _opened(partial, (len(files), *preparation.shape), np.uint8 if preparation.bits == 8 else np.uint16)
    done = _opened(flags, (len(files),), np.bool_)
    _copy(pixels, done, files, states, place / last.array, last)
    todo = np.flatnonzero(~done)
    chunks = [todo[start : start + CHUNK] for start in range(0, len(todo), CHUNK)]
    bad: dict[str, tuple[_State, str]] = {}
    tasks = [(folder, [files[row] for row in chunk], preparation) for chunk in chunks]
    for number, (images, reasons) in in_parallel(_prepared, tasks, f"reading {folder.name}"):
        pixels[chunks[number]] = images
        done[chunks[number]] = [files[row] not in reasons for row in chunks[number]]
        bad |= {file: (states[file], reason) for file, reason in reasons.items()}
    pixels.flush()
    partial.replace(path)
    rows = {file: (row, states[file]) for row, file in enumerate(files) if file not in bad}
    still = {file: entry for file, entry in last.bad.items() if file not in states and (folder / file).exists()}
    index = _Index(array, _checksum(path), rows, still | bad)
    write_atomically(place / "index.json", json.dumps(asdict(index)).encode())
    for old in place.iterdir():
        if old.suffix in (".npy", ".done", ".partial") and old != path:
            old.unlink()
    return index


def _copy(pixels: Pixels, done: Flags, files: Sequence[str], states: Mapping[str, _State], array: Path, last: _Index) -> None:
    """Takes over the rows of files that have not changed."""
    pairs = [
        (row, last.rows[file][0])
        for row, file in enumerate(files)
        if not done[row] and file in last.rows and last.rows[file][1] == states[file]
    ]
    if pairs:
        before = np.load(array, mmap_mode="r")
        for start in range(0, len(pairs), 1024):
            here, there = zip(*pairs[start : start + 1024], strict=True)
            pixels[list(here)] = before[list(there)]
            done[list(here)] = True


def _prepared(task: tuple[Path, list[str], Preparation]) -> tuple[Pixels, dict[str, str]]:
    """What a worker makes of some files: their images, zeros where a file is bad, and why it is."""
    folder, files, preparation = task
    depth = np.uint8 if preparation.bits == 8 else np.uint16
    images, bad = np.zeros((len(files), *preparation.shape), depth), dict[str, str]()
    for number, file in enumerate(files):
        try:
            image = read_image(folder / file, preparation.channels, preparation.background)
        except BadImage as error:
            bad[file] = str(error)
        else:
            images[number] = in_bits(fitted(image, preparation.shape[:2], preparation.crop), preparation.bits)
    return images, bad


def read_image(path: Path, channels: int, background: int) -> Pixels:
    """An image file's pixels (H, W, channels) of its own depth; gray or color as asked for. Raises BadImage."""
    image = decode(path, channels=channels if channels in (1, 3) else None, background=background)
    if image.shape[2] != channels:
        raise BadImage(f"{str(path)!r} has {image.shape[2]} channels, not {channels}.")
    return image


def _opened(path: Path, shape: tuple[int, ...], kind: type[np.generic]) -> Any:
    """The array of an interrupted try, or a new one of zeros."""
    try:
        array = np.load(path, mmap_mode="r+")
        if array.shape == shape and array.dtype == kind:
            return array
    except (OSError, ValueError, EOFError):
        pass
    return allocated(path, shape, kind)


def _read(place: Path) -> _Index:
    """The index of the last complete array; an empty one where that is missing or damaged."""
    try:
        index = TypeAdapter(_Index).validate_json((place / "index.json").read_bytes())
        if _checksum(place / index.array) == index.checksum:
            return index
        print(f"viceversa: the cache file {place / index.array} is damaged; it is made again.", file=sys.stderr)
    except (OSError, ValidationError):
        pass
    return _Index()


def _checksum(path: Path) -> int:
    """CRC-32 of a file's content."""
    value = 0
    with path.open("rb") as file:
        while content := file.read(1 << 22):
            value = zlib.crc32(content, value)
    return value


def _state(path: Path) -> _State:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
