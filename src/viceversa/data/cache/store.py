"""Images of files, decoded and fitted once, then memory-mapped. Interrupted work continues, and only changed files are processed
again."""

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
"""Size of a file in bytes and time of its modification in nanoseconds."""

Half = Literal["left", "right"]
HALVES: tuple[Half, Half] = ("left", "right")
"""Halves of a file that holds two images side by side."""

SourceKind = tuple[int, int]
"""Number of channels of an image, and its bits (8 or 16)."""


class Files(Protocol):
    """Access to image files by name. Pickled, because workers read the files."""

    @property
    def place(self) -> str:
        """Place of the files, which distinguishes them from others of the same names; also shown to the user."""
        ...

    def state(self, name: str) -> Stamp:
        """Return the stamp of a file, which changes with its content. Raises OSError if the file is missing."""
        ...

    def find(self, name: str) -> Path | Embedded:
        """Return the file. Raises BadImage if it is missing."""
        ...


@dataclass(frozen=True)
class FolderFiles:
    """Files below a folder, by relative path.

    Args:
        folder: the folder.
        spellings: names that differ from those on disk -> name on disk.
    """

    folder: Path
    spellings: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return str(self.folder.resolve())

    def state(self, name: str) -> Stamp:
        name = self.spellings.get(name, name)
        status = os.stat(f"{self.folder}/{name}")  # noqa: PTH116  (making a Path takes as long as the call)
        return status.st_size, status.st_mtime_ns

    def find(self, name: str) -> Path:
        return self.folder / self.spellings.get(name, name)


@dataclass(frozen=True)
class Preparation:
    """Preparation of an image, or of its left or right half: cropped in the middle, resized, and put on a background.

    Args:
        height, width: size of the result in pixels.
        crop: side of the square that is cut out; by default the largest part with the result's proportions.
        background: gray level behind transparent parts, 0 to 255.
        filter: Pillow's filter.
        half: half of the image to use; None for all of it.
    """

    height: int
    width: int
    crop: int | None = None
    background: int = 0
    filter: Filter = "bicubic"
    half: Half | None = None


@dataclass(frozen=True, eq=False)
class Prepared:
    """Prepared images in the cache.

    Args:
        names: names of the N images.
        pixels: (N, H, W, C) uint8 or uint16, memory-mapped, read-only.
        checksums: CRC-32 of each image.
        checksum: CRC-32 of all.
        bad: unreadable files, and why; they are not among the N.
    """

    names: tuple[str, ...]
    pixels: Pixels
    checksums: tuple[int, ...]
    checksum: int
    bad: Mapping[str, str]


@dataclass(frozen=True)
class _Index:
    """Index of known files.

    array: name of the last complete array. checksum: its CRC-32. kind: its channels and bits. files: stamp, kind, row in the array
    (-1: none) and CRC-32 of each file. bad: unreadable files, each with its stamp and the reason.
    """

    array: str = ""
    checksum: int = 0
    kind: SourceKind = (3, 8)
    files: Mapping[str, tuple[Stamp, SourceKind, int, int]] = field(default_factory=dict)
    bad: Mapping[str, tuple[Stamp, str]] = field(default_factory=dict)


def prepared(files: Files, names: Sequence[str], preparation: Preparation, part: str = "") -> Prepared:
    """Return the prepared images of the named files, in this order, from the cache or made into it.

    Images are in color if any file has color, and in 16 bits if any has 16; other numbers of channels must be equal. A file counts
    as changed if its stamp changed. Broken links count as bad. Several processes may call it at once.

    Args:
        files: access to the files.
        names: names of the files.
        preparation: what to do with each image.
        part: name of the part of the data set; each part has an array of its own.

    Raises:
        UsageError: If a file is missing or changes meanwhile, and if the cache cannot be written.
    """
    place = cache_directory() / "files" / digest([files.place, part, asdict(preparation)])
    make_writable(place)
    states, broken = _states(files, names)
    with FileLock(place / "lock"):
        index = _read(place)
        while True:  # repeated if some are bad: the rows of the others exist
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
    """Return the pixels (H, W, channels) of an image file in its bit depth, converted to gray or color. Raises BadImage.

    Args:
        source: the file.
        channels: number of channels.
        background: gray level behind transparent parts, 0 to 255.
    """
    image = decode(source, channels=channels if channels in (1, 3) else None, background=background)
    if image.shape[2] != channels:
        name = source.name if isinstance(source, Embedded) else str(source)
        raise BadImage(f"{name!r} has {image.shape[2]} channels, not {channels}.")
    return image


