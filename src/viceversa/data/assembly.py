"""From files and their labels to a data set: what folders and tables have in common."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from pydantic import JsonValue
from torch import Tensor

from viceversa.data.dataset import Dataset, Images
from viceversa.data.decoding import BadImage, describe
from viceversa.data.packing import digest
from viceversa.data.store import Preparation, stored
from viceversa.data.tables import SPLITS, Table, summary
from viceversa.domains import AnyAttribute, ImageSpec, Space
from viceversa.errors import UsageError

_LOOKED_AT = 100

Parts = Mapping[str, Mapping[str, Sequence[str]]]
"""split -> space -> files, relative to the data set's folder."""


@dataclass(frozen=True)
class Wanted:
    """What becomes of the images of a data set of files.

    size: height and width in pixels. crop: what is cut out of the middle before, the largest square if None.
    background: the gray, 0 to 255, behind what is transparent. skip_bad: leave out files that cannot be read.
    spaces: whether the method takes spaces without labels, a folder each, instead of one with labels.
    """

    size: int = 32
    crop: int | None = None
    background: int = 0
    skip_bad: bool = False
    spaces: bool = False


def assembled(
    name: str, folder: Path, parts: Parts, attributes: tuple[AnyAttribute, ...], labels: Mapping[str, Tensor], wanted: Wanted
) -> Dataset:
    """The data set of some files. labels: file -> its row (K,), where there are attributes.

    Raises UsageError for files that cannot be read, unless they are to be skipped, and for a split that is empty.
    """
    specs: dict[str, ImageSpec] = {}
    splits: dict[str, dict[str, Images]] = {split: {} for split in SPLITS}
    skipped: dict[str, str] = {}
    for space in parts["train"]:
        files = list(dict.fromkeys(file for split in SPLITS for file in parts[split][space]))
        preparation = _preparation(folder, files, wanted)
        pixels, bad = stored(folder, files, preparation)
        skipped |= bad
        specs[space] = ImageSpec(*(preparation.channels, wanted.size, wanted.size), wanted.background / 127.5 - 1, preparation.bits)
        row = {file: number for number, file in enumerate(file for file in files if file not in bad)}
        for split in SPLITS:
            kept = [file for file in parts[split][space] if file not in bad]
            rows = torch.stack([labels[file] for file in kept]) if attributes and kept else None
            start = row[kept[0]] if kept else 0  # a split's rows are neighbors
            splits[split][space] = Images(pixels[start : start + len(kept)], rows, tuple(kept))
    _check_bad(skipped, sum(len(files) for spaces in parts.values() for files in spaces.values()), wanted)
    _check_sizes(name, splits)
    return Dataset(f"{name}-{wanted.size}-{_digest(folder, parts)}", Space(specs, attributes), splits)


def from_table(name: str, folder: Path, table: Table, wanted: Wanted) -> Dataset:
    """The data set of a table's rows: one space with its attributes, or, for a method between spaces, its column `space`.

    Raises UsageError as `assembled` does, and for a table without what the method takes.
    """
    rows = list(zip(table.files, table.splits, table.spaces or ["images"] * len(table.files), strict=True))
    if wanted.spaces:
        names = dict.fromkeys(table.spaces or ())
        if len(names) < 2:
            raise UsageError(f"{name}: this method is between spaces; name each image's in a column 'space'.")
    elif not table.attributes:
        raise UsageError(f"{name}: this method takes attributes, and the table has none.")
    else:
        names, rows = {"images": None}, [(file, split, "images") for file, split, _ in rows]
    parts: dict[str, dict[str, list[str]]] = {split: {space: [] for space in names} for split in SPLITS}
    for file, split, space in rows:
        parts[split][space].append(file)
    labels = {} if wanted.spaces else dict(zip(table.files, table.labels, strict=True))
    dataset = assembled(name, folder, parts, () if wanted.spaces else table.attributes, labels, wanted)
    return replace(dataset, summary=summary(table, name))


def _preparation(folder: Path, files: Sequence[str], wanted: Wanted) -> Preparation:
    """Color if any of some files has color, 16 bits if any has them; other counts of channels must agree."""
    seen = []
    for file in files[:: max(len(files) // _LOOKED_AT, 1)]:
        try:
            seen.append(describe(folder / file)[2:])
        except BadImage:
            continue
    if not seen:
        raise UsageError(f"none of the images in {str(folder)!r} can be read.")
    counts = {channels for channels, _ in seen}
    if len(counts) > 1 and not counts <= {1, 3}:
        raise UsageError(f"the images in {str(folder)!r} have {' and '.join(map(str, sorted(counts)))} channels: they must agree.")
    bits = max(bits for _, bits in seen)
    return Preparation(wanted.size, wanted.size, max(counts), bits, wanted.crop, wanted.background)


def _check_bad(bad: Mapping[str, str], count: int, wanted: Wanted) -> None:
    """Tells of files that were skipped, or refuses them."""
    if not bad:
        return
    reasons = " ".join(list(bad.values())[:3])
    text = f"{len(bad)} of {count} images cannot be read: {reasons}"
    if not wanted.skip_bad:
        raise UsageError(f"{text} Mend or remove them, or leave them out with --skip-bad.")
    print(f"viceversa: left out, {text}", file=sys.stderr)


def _check_sizes(name: str, splits: Mapping[str, Mapping[str, Images]]) -> None:
    for split, spaces in splits.items():
        for space, images in spaces.items():
            if not len(images):
                raise UsageError(f"{name} has no {split} images of {space!r}: it needs some in each of {', '.join(SPLITS)}.")


def _digest(folder: Path, parts: Parts) -> str:
    """Of the files' names, splits and sizes: the same for a copy of the data."""
    listed: JsonValue = [
        [split, space, [[file, (folder / file).stat().st_size] for file in files]]
        for split, spaces in parts.items()
        for space, files in spaces.items()
    ]
    return digest(listed)[:8]
