"""Pairs of the drawn faces `avatars`: the outline of each person, black lines on white, and the person.

A line is where color changes in a larger drawing of the person; it is two pixels wide there, and then averaged down. An outline
does not show the colors of hair, skin and clothes, so a translator has to choose them.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue
from torch import Tensor

from viceversa.core.space import ImageSpec, Space
from viceversa.data.cache.packing import packed
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sets.avatars import SPLITS, avatars, key_of, labels_of, render
from viceversa.images.pixels import Pixels

_CHANGE = 12
"""Change of any channel over two pixels, of 255, from which there is a line."""
_STRENGTH = 1.2
"""Factor of a pixel's share of line; the pixel is black where the product reaches 1."""


def avatars_outlines(size: int = 32) -> Dataset:
    """Return `avatars-outlines-{size}-v1`: the persons of `avatars` in the spaces "outlines" (gray) and "avatars" (RGB), as pairs.

    The ground truth of an image is its partner. Raises UsageError for a size outside 16 to 512.
    """
    drawn = avatars(size)
    key: dict[str, JsonValue] = {**key_of(size), "lines": [_CHANGE, _STRENGTH, _enlarged(size)]}
    lines = packed(key, (SPLITS["test"].stop, size, size, 1), partial(_outlines, size), f"outlines at {size} px")
    splits = {}
    for split, persons in SPLITS.items():
        person = drawn.splits[split]["avatars"]
        outline = Images(lines[persons.start : persons.stop], None, person.ids)
        splits[split] = {"outlines": outline, "avatars": Images(person.pixels, None, person.ids)}

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        return splits[split][target].pixels[positions]

    space = Space({"outlines": ImageSpec(1, size, size, background=1), "avatars": drawn.space.images["avatars"]})
    return Dataset(f"avatars-outlines-{size}-v1", space, splits, truth, drawn.genuine)


def _outlines(size: int, persons: range) -> Pixels:
    """Return outlines (N, size, size, 1). They are made one by one, because many larger drawings would fill the memory."""
    return np.stack([outlined(render([person], labels_of([person]), size * _enlarged(size))[0], size) for person in persons])


def outlined(drawing: Pixels, size: int) -> NDArray[np.uint8]:
    """Return the lines of a drawing (H, H, 3), with H a multiple of `size`: (size, size, 1). A pure function."""
    levels = np.pad(drawing.astype(np.int16), ((1, 1), (1, 1), (0, 0)), mode="edge")
    across = np.abs(levels[1:-1, 2:] - levels[1:-1, :-2])
    down = np.abs(levels[2:, 1:-1] - levels[:-2, 1:-1])
    line = np.maximum(across, down).max(2) >= _CHANGE
    times = len(line) // size
    share = line.reshape(size, times, size, times).mean((1, 3))
    ink = np.minimum(_STRENGTH * share, 1)[..., None]
    return np.asarray(np.round(255 * (1 - ink)), np.uint8)


def _enlarged(size: int) -> int:
    """Return the factor by which persons are drawn larger. Smaller pictures need a larger factor for fine lines."""
    return max(128 // size, 3 if size < 128 else 2)
