"""The drawn faces `toons`: another style than `avatars`, and another attribute, the mood.

DiceBear's toon-head style ("ToonHead" by Johan Melin, CC BY 4.0), rendered by resvg. A mood is a mouth; everything else is fixed
by the person. The camera is close to the face, mouths are as high as those of `avatars`, and the three moods are distinguishable
at 32 px.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import JsonValue
from torch import Tensor

from viceversa.core.attributes import OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.data.cache.packing import packed
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sets.drawing import choice, drawn, drawn_choice, packages
from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels

VERSION = "toons-v1"
MOOD = OneOf("mood", ("calm", "laughing", "amazed"))
SPLITS: Mapping[str, range] = {"train": range(4000), "validation": range(4000, 4500), "test": range(4500, 5500)}
"""Numbers of the persons in each split."""

_MOUTHS = ("smile", "laugh", "agape")
_FIXED: Mapping[str, str | float] = {"seed": "", "scale": 1.5, "translateY": -4, "beardProbability": 0, "hairProbability": 100}
_PERSON: Mapping[str, tuple[str, ...]] = {
    "hairVariant": ("bun", "sideComed", "spiky", "undercut"),
    "hairColor": ("2c1b18", "d6b370", "724133", "a55728", "b58143"),
    "skinColor": ("5c3829", "f1c3a5", "a36b4f", "c68e7a", "b98e6a"),
    "eyesVariant": ("bow", "happy", "humble", "wide", "wink"),
    "eyebrowsVariant": ("angry", "happy", "neutral", "raised", "sad"),
    "clothesVariant": ("dress", "openJacket", "shirt", "tShirt", "turtleNeck"),
    "clothesColor": ("0b3286", "545454", "147f3c", "ec4899", "e8e9e6", "eab308"),
    "rearHairVariant": ("longStraight", "longWavy", "neckHigh", "shoulderHigh"),
    "rearHairProbability": ("0", "100"),
    "backgroundColor": ("b6d4f0", "cbb8e8", "bfe8c5", "8fd0c4", "dfe3ea", "7f9fd6"),
}
"""Options that depend on the person, and their choices."""


def toons(size: int = 32) -> Dataset:
    """Return `toons-{size}-v1`: 4,000 train, 500 validation and 1,000 test persons in the one space "toons", RGB, with the
    attribute `mood`.

    Raises UsageError for a size outside 16 to 512.
    """
    if not 16 <= size <= 512:
        raise UsageError(f"toons cannot be drawn at {size} px: choose a size from 16 to 512.")
    everyone = _rendered(range(SPLITS["test"].stop), moods_of(range(SPLITS["test"].stop)), size)
    splits = {
        split: {
            "toons": Images(
                everyone[persons.start : persons.stop],
                torch.eye(len(MOOD.choices))[moods_of(persons)],
                tuple(f"{person:05d}" for person in persons),
            )
        }
        for split, persons in SPLITS.items()
    }

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        if labels is None:
            raise UsageError("the ground truth of an edited toon needs the target labels.")
        return _rendered(SPLITS[split].start + positions, labels.argmax(1).tolist(), size)

    return Dataset(f"toons-{size}-v1", Space({"toons": ImageSpec(3, size, size)}, (MOOD,)), splits, truth)


def moods_of(persons: Sequence[int]) -> list[int]:
    """Return each person's own mood, uniform, as index of the three."""
    return [choice(VERSION, person, "mood", len(_MOUTHS)) for person in persons]


def _rendered(persons: Sequence[int] | NDArray[np.int64], moods: Sequence[int], size: int) -> Pixels:
    """Return each person in the given mood: (N, size, size, 3), rendered once, then memory-mapped from the cache."""
    numbers = [int(person) for person in persons]
    key: dict[str, JsonValue] = {
        "version": VERSION, "size": size, "drawing": json.dumps([_FIXED, _PERSON, _MOUTHS]), **packages(),
        "who": hashlib.sha256(json.dumps([numbers, list(moods)]).encode()).hexdigest(),
    }  # fmt: skip
    shape = (len(numbers), size, size, 3)
    return packed(key, shape, partial(_render, numbers, moods, size), f"toons at {size} px")


def _render(persons: Sequence[int], moods: Sequence[int], size: int, rows: range) -> Pixels:
    return np.stack([_picture(persons[row], moods[row], size) for row in rows])


def _picture(person: int, mood: int, size: int) -> NDArray[np.uint8]:
    looks = drawn_choice(VERSION, person, _PERSON)
    looks["rearHairProbability"] = float(looks["rearHairProbability"])
    return drawn("toon-head", {**_FIXED, **looks, "mouthVariant": _MOUTHS[mood]}, size)
