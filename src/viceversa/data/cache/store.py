"""Images of files, decoded and fitted once, then memory-mapped. What is interrupted goes on, and a file that changes is done
again, alone."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from viceversa.data.cache.packing import Marks, cache_directory, digest, in_the_making, make_writable
from viceversa.data.cache.parallel import CHUNK, in_parallel
from viceversa.errors import UsageError, printable, quoted
from viceversa.files import write_atomically
from viceversa.images.decoding import BadImage, Embedded, decode, describe
from viceversa.images.fitting import Filter, fitted, in_bits
from viceversa.images.pixels import Pixels
from viceversa.progress import say

Stamp = tuple[int, int]
"""A file's size in bytes and time of modification in nanoseconds."""

Half = Literal["left", "right"]
HALVES: tuple[Half, Half] = ("left", "right")
"""Of a file that holds two images side by side."""

SourceKind = tuple[int, int]
"""Of an image: how many channels it has, of 8 or 16 bits."""


class Files(Protocol):
    """Where image files are, by their names. Pickled, as workers read them."""

    @property
    def place(self) -> str:
        """What tells these files from others of the same names; for a person to read too."""
        ...

    def state(self, name: str) -> Stamp:
        """What changes if the file does. Raises OSError where there is none."""
        ...

    def find(self, name: str) -> Path | Embedded:
        """The file. Raises BadImage where there is none."""
        ...


@dataclass(frozen=True)
class FolderFiles:
    """The files below a folder, by their paths relative to it; spellings: those that the disk names otherwise -> how it does."""

    folder: Path
    spellings: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return str(self.folder.resolve())

    def state(self, name: str) -> Stamp:
        name = self.spellings.get(name, name)
        status = os.stat(f"{self.folder}/{name}")  # noqa: PTH116  (to make a Path of each takes as long as to look)
        return status.st_size, status.st_mtime_ns

    def find(self, name: str) -> Path:
        return self.folder / self.spellings.get(name, name)


@dataclass(frozen=True)
class Preparation:
    """What becomes of an image, or of the left or right half of one: cropped in its middle, resized, on a background where it is
    transparent (0 to 255)."""

    height: int
    width: int
    crop: int | None = None
    background: int = 0
    filter: Filter = "bicubic"
    half: Half | None = None


@dataclass(frozen=True, eq=False)
class Prepared:
    """Images by their names: pixels (N, H, W, C) uint8 or uint16, memory-mapped, read-only; the CRC-32 of each, and of all.

    bad: the files that cannot be read, and why; they are not among the N.
    """

    names: tuple[str, ...]
    pixels: Pixels
    checksums: tuple[int, ...]
    checksum: int
    bad: Mapping[str, str]


@dataclass(frozen=True)
class _Index:
    """What is known of files: their states and kinds, their rows in the last complete array (-1: none) and the CRC-32 there.

    bad: file -> its state and why it cannot be read.
    """

    array: str = ""
    checksum: int = 0
    kind: SourceKind = (3, 8)
    files: Mapping[str, tuple[Stamp, SourceKind, int, int]] = field(default_factory=dict)
    bad: Mapping[str, tuple[Stamp, str]] = field(default_factory=dict)


def prepared(files: Files, names: Sequence[str], preparation: Preparation, part: str = "") -> Prepared:
    """The images of the files of these names, in their order, from the cache or made into it.

    All have color if any has color, 16 bits if any has; other counts of channels must agree. A file has changed where its
    state is another. part: whose images these are, as each part of a data set has an array of its own. Broken links are bad.
    Safe where several processes ask at once. Raises UsageError, also for a file that is not there, or changes meanwhile.
    """
    place = cache_directory() / "files" / digest([files.place, part, asdict(preparation)])
    make_writable(place)
    states, broken = _states(files, names)
    with FileLock(place / "lock"):
        index = _read(place)
        while True:  # once more where some turn out to be bad: the rows of the others are at hand
            bad = {name: entry for name, entry in index.bad.items() if states.get(name) == entry[0]}
            good = {name: state for name, state in states.items() if name not in bad}
            index = replace(index, bad=bad)
            new = {name: state for name, state in good.items() if name not in index.files or index.files[name][0] != state}
            array = f"{digest([[name, *state] for name, state in good.items()])}.npy"
            if new:
                index = _described(place, files, new, index)
            elif index.array != array:
                index = _made(place / array, files, good, preparation, index)
            else:
                checksums = tuple(index.files[name][3] for name in good)
                reasons = {name: reason for name, (_, reason) in bad.items()}
                return Prepared(tuple(good), np.load(place / array, mmap_mode="r"), checksums, index.checksum, broken | reasons)


