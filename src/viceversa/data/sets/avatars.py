"""The drawn faces `avatars`: persons, their attributes, and the ground truth of every edit (the same person with another label).

DiceBear's avataaars style (Pablo Stanley; free for personal and commercial use), rendered by resvg. Each value of an attribute has
one rendering: one pair of glasses, one beard in the color of the hair, one mouth each for smile and no smile. Everything else
(haircut, eyes, brows, clothes, colors) is fixed by the person, and no option depends on DiceBear's seed.

The choices keep attributes visible at 32 px: the camera is close to the face; nothing covers hair, eyes or chin; the glasses are
blue, unlike all skin and hair; hair colors differ strongly from each other and from every skin.
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

from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.data.cache.packing import hash_of, packed
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sets.chain_labels import stored_hash
from viceversa.data.sets.drawing import choice, drawn, drawn_choice, packages
from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels

VERSION = "avatars-v1"
ATTRIBUTES = (
    OneOf("hair", ("black", "blond", "brown")),
    Binary("glasses"),
    Binary("beard"),
    Binary("smile"),
    Graded("tone", steps=5),
)
SPLITS: Mapping[str, range] = {"train": range(8000), "validation": range(8000, 9000), "test": range(9000, 11000)}
"""Numbers of the persons in each split."""

Labels = NDArray[np.float32]
"""Labels (N, 7): hair one-hot in three columns, glasses, beard, smile, tone."""

_GLASSES = 3  # the column of a label

_HAIR = ("17141a", "f5cf45", "9c4412")
_SKIN = ((251, 224, 207), (229, 184, 150), (198, 143, 105), (158, 110, 86), (104, 70, 56))
_MOUTH = ("serious", "smile")
_FIXED: Mapping[str, str | float] = {
    "seed": "",
    "scale": 1.3,
    "translateY": 11,
    "topProbability": 100,
    "accessoriesVariant": "prescription01",
    "accessoriesColor": "2456f0",
    "facialHairVariant": "beardMedium",
}
"""Options that are the same for all persons. Options not named here have a single value, independent of the seed."""
_PERSON: Mapping[str, tuple[str, ...]] = {
    "topVariant": (
        *("bob", "bun", "curly", "dreads01", "longButNotTooLong", "miaWallace", "shaggy", "shaggyMullet", "shortCurly"),
        *("shortFlat", "shortRound", "shortWaved", "straight01", "straight02", "straightAndStrand", "theCaesarAndSidePart"),
    ),
    "eyesVariant": ("default", "happy", "closed", "side", "wink", "squint"),
    "eyebrowsVariant": ("defaultNatural", "flatNatural", "raisedExcitedNatural", "sadConcernedNatural", "upDownNatural"),
    "clothesVariant": ("blazerAndShirt", "collarAndSweater", "hoodie", "overall", "shirtCrewNeck", "shirtScoopNeck"),
    "clothesColor": ("65c9ff", "25557c", "e6e6e6", "929598", "3c4f5c", "a7ffc4", "ff488e", "ff5c5c"),
    "backgroundColor": ("b6d4f0", "cbb8e8", "bfe8c5", "8fd0c4", "dfe3ea", "7f9fd6"),
}
"""Options that depend on the person, and their choices."""


def labels_of(persons: Sequence[int]) -> Labels:
    """Return each person's own label, independent and uniform in every attribute: (N, 7)."""
    rows = []
    for person in persons:
        hair, tone = choice(VERSION, person, "hair", len(_HAIR)), choice(VERSION, person, "tone", len(_SKIN))
        answers = [choice(VERSION, person, attribute, 2) for attribute in ("glasses", "beard", "smile")]
        rows.append([*(float(hair == index) for index in range(len(_HAIR))), *answers, tone / (len(_SKIN) - 1)])
    return np.array(rows, np.float32).reshape(-1, 7)


def render(persons: Sequence[int], labels: Labels, size: int) -> Pixels:
    """Draw each person with the given label (N, 7), where the tone may be any number from 0 to 1: (N, size, size, 3) uint8. A pure
    function."""
    pixels = np.empty((len(persons), size, size, 3), np.uint8)
    for index, (person, label) in enumerate(zip(persons, labels, strict=True)):
        pixels[index] = drawn("avataaars", options_of(person, label), size)
    return pixels


def everyone(size: int) -> Pixels:
    """Return all persons with their own labels: (11000, size, size, 3), rendered once, then memory-mapped from the cache.

    Raises UsageError for a size outside 16 to 512.
    """
    if not 16 <= size <= 512:
        raise UsageError(f"avatars cannot be drawn at {size} px: choose a size from 16 to 512.")
    shape = (SPLITS["test"].stop, size, size, 3)
    return packed(key_of(size), shape, partial(_render_own, size), f"avatars at {size} px")


def key_of(size: int) -> dict[str, JsonValue]:
    """Return everything that pixels depend on, besides persons and labels."""
    return {"version": VERSION, "size": size, "drawing": json.dumps([_FIXED, _PERSON, _HAIR, _SKIN, _MOUTH]), **packages()}


