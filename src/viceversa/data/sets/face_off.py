"""Two drawn persons, each in all expressions: the task is to give the face of one the expression of the other.

12 pairs of eyes, 13 of brows and 12 mouths of DiceBear's avataaars make 1,872 expressions; everything else of a person is fixed.
In the training split each expression is shown by only one of the two, so there are no pairs. In validation and test both are
known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue
from torch import Tensor

from viceversa.core.space import ImageSpec, Space
from viceversa.data.cache.packing import packed
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sets.drawing import choice, drawn, packages
from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels

VERSION = "avatars-face-off-v1"
PERSONS: Mapping[str, Mapping[str, str]] = {
    "amber": {
        "topVariant": "straight01", "hairColor": "9c4412", "skinColor": "fbe0cf", "clothesVariant": "shirtScoopNeck",
        "clothesColor": "a7ffc4", "backgroundColor": "b6d4f0",
    },
    "jet": {
        "topVariant": "shortFlat", "hairColor": "17141a", "skinColor": "9e6e56", "clothesVariant": "hoodie",
        "clothesColor": "ff5c5c", "backgroundColor": "bfe8c5",
    },
}  # fmt: skip
"""Options of the persons, by the names of their spaces."""
_FIXED: Mapping[str, str | float] = {
    "seed": "", "scale": 1.3, "translateY": 11, "topProbability": 100, "accessoriesProbability": 0, "facialHairProbability": 0,
}  # fmt: skip
_EYES = ("closed", "cry", "default", "eyeRoll", "happy", "hearts", "side", "squint", "surprised", "wink", "winkWacky", "xDizzy")
_BROWS = (
    *("angry", "angryNatural", "default", "defaultNatural", "flatNatural", "frownNatural", "raisedExcited", "raisedExcitedNatural"),
    *("sadConcerned", "sadConcernedNatural", "unibrowNatural", "upDown", "upDownNatural"),
)
_MOUTHS = (
    *("concerned", "default", "disbelief", "eating", "grimace", "sad", "screamOpen", "serious", "smile", "tongue", "twinkle"),
    "vomit",
)
EXPRESSIONS: Sequence[tuple[str, str, str]] = tuple(product(_EYES, _BROWS, _MOUTHS))
"""Eyes, brows and mouth of each expression, by number."""
_PARTS = ("train",) * 8 + ("validation", "test")


def face_off(size: int = 32) -> Dataset:
    """Return `avatars-face-off-{size}-v1`: the spaces "amber" and "jet", RGB. The ground truth of a face is the other person with
    the same expression.

    Raises UsageError for a size outside 16 to 512.
    """
    if not 16 <= size <= 512:
        raise UsageError(f"faces cannot be drawn at {size} px: choose a size from 16 to 512.")
    pixels = {name: _everything(name, size) for name in PERSONS}
    numbers = {split: _numbers(split) for split in ("train", "validation", "test")}
    splits = {
        split: {name: Images(pixels[name][rows], None, tuple(f"{row:04d}" for row in rows)) for name, rows in spaces.items()}
        for split, spaces in numbers.items()
    }

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        return pixels[target][numbers[split][source][positions]]

    return Dataset(
        VERSION.replace("-v1", f"-{size}-v1"), Space({name: ImageSpec(3, size, size) for name in PERSONS}), splits, truth
    )


def render(person: str, expressions: Sequence[int], size: int) -> Pixels:
    """Draw a person in these expressions: (N, size, size, 3) uint8. A pure function."""
    return np.stack([drawn("avataaars", _options(person, EXPRESSIONS[number]), size) for number in expressions])


def _options(person: str, expression: tuple[str, str, str]) -> dict[str, str | float]:
    eyes, brows, mouth = expression
    return {**_FIXED, **PERSONS[person], "eyesVariant": eyes, "eyebrowsVariant": brows, "mouthVariant": mouth}


def _numbers(split: str) -> dict[str, NDArray[np.int64]]:
    """Return the expressions of a split by the persons who show them: both persons show all, except in train."""
    names = list(PERSONS)
    found = np.array([n for n in range(len(EXPRESSIONS)) if _PARTS[choice(VERSION, n, "split", len(_PARTS))] == split])
    if split != "train":
        return dict.fromkeys(names, found)
    shown = np.array([choice(VERSION, int(number), "shown", len(names)) for number in found])
    return {name: found[shown == index] for index, name in enumerate(names)}


def _everything(person: str, size: int) -> Pixels:
    """Return all expressions of a person, rendered once, then from the cache."""
    drawing = json.dumps([_FIXED, PERSONS[person], EXPRESSIONS])
    key: dict[str, JsonValue] = {"version": VERSION, "size": size, "person": person, "drawing": drawing, **packages()}
    return packed(
        key,
        (len(EXPRESSIONS), size, size, 3),
        partial(_rendered, person, size),
        f"{person}'s faces at {size} px",
    )


def _rendered(person: str, size: int, rows: range) -> Pixels:
    return render(person, rows, size)