def read_image(source: Path | Embedded, channels: int, background: int) -> Pixels:
    """An image file's pixels (H, W, channels) of its own depth; gray or color as asked for. Raises BadImage."""
    image = decode(source, channels=channels if channels in (1, 3) else None, background=background)
    if image.shape[2] != channels:
        name = source.name if isinstance(source, Embedded) else str(source)
        raise BadImage(f"{name!r} has {image.shape[2]} channels, not {channels}.")
    return image


def _states(files: Files, names: Sequence[str]) -> tuple[dict[str, Stamp], dict[str, str]]:
    """The states of files, and why those are bad that are links to nothing. Raises UsageError for any other that is gone."""
    states, broken = dict[str, Stamp](), dict[str, str]()
    for name in names:
        try:
            states[name] = _state(files, name)
        except UsageError:
            place = files.find(name)
            if not (isinstance(place, Path) and place.is_symlink()):
                raise
            broken[name] = f"{str(place)!r} is a link to a file that is not there."
    return states, broken


def _state(files: Files, name: str) -> Stamp:
    try:
        return files.state(name)
    except OSError as error:
        gone = f"the image {quoted(name)} in {quoted(files.place)} is not there any more"
        raise UsageError(f"{gone} ({error.strerror or error}): restore it, and run the command again.") from None


def _check_bad(files: Files, states: Mapping[str, Stamp], bad: Mapping[str, str]) -> None:
    """Raises UsageError for a bad file that is not bad but gone or changed: what is remembered of it would be of another one."""
    for name in bad:
        if _state(files, name) != states[name]:
            raise UsageError(f"the image {quoted(name)} in {quoted(files.place)} changed while it was read: run the command again.")


def _described(place: Path, files: Files, states: Mapping[str, Stamp], last: _Index) -> _Index:
    """The index with the kinds of new and changed files, as their headers have them."""
    names = list(states)
    tasks = [(files, names[start : start + CHUNK]) for start in range(0, len(names), CHUNK)]
    found, bad = dict(last.files), dict(last.bad)
    for _, (kinds, reasons) in in_parallel(_kinds, tasks, f"looking at {Path(files.place).name}"):
        _check_bad(files, states, reasons)
        found |= {name: (states[name], kind, -1, 0) for name, kind in kinds.items()}
        bad |= {name: (states[name], reason) for name, reason in reasons.items()}
    return _written(place, replace(last, files=found, bad=bad))


def _kinds(task: tuple[Files, list[str]]) -> tuple[dict[str, SourceKind], dict[str, str]]:
    """What a worker reads off the headers of some files, and why others are bad."""
    files, names = task
    kinds, bad = dict[str, SourceKind](), dict[str, str]()
    for name in names:
        try:
            kinds[name] = describe(files.find(name))[2:]
        except BadImage as error:
            bad[name] = str(error)
    return kinds, bad


def _made(path: Path, files: Files, states: Mapping[str, Stamp], preparation: Preparation, last: _Index) -> _Index:
    """Makes the array of all files, of rows of the last one and of what an interrupted try had done already."""
    names, kind = list(states), _common_kind(files, {name: last.files[name][1] for name in states})
    shape = len(names), preparation.height, preparation.width, kind[0]
    pixels, marks = in_the_making(path, shape, np.uint8 if kind[1] == 8 else np.uint16)
    if last.kind == kind:
        _copy(pixels, marks, states, path.parent / last.array, last)
    todo = np.flatnonzero(marks == 0)
    chunks = [todo[start : start + CHUNK] for start in range(0, len(todo), CHUNK)]
    bad: dict[str, tuple[Stamp, str]] = {}
    tasks = [(files, [names[row] for row in chunk], kind, preparation) for chunk in chunks]
    for number, (images, reasons) in in_parallel(_images, tasks, f"reading {Path(files.place).name}"):
        _check_bad(files, states, reasons)
        rows = chunks[number]
        pixels[rows] = images
        marks[rows] = [0 if names[row] in reasons else 1 + zlib.crc32(image.data) for row, image in zip(rows, images, strict=True)]
        bad |= {name: (states[name], reason) for name, reason in reasons.items()}
    pixels.flush()
    partial = path.with_suffix(".partial")
    entries = {name: (state, last.files[name][1], row, int(marks[row]) - 1) for row, (name, state) in enumerate(states.items())}
    found = {name: entry for name, entry in entries.items() if name not in bad}
    index = _written(path.parent, _Index(path.name, _checksum(partial), kind, found, {**last.bad, **bad}))
    partial.replace(path)  # an index without its array is none, and the try before goes on
    for old in path.parent.iterdir():
        if old.suffix in (".npy", ".done", ".partial") and old != path:
            old.unlink()
    return index


