"""Assemble a data set from files and labels: common steps of folders, tables and Hugging Face data sets."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from viceversa.core.attributes import dividing
from viceversa.core.space import AnyAttribute, ImageSpec, Space, Takes
from viceversa.data.cache.packing import digest
from viceversa.data.cache.store import HALVES, Files, Half, Preparation, Prepared, prepared
from viceversa.data.dataset import Dataset, Images
from viceversa.data.files.checks import SPLITS
from viceversa.data.files.identities import Scene, with_truth
from viceversa.data.files.pairs import PairNames, aligned, paired
from viceversa.data.files.sides import divided_table
from viceversa.data.files.sizes import chosen_size
from viceversa.data.files.tables import Table, summary
from viceversa.errors import UsageError, printable, quoted
from viceversa.images.fitting import Filter
from viceversa.progress import say

_UNREADABLE = "images that cannot be read"

SplitFiles = Mapping[str, Mapping[str, Sequence[str]]]
"""split -> space -> files, relative to the data set's folder."""


@dataclass(frozen=True)
class Wanted:
    """How a data set of files is read.

    Args:
        size: height and width in pixels; None to choose it from the images.
        crop: side of the square that is cut out of the middle first; None for the largest.
        background: gray level behind transparent parts, 0 to 255.
        filter: Pillow's filter for resizing.
        skip_bad: whether to leave out unreadable files.
        takes: data that the method takes: one space with labels, or spaces without labels, possibly in pairs.
        attributes: attributes to use, in this order; by default all, or the usual ones of a source.
        halves: whether each file holds a pair, with the image of the first space on the left.
        images: folder of a table's images, if it is not the table's own.
        one: whether this is one of several spaces; then it may be a folder of images without domains.
        divided: attribute, with or without a value, that divides a table's images into two spaces (divided_by_attribute.py).
    """

    size: int | None = None
    crop: int | None = None
    background: int = 0
    filter: Filter = "bicubic"
    skip_bad: bool = False
    takes: Takes = "labels"
    attributes: tuple[str, ...] = ()
    halves: bool = False
    images: Path | None = None
    one: bool = False
    divided: str = ""


def assembled(
    name: str,
    files: Files,
    parts: SplitFiles,
    attributes: tuple[AnyAttribute, ...],
    labels: Mapping[str, list[float]],
    wanted: Wanted,
) -> Dataset:
    """Return the data set of some files.

    Its name contains a digest of its content: pixels, names, splits and labels.

    Args:
        name: name of the data set.
        files: access to the files.
        parts: files of each split and space.
        attributes: attributes of the labels.
        labels: file -> label (K,), if there are attributes.
        wanted: how to read the files.

    Raises:
        UsageError: If a file cannot be read (unless such files are skipped), a split is empty, the name of a space is not
            possible, or an image of a pair has no partner.
    """
    if wanted.takes != "pairs":
        return _assembled(name, files, parts, attributes, labels, wanted)
    names = {split: aligned(spaces) for split, spaces in parts.items()}
    return paired(_assembled(name, files, _in_order(names), (), {}, wanted), names)


def _in_order(names: Mapping[str, PairNames]) -> SplitFiles:
    """Return the files of pairs, with those of both spaces in the same order."""
    return {split: {space: list(files) for space, files in spaces.items()} for split, spaces in names.items()}


def _assembled(
    name: str,
    files: Files,
    parts: SplitFiles,
    attributes: tuple[AnyAttribute, ...],
    labels: Mapping[str, list[float]],
    wanted: Wanted,
) -> Dataset:
    """Do the same as `assembled`, each space by itself."""
    _check_spaces(parts["train"])
    check_sizes(name, parts)
    size, chosen = _chosen(files, parts, wanted) if wanted.size is None else (wanted.size, "")
    preparation = Preparation(size, size, wanted.crop, wanted.background, wanted.filter)
    specs: dict[str, ImageSpec] = {}
    splits: dict[str, dict[str, Images]] = {split: {} for split in SPLITS}
    found: dict[str, Prepared] = {}
    for number, space in enumerate(parts["train"]):
        names = list(dict.fromkeys(file for split in SPLITS for file in parts[split][space]))
        half: Half | None = HALVES[number] if wanted.halves else None
        found[space] = ready = prepared(files, names, replace(preparation, half=half), space)
        channels, bits = ready.pixels.shape[3], 8 * ready.pixels.itemsize
        specs[space] = ImageSpec(channels, size, size, wanted.background / 127.5 - 1, bits)
        row = {file: number for number, file in enumerate(ready.names)}
        for split in SPLITS:
            kept = [file for file in parts[split][space] if file in row]
            rows = torch.tensor([labels[file] for file in kept]) if attributes and kept else None
            start = row[kept[0]] if kept else 0  # the rows of a split are adjacent
            splits[split][space] = Images(ready.pixels[start : start + len(kept)], rows, tuple(kept))
    bad = {file: reason for ready in found.values() for file, reason in ready.bad.items()}
    _check_bad(bad, len(bad) + len({file for ready in found.values() for file in ready.names} - bad.keys()), wanted)
    check_sizes(name, splits)
    told = "\n".join(filter(None, [chosen, *(_twins(space, ready, parts) for space, ready in found.items())]))
    name = f"{name}-{size}-{_digest(found, splits, attributes)}"
    return Dataset(name, Space(specs, attributes), splits, summary=told, size=size)


def _chosen(files: Files, parts: SplitFiles, wanted: Wanted) -> tuple[int, str]:
    """Return a size chosen from the images, and a line that says how it was chosen."""
    spaces = ([file for split in SPLITS for file in parts[split][space]] for space in parts["train"])
    return chosen_size(files, spaces, crop=wanted.crop, halves=wanted.halves)


