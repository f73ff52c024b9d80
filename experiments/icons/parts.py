"""The parts of the data set `icons`: which of Phosphor's icons are in which part.

python -m experiments.icons parts          some seconds; only for a new version of the data set: its results do not compare

Writes src/viceversa/data/sets/icons-v1.json. Icons are left out if the PSNR between the filled and the regular drawing is above
25 dB at 64 px: there is hardly anything to fill.

A family is a set of icons that look alike, and is in one split. Two icons are linked if their names differ only by direction,
number, degree or a small mark (VARIANTS), or if their regular drawings overlap by .9 or more after any quarter turn and mirroring
(cosine of ink). A family is all that links connect. Families of more than 12 icons, such as rings with something small in them,
are in train, so that no split consists mostly of one shape. The others are taken in the order of their hashes: first test, then
validation, then train. The two halves of train share no name without its variants; a shape such as the ring is in both of them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

import viceversa.data.sets
from viceversa.data.cache.packing import hash_of
from viceversa.data.sets.icons import PARTS, VERSION, WEIGHTS, codes, render
from viceversa.images.pixels import Pixels
from viceversa.metrics.similarity import psnr

OUT = Path(viceversa.data.sets.__file__).with_name("icons-v1.json")
SIDE = 64
SIZES = (32, 64)
SAME = 25
"""PSNR in dB above which a filled icon counts as the regular one."""
ALIKE = 0.9
LARGE = 12
SHARES = {"test": 0.16, "validation": 0.08}
VARIANTS = frozenset({
    "left", "right", "up", "down", "in", "out", "cardinal", "horizontal", "vertical", "ascending", "descending", "clockwise",
    "counter", "tilt", "east", "west", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "low",
    "medium", "high", "full", "half", "empty", "none", "double", "simple", "straight", "plus", "minus", "x", "check", "slash",
    "dots", "text", "open",
})  # fmt: skip
"""Words of a name that make a variant of an icon."""


def main() -> None:
    """Write the parts of the data set, and print how many icons each has."""
    names = differing(all_names())
    parts = parted(families(names, render(names, ["regular"] * len(names), SIDE)))
    test = [name for name in parts["test"] for _ in WEIGHTS]
    hashes = {str(size): hash_of(render(test, WEIGHTS * len(parts["test"]), size)) for size in SIZES}
    content = {"qtawesome": version("qtawesome"), "test_pixels": hashes, **parts}
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in content.items())
    OUT.write_text(f"{{\n{text}\n}}\n", "utf-8")
    print({part: len(found) for part, found in parts.items()})


def all_names() -> list[str]:
    """Return the names of all icons, without weights."""
    return sorted({name for name in codes() if name.rpartition("-")[2] not in WEIGHTS})


def differing(names: Sequence[str]) -> list[str]:
    """Return the names of icons whose filled drawing differs from the regular one."""
    regular, filled = (render(names, [weight] * len(names), SIDE) for weight in ("regular", "fill"))
    return [name for name, near in zip(names, psnr(filled, regular), strict=True) if near <= SAME]


def families(names: Sequence[str], regular: Pixels) -> list[list[str]]:
    """Group names by family; regular: the drawings (N, H, H, 1)."""
    bases = np.array([base(name) for name in names])
    linked = (bases[:, None] == bases) | (overlap(regular) >= ALIKE)
    return grouped(names, connected_components(linked, directed=False)[1].tolist())


def overlap(drawings: Pixels) -> NDArray[np.float64]:
    """Largest cosine between the ink of one drawing and of another in any of its eight orientations: (N, H, H, 1) -> (N, N)."""
    ink = 255 - drawings[..., 0].astype(np.float64)
    turned = [np.rot90(each, turns, (1, 2)) for each in (ink, ink[..., ::-1]) for turns in range(4)]
    flat = [each.reshape(len(ink), -1) / np.linalg.norm(each, axis=(1, 2))[:, None] for each in turned]
    found: NDArray[np.float64] = np.max([flat[0] @ each.T for each in flat], axis=0)
    return found


def base(name: str) -> str:
    """Return the name without variants and plurals; its first word if nothing else is in it."""
    words = [word for word in name.split("-") if word not in VARIANTS] or [name.split("-")[0]]
    return "-".join(word.removesuffix("s") if len(word) > 3 else word for word in words)


def parted(found: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Return the sorted names of each part, for families."""
    count = sum(map(len, found))
    rest = by_hash(family for family in found if len(family) <= LARGE)
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    for split, share in SHARES.items():
        while len(parts[split]) < share * count:
            parts[split] += rest.pop()
    train = [*(name for family in found if len(family) > LARGE for name in family), *(name for family in rest for name in family)]
    kinds = by_hash(grouped(train, [base(name) for name in train]))
    while len(parts["first"]) < len(train) / 2:
        parts["first"] += kinds.pop()
    parts["second"] = [name for kind in kinds for name in kind]
    return {part: sorted(names) for part, names in parts.items()}


def grouped(names: Sequence[str], keys: Sequence[object]) -> list[list[str]]:
    """Group names of the same key."""
    found = defaultdict(list)
    for name, key in zip(names, keys, strict=True):
        found[key].append(name)
    return list(found.values())


def by_hash(groups: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    """Sort groups by the SHA-256 of their first name, the same on every machine."""
    return sorted(groups, key=lambda names: sha256(f"{VERSION}/{min(names)}".encode()).digest())