def _common_kind(files: Files, kinds: Mapping[str, SourceKind]) -> SourceKind:
    """Color before gray, 16 bits before 8. Raises UsageError for other channels that do not agree."""
    first = dict[int, str]()
    for name, (channels, _) in kinds.items():
        first.setdefault(channels, name)
    if len(first) > 1 and not first.keys() <= {1, 3}:
        counts = " and ".join(f"{channels} ({name!r})" for channels, name in sorted(first.items()))
        raise UsageError(f"the images in {files.place!r} have {counts} channels: they must agree.")
    return max(first, default=3), max((bits for _, bits in kinds.values()), default=8)


def _copy(pixels: Pixels, marks: Marks, states: Mapping[str, Stamp], array: Path, last: _Index) -> None:
    """Takes over the rows of files that have not changed."""
    found = [last.files[name] for name in states]
    pairs = [(row, entry[2]) for row, entry in enumerate(found) if not marks[row] and entry[2] >= 0]
    if pairs:
        before = np.load(array, mmap_mode="r")
        for start in range(0, len(pairs), 1024):
            here, there = zip(*pairs[start : start + 1024], strict=True)
            pixels[list(here)] = before[list(there)]
            marks[list(here)] = [1 + found[row][3] for row in here]


def _images(task: tuple[Files, list[str], SourceKind, Preparation]) -> tuple[Pixels, dict[str, str]]:
    """What a worker makes of some files: their images, zeros where a file is bad, and why it is."""
    files, names, (channels, bits), preparation = task
    size = preparation.height, preparation.width
    images, bad = np.zeros((len(names), *size, channels), np.uint8 if bits == 8 else np.uint16), dict[str, str]()
    for number, name in enumerate(names):
        try:
            image = _half(read_image(files.find(name), channels, preparation.background), name, preparation)
        except BadImage as error:
            bad[name] = str(error)
        else:
            images[number] = in_bits(fitted(image, size, preparation.crop, preparation.filter), bits)
    return images, bad


def _half(image: Pixels, name: str, preparation: Preparation) -> Pixels:
    """The half of the image (H, W, C) that is wanted, if not all of it. Raises BadImage."""
    if preparation.half is None:
        return image
    middle, odd = divmod(image.shape[1], 2)
    if odd:
        raise BadImage(f"{name!r} is {image.shape[1]} pixels wide, which two images side by side of one width are not.")
    return image[:, :middle] if preparation.half == "left" else image[:, middle:]


def _read(place: Path) -> _Index:
    """The index of the last complete array; an empty one where that is missing or damaged."""
    path = place / "index.json"
    try:
        index = TypeAdapter(_Index).validate_json(path.read_bytes())
        damaged = place / index.array if index.array and _checksum(place / index.array) != index.checksum else None
    except FileNotFoundError:  # of both, one may be there yet
        return _Index()
    except (OSError, ValidationError):
        damaged = path
    if damaged:
        say(f"viceversa: the cache file {printable(str(damaged))} is damaged; it is made again.")
        return _Index()
    return index


def _written(place: Path, index: _Index) -> _Index:
    write_atomically(place / "index.json", TypeAdapter(_Index).dump_json(index))
    return index


def _checksum(path: Path) -> int:
    """CRC-32 of a file's content."""
    value = 0
    with path.open("rb") as file:
        while content := file.read(1 << 22):
            value = zlib.crc32(content, value)
    return value