def avatars(size: int = 32) -> Dataset:
    """Return `avatars-{size}-v1`: 8,000 train, 1,000 validation and 2,000 test persons in the one space "avatars", RGB.

    Raises UsageError for a size outside 16 to 512.
    """
    pixels = everyone(size)
    splits = {
        split: {"avatars": Images(pixels[persons.start : persons.stop], torch.from_numpy(labels_of(persons)), _ids(persons))}
        for split, persons in SPLITS.items()
    }

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        if labels is None:
            raise UsageError("the ground truth of an edited avatar needs the target labels.")
        return _render_all(SPLITS[split].start + positions, labels.detach().cpu().numpy(), size)

    return Dataset(f"avatars-{size}-v1", Space({"avatars": _spec(size)}, ATTRIBUTES), splits, truth, _genuine(pixels, size))


def first_avatars(count: int, size: int = 32) -> Dataset:
    """Return only the first test persons of `avatars`, drawn at once. Their ground truth is drawn on demand."""
    persons = SPLITS["test"][:count]
    labels = labels_of(persons)
    splits = {"test": {"avatars": Images(render(persons, labels, size), torch.from_numpy(labels), _ids(persons))}}

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        assert labels is not None
        return render([persons[position] for position in positions], labels.detach().cpu().numpy(), size)

    return Dataset(f"avatars-{size}-v1-first-{count}", Space({"avatars": _spec(size)}, ATTRIBUTES), splits, truth)


def avatars_glasses(size: int = 32) -> Dataset:
    """Return `avatars-glasses-{size}-v1`: two spaces without labels, "plain" and "glasses", with different persons of `avatars`.

    Raises UsageError for a size outside 16 to 512.
    """
    pixels = everyone(size)
    sides = {split: _sides(persons) for split, persons in SPLITS.items()}
    splits = {
        split: {space: Images(pixels[persons], None, _ids(persons.tolist())) for space, persons in spaces.items()}
        for split, spaces in sides.items()
    }

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        persons = sides[split][source][positions]
        wanted = labels_of(persons.tolist())
        wanted[:, _GLASSES] = target == "glasses"
        return _render_all(persons, wanted, size)

    space = Space({"plain": _spec(size), "glasses": _spec(size)})
    return Dataset(f"avatars-glasses-{size}-v1", space, splits, truth, _genuine(pixels, size))


def avatars_glasses_pairs(size: int = 32) -> Dataset:
    """Return `avatars-glasses-pairs-{size}-v1`: every person of `avatars` without and with glasses, as pairs.

    Raises UsageError for a size outside 16 to 512.
    """
    genuine = _genuine(everyone(size), size)
    splits = {
        split: {name: Images(_with_glasses(persons, on, size), None, _ids(persons)) for on, name in enumerate(("plain", "glasses"))}
        for split, persons in SPLITS.items()
    }

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        return splits[split][target].pixels[positions]

    space = Space({"plain": _spec(size), "glasses": _spec(size)})
    return Dataset(f"avatars-glasses-pairs-{size}-v1", space, splits, truth, genuine)


def options_of(person: int, label: Labels) -> dict[str, str | float]:
    """Return DiceBear's options for one person with one label (7,). Each has one value, which is validated faster than lists."""
    hair = _HAIR[int(label[:3].argmax())]
    glasses, beard, smile = (int(value >= 0.5) for value in label[_GLASSES:6])
    return {
        **_FIXED,
        **drawn_choice(VERSION, person, _PERSON),
        "hairColor": hair,
        "facialHairColor": hair,
        "facialHairProbability": 100 * beard,
        "accessoriesProbability": 100 * glasses,
        "mouthVariant": _MOUTH[smile],
        "skinColor": _skin(float(label[6])),
    }


def _skin(tone: float) -> str:
    """Return the skin's color, interpolated between the nearest two of five: tone 0 is the lightest, 1 the darkest."""
    steps = np.linspace(0, 1, len(_SKIN))
    return "".join(f"{round(np.interp(tone, steps, channel)):02x}" for channel in zip(*_SKIN, strict=True))


def _render_own(size: int, persons: range) -> Pixels:
    return render(persons, labels_of(persons), size)


def _render_edits(persons: NDArray[np.int64], labels: Labels, size: int, chunk: range) -> Pixels:
    part = slice(chunk.start, chunk.stop)
    return render(persons[part].tolist(), labels[part], size)


def _render_all(persons: NDArray[np.int64], labels: Labels, size: int) -> Pixels:
    """Return render(...), computed once, then memory-mapped from the cache."""
    edits = hashlib.sha256(persons.astype(np.int64).tobytes() + labels.astype(np.float32).tobytes()).hexdigest()
    shape = (len(persons), size, size, 3)
    return packed({**key_of(size), "edits": edits}, shape, partial(_render_edits, persons, labels, size), "true edits")


def _with_glasses(persons: range, on: int, size: int) -> Pixels:
    labels = labels_of(persons)
    labels[:, _GLASSES] = on
    return _render_all(np.arange(persons.start, persons.stop), labels, size)


def _sides(persons: range) -> dict[str, NDArray[np.int64]]:
    """Return the persons of a split without and with glasses."""
    wears = labels_of(persons)[:, _GLASSES] >= 0.5
    numbers = np.arange(persons.start, persons.stop)
    return {"plain": numbers[~wears], "glasses": numbers[wears]}


def _ids(persons: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{person:05d}" for person in persons)


def _spec(size: int) -> ImageSpec:
    return ImageSpec(3, size, size)


def _genuine(pixels: Pixels, size: int) -> bool:
    return hash_of(pixels[SPLITS["test"].start :]) == stored_hash(size)