def _states(files: Files, names: Sequence[str]) -> tuple[dict[str, Stamp], dict[str, str]]:
    """Return the stamps of files, and the broken links with reasons. Raises UsageError if any other file is missing."""
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
    """Raise UsageError if a bad file is missing or changed meanwhile: the stored reason would belong to another file."""
    for name in bad:
        if _state(files, name) != states[name]:
            raise UsageError(f"the image {quoted(name)} in {quoted(files.place)} changed while it was read: run the command again.")


def _described(place: Path, files: Files, states: Mapping[str, Stamp], last: _Index) -> _Index:
    """Return the index with the kinds of new and changed files, read from their headers."""
    names = list(states)
    tasks = [(files, names[start : start + CHUNK]) for start in range(0, len(names), CHUNK)]
    found, bad = dict(last.files), dict(last.bad)
    for _, (kinds, reasons) in in_parallel(_kinds, tasks, f"looking at {Path(files.place).name}"):
        _check_bad(files, states, reasons)
        found |= {name: (states[name], kind, -1, 0) for name, kind in kinds.items()}
        bad |= {name: (states[name], reason) for name, reason in reasons.items()}
    return _written(place, replace(last, files=found, bad=bad))


def _kinds(task: tuple[Files, list[str]]) -> tuple[dict[str, SourceKind], dict[str, str]]:
    """Return the kinds of some files, read from their headers, and why others are bad. Runs in a worker."""
    files, names = task
    kinds, bad = dict[str, SourceKind](), dict[str, str]()
    for name in names:
        try:
            kinds[name] = describe(files.find(name))[2:]
        except BadImage as error:
            bad[name] = str(error)
    return kinds, bad


def _made(path: Path, files: Files, states: Mapping[str, Stamp], preparation: Preparation, last: _Index) -> _Index:
    """Make the array of all files, using rows of the last array and finished rows of interrupted work."""
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
    partial.replace(path)  # an index without its array is ignored, and the earlier work continues
    for old in path.parent.iterdir():
        if old.suffix in (".npy", ".done", ".partial") and old != path:
            old.unlink()
    return index


def _common_kind(files: Files, kinds: Mapping[str, SourceKind]) -> SourceKind:
    """Return the common kind: color if any image has color, 16 bits if any has 16. Raises UsageError for other unequal channels."""
    first = dict[int, str]()
    for name, (channels, _) in kinds.items():
        first.setdefault(channels, name)
    if len(first) > 1 and not first.keys() <= {1, 3}:
        counts = " and ".join(f"{channels} ({name!r})" for channels, name in sorted(first.items()))
        raise UsageError(f"the images in {files.place!r} have {counts} channels: they must agree.")
    return max(first, default=3), max((bits for _, bits in kinds.values()), default=8)


def _copy(pixels: Pixels, marks: Marks, states: Mapping[str, Stamp], array: Path, last: _Index) -> None:
    """Copy the rows of unchanged files."""
    found = [last.files[name] for name in states]
    pairs = [(row, entry[2]) for row, entry in enumerate(found) if not marks[row] and entry[2] >= 0]
    if pairs:
        before = np.load(array, mmap_mode="r")
        for start in range(0, len(pairs), 1024):
            here, there = zip(*pairs[start : start + 1024], strict=True)
            pixels[list(here)] = before[list(there)]
            marks[list(here)] = [1 + found[row][3] for row in here]


def _images(task: tuple[Files, list[str], SourceKind, Preparation]) -> tuple[Pixels, dict[str, str]]:
    """Return the prepared images of some files, zeros where a file is bad, and the reasons. Runs in a worker."""
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
    """Return the wanted half of the image (H, W, C), or all of it. Raises BadImage."""
    if preparation.half is None:
        return image
    middle, odd = divmod(image.shape[1], 2)
    if odd:
        raise BadImage(f"{name!r} is {image.shape[1]} pixels wide, which two images side by side of one width are not.")
    return image[:, :middle] if preparation.half == "left" else image[:, middle:]


def _read(place: Path) -> _Index:
    """Return the index of the last complete array; an empty one if it is missing or damaged."""
    path = place / "index.json"
    try:
        index = TypeAdapter(_Index).validate_json(path.read_bytes())
        damaged = place / index.array if index.array and _checksum(place / index.array) != index.checksum else None
    except FileNotFoundError:  # one of both may exist
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
    """Return the CRC-32 of a file's content."""
    value = 0
    with path.open("rb") as file:
        while content := file.read(1 << 22):
            value = zlib.crc32(content, value)
    return value