def from_table(name: str, files: Files, table: Table, wanted: Wanted) -> Dataset:
    """Return the data set of a table's rows: one space with its attributes, or, for a method between spaces, those in its column
    `space`.

    Raises UsageError as `assembled`, and for a table without what the method needs.
    """
    if wanted.divided:
        name, table = f"{name}-{wanted.divided.replace('=', '-')}", divided_table(table, wanted.divided, name)
    rows = list(zip(table.files, table.splits, table.spaces or ["images"] * len(table.files), strict=True))
    if wanted.takes != "labels":
        names = dict.fromkeys(table.spaces or ())
        if len(names) < 2:
            by = dividing(table.attributes)
            column = "add a column 'space' that names the space of each image"
            remedy = f"divide the images by an attribute, as in DATA:{by}, or {column}" if by else column
            raise UsageError(f"{name}: this method translates between spaces: {remedy}.")
    elif not table.attributes:
        raise UsageError(f"{name}: this method needs attributes, but the table has none.")
    else:
        names, rows = {"images": None}, [(file, split, "images") for file, split, _ in rows]
    parts: dict[str, dict[str, list[str]]] = {split: {space: [] for space in names} for split in SPLITS}
    for file, split, space in rows:
        parts[split][space].append(file)
    pairs = {split: aligned(spaces) for split, spaces in parts.items()} if wanted.takes == "pairs" else {}
    labels = dict(zip(table.files, table.labels.tolist(), strict=True)) if wanted.takes == "labels" else {}
    attributes = table.attributes if wanted.takes == "labels" else ()
    dataset = _assembled(name, files, _in_order(pairs) or parts, attributes, labels, wanted)
    kept = {file for spaces in dataset.splits.values() for images in spaces.values() for file in images.ids}
    told = summary(table.kept([file in kept for file in table.files], _UNREADABLE), name)
    dataset = replace(dataset, summary="\n".join(filter(None, (told, dataset.summary))))
    if pairs:
        return paired(dataset, pairs)
    return dataset if table.scenes is None else with_truth(dataset, _scenes(table, table.scenes, wanted.takes))


def _scenes(table: Table, scenes: Sequence[tuple[str, ...]], takes: Takes) -> Mapping[str, Scene]:
    """Return the scene of each file, extended by everything that is neither its label nor its space in the data set."""
    others: Sequence[object] = (table.spaces or [""] * len(scenes)) if takes == "labels" else table.labels.tolist()
    return {file: (*scene, str(other)) for file, scene, other in zip(table.files, scenes, others, strict=True)}


def _check_spaces(names: Mapping[str, object]) -> None:
    """Raise UsageError for the name of a space that cannot be part of names of weights, of paths, and of command lines."""
    for name in names:
        if not name or name != name.strip() or not name.isprintable() or set(name) & set(".,=:/\\"):
            raise UsageError(f"{quoted(name)} cannot be the name of a space or domain: rename it, without any of . , = : / \\")


def _check_bad(bad: Mapping[str, str], count: int, wanted: Wanted) -> None:
    """Report the files that are skipped. Raises UsageError if bad files are not to be skipped."""
    if not bad:
        return
    listed = "\n".join(f"{'skipped' if wanted.skip_bad else 'bad'}: {printable(reason)}" for reason in bad.values())
    example = f"such as {quoted(next(iter(bad)))}"
    if not wanted.skip_bad:
        text = f"{len(bad)} of {count} images cannot be read, {example}"
        raise UsageError(f"{text}: repair or remove them, or skip them with `skip_bad=True`.", summary=listed)
    say(f"{listed}\nviceversa: skipped {len(bad)} of {count} images, which cannot be read, {example}.")


def check_sizes(name: str, splits: Mapping[str, Mapping[str, Sequence[str] | Images]]) -> None:
    """Raise UsageError for a split in which a space has no images."""
    for split, spaces in splits.items():
        for space, images in spaces.items():
            if not len(images):
                least = f"each of {', '.join(SPLITS)} needs some"
                remedy = "add images, or assign the splits in a column 'split'"
                raise UsageError(f"{name} has no {split} images of {space!r}, but {least}: {remedy}.")


def _twins(space: str, ready: Prepared, parts: SplitFiles) -> str:
    """Return a line about images with equal pixels in two splits, which names do not show; empty if there are none."""
    alike = defaultdict(list)
    for row, checksum in enumerate(ready.checksums):
        alike[checksum].append(row)
    split_of = {file: split for split in SPLITS for file in parts[split][space]}
    pairs = []
    for rows in alike.values():
        first, *others = rows
        pairs += [
            (ready.names[first], ready.names[row])
            for row in others
            if split_of[ready.names[row]] != split_of[ready.names[first]] and (ready.pixels[row] == ready.pixels[first]).all()
        ]
    if not pairs:
        return ""
    one, other = map(quoted, pairs[0])
    return f"equal pixels in two splits, at this size: {len(pairs)} images of {quoted(space)}, such as {other} and {one}"


def _digest(found: Mapping[str, Prepared], splits: Mapping[str, Mapping[str, Images]], attributes: Sequence[AnyAttribute]) -> str:
    """Return a digest of the content; it is the same for every copy of the data."""
    listed = [
        *([space, ready.checksum] for space, ready in found.items()),
        *(
            [split, space, list(images.ids), _hash(images.labels)]
            for split, spaces in splits.items()
            for space, images in spaces.items()
        ),
        *(asdict(attribute) for attribute in attributes),
    ]
    return digest(listed)[:8]


def _hash(labels: Tensor | None) -> str:
    return "" if labels is None else hashlib.sha256(labels.numpy().tobytes()).hexdigest()
