"""CelebA (arXiv 1411.7766) as downloaded: list_attr_celeba.txt, list_eval_partition.txt and the aligned images.

The splits are the official ones, or those of StarGAN's code (arXiv 1711.09020).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path

import torch
from torch import Tensor

from viceversa.core.attributes import Binary, OneOf
from viceversa.core.space import Space
from viceversa.data.files.checks import SPLITS, checked_paths, faults
from viceversa.data.files.lookup import look_up
from viceversa.data.files.tables import Table, refuse_faulty, without_missing
from viceversa.errors import UsageError, printable, quoted, unknown

ATTRIBUTES = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Male", "Young")
HAIR = {"Black_Hair": "black", "Blond_Hair": "blond", "Brown_Hair": "brown"}
STARGAN_TEST = 1999
"""Number of images in StarGAN's test set: its code counts to 2000 and stops one short."""


def read_celeba(
    folder: Path, attributes: Sequence[str] = ATTRIBUTES, *, stargan_split: bool = False, skip_bad: bool = False
) -> Table:
    """Return the images of `img_align_celeba/` or `images/` with some of the 40 attributes.

    The attribute `hair` is one of black, blond and brown. Rows with none or several of them are dropped and counted.

    Args:
        folder: folder of CelebA.
        attributes: names of attributes.
        stargan_split: use StarGAN's test set, the first 1999 rows in its order; the next 1999 are for validation, on which
            StarGAN's code trains; the others are train.
        skip_bad: leave out missing images and print their number.

    Raises:
        UsageError: If files are missing or malformed, and for unknown attributes.
    """
    if len(set(attributes)) < len(attributes) or not attributes:
        raise UsageError("name one or more attributes of CelebA, each only once.")
    if "hair" in attributes and (twice := HAIR.keys() & set(attributes)):
        includes = f"the attribute hair already includes {', '.join(HAIR)}"
        raise UsageError(f"{includes}: leave out {' and '.join(sorted(twice))}, or leave out hair.")
    wanted = [name for each in attributes for name in (HAIR if each == "hair" else (each,))]
    names, rows, values = _attributes(folder / "list_attr_celeba.txt", wanted)
    splits = _stargan_splits(len(names)) if stargan_split else _partition(folder / "list_eval_partition.txt", names)
    images = next((name for name in ("img_align_celeba", "images") if (folder / name).is_dir()), None)
    if images is None:
        raise UsageError(f"{quoted(str(folder))} has no folder img_align_celeba with the images, nor one named images.")
    files = checked_paths([f"{images}/{name}" for name in names], rows, folder)
    kinds = tuple(OneOf("hair", tuple(HAIR.values())) if name == "hair" else Binary(name) for name in attributes)
    table = Table(files, splits, kinds, torch.stack([values[name] for name in wanted], 1))
    places = look_up(files, folder).places
    refuse_faulty(table, "celeba", faults(files, files, splits, rows, folder, places, skip_bad=skip_bad))
    table = without_missing(table, rows, folder, places)
    if "hair" in attributes:
        there = torch.tensor([place != "missing" for place in places])
        table = _of_one_color(table, torch.stack([values[name] for name in HAIR], 1).sum(1)[there])
    for attribute, columns in Space({}, table.attributes).columns(table.labels):
        if (columns.amin(0) == columns.amax(0)).any():
            raise UsageError(f"not every value of {attribute.name} occurs in {quoted(str(folder))}: choose other attributes.")
    return table


def _attributes(path: Path, wanted: Sequence[str]) -> tuple[list[str], list[int], dict[str, Tensor]]:
    """Return the names of the images, their line numbers, and the values (N,), 0 or 1, of each wanted attribute."""
    lines = _lines(path)
    known, body = (lines[1].split() if len(lines) > 1 else []), [line.split() for line in lines[2:]]
    if not body or lines[0].strip() != str(len(body)):
        raise UsageError(
            f"{quoted(str(path))} is not a CelebA file, or is incomplete: line 1 must be the number of images, {len(body)}, not "
            f"{quoted(''.join(lines[:1]))}; line 2 must be the attribute names."
        )
    for name in wanted:
        if name not in known:
            raise unknown("attribute of CelebA", name, ("hair", *map(printable, known)))
    for number, cells in enumerate(body, 3):
        if len(cells) != len(known) + 1 or not {"1", "-1"}.issuperset(cells[1:]):
            must = f"must hold a file name and {len(known)} values, each 1 or -1"
            raise UsageError(f"line {number} of {quoted(str(path))} {must}.")
    places = {name: known.index(name) + 1 for name in wanted}
    values = {name: torch.tensor([float(cells[place] == "1") for cells in body]) for name, place in places.items()}
    return [cells[0] for cells in body], list(range(3, len(lines) + 1)), values


def _partition(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Return the official splits: 0, 1 and 2 are train, validation and test."""
    numbers = dict.fromkeys(names, "")
    for number, line in enumerate(_lines(path), 1):
        match line.split():
            case [name, "0" | "1" | "2" as split] if name in numbers:
                numbers[name] = split
            case [name, "0" | "1" | "2"]:
                raise UsageError(f"line {number} of {quoted(str(path))}: {quoted(name)} is not in list_attr_celeba.txt.")
            case _:
                raise UsageError(f"line {number} of {quoted(str(path))} must hold a file name and 0, 1 or 2.")
    without = [name for name, split in numbers.items() if not split]
    if without:
        lacks = f"has no split for {len(without)} images, such as {quoted(without[0])}"
        raise UsageError(f"{quoted(str(path))} {lacks}: download it again.")
    return tuple(SPLITS[int(numbers[name])] for name in names)


def _stargan_splits(count: int) -> tuple[str, ...]:
    """Return StarGAN's splits. Its code shuffles the lines after `random.seed(1234)`, so the order depends only on their number."""
    order = list(range(count))
    random.Random(1234).shuffle(order)
    splits = ["train"] * count
    for position, row in enumerate(order[: 2 * STARGAN_TEST]):
        splits[row] = "test" if position < STARGAN_TEST else "validation"
    return tuple(splits)


def _of_one_color(table: Table, colors: Tensor) -> Table:
    """Return the rows of people with exactly one of the three hair colors; `colors` (N,) is the number of colors of each."""
    keep = (colors == 1).tolist()
    reasons = {"hair neither black, blond nor brown": int((colors == 0).sum()), "hair of several colors": int((colors > 1).sum())}
    return replace(
        table,
        files=tuple(compress(table.files, keep)),
        splits=tuple(compress(table.splits, keep)),
        labels=table.labels[colors == 1],
        dropped={**table.dropped, **{reason: count for reason, count in reasons.items() if count}},
    )


def _lines(path: Path) -> list[str]:
    """Return the lines of a text file, without empty ones at the end."""
    try:
        return path.read_text(encoding="utf-8").rstrip().splitlines()
    except FileNotFoundError:
        raise UsageError(f"{quoted(str(path.parent))} has no {path.name}: it is part of CelebA's download.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {quoted(str(path))}: {error}.") from None
