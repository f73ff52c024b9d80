"""Regions that a translation may change: masks, color keys and feathered edges.

All functions take arrays (H, W, C): images or video frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from viceversa.errors import UsageError
from viceversa.images.decoding import recolored
from viceversa.images.load import Picture
from viceversa.images.pixels import Pixels, check_pixels

Weights = NDArray[np.float32]
"""Weights (H, W, 1) in [0, 1] of a translation; where they are 0, nothing changes."""


@dataclass(frozen=True, eq=False)
class Region:
    """The part of an image that a translation may change. The rest stays unchanged, bit for bit.

    Args:
        mask: image that is white in the region and black outside.
        key: color of the region instead, such as "#00ff00" or a name, in the mask, or in the image itself without a mask.
        tolerance: largest difference of each channel from the key, in 8-bit levels.
        feather: width in pixels over which the region fades in, inside its edge.
        outside: invert the region.

    Raises:
        UsageError: an argument is out of range, or two do not go together.
    """

    mask: Picture | None = None
    key: str = ""
    tolerance: int = 0
    feather: int = 0
    outside: bool = False

    def __post_init__(self) -> None:
        if self.key:
            color_of(self.key)
        elif self.mask is None:
            raise UsageError("give a `mask` of the part that may change, or the color of that part as `key`.")
        if not 0 <= self.tolerance <= 255:
            raise UsageError(f"the tolerance of the key {self.key!r} must be from 0 to 255 levels, not {self.tolerance}.")
        if not 0 <= self.feather <= 4096:
            raise UsageError(f"`feather={self.feather}`: the value must be from 0 to 4096 pixels.")

    def weights(self, image: Pixels, mask: Pixels | None) -> Weights:
        """Return the weights for an image (H, W, C) and a mask (H, W, 1 or 3). Raises UsageError for a mask of another size."""
        if mask is not None:
            check_size_of(mask.shape[:2], image.shape[:2])
        looked_at = image if mask is None else mask
        found = keyed(looked_at, color_of(self.key), self.tolerance) if self.key else brightness(looked_at)
        return feathered(1 - found if self.outside else found, self.feather)


def check_size_of(mask: Sequence[int], image: Sequence[int]) -> None:
    """Raise UsageError if a mask and an image differ in height or width."""
    if tuple(mask) != tuple(image):
        sizes = [f"{width}x{height}" for height, width in (mask, image)]
        raise UsageError(f"the mask has {sizes[0]} pixels, the image {sizes[1]}: give a mask of the image's size.")


def color_of(text: str) -> tuple[int, int, int]:
    """Return the color of a text such as "#00ff00" or "lime" in 8-bit levels. Raises UsageError."""
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise UsageError(f"`key` {text!r} is not a color: give one such as '#00ff00'.") from None
    return red, green, blue


def brightness(mask: Pixels) -> Weights:
    """Return the weights of a mask (H, W, 1 or 3) uint8 or uint16: 0 for black, 1 for white. Raises UsageError."""
    check_pixels(mask, "a mask")
    return (recolored(mask, 1) / np.float32(np.iinfo(mask.dtype).max)).astype(np.float32)


def keyed(image: Pixels, color: tuple[int, int, int], tolerance: int = 0) -> Weights:
    """Return 1 where every channel of an image (H, W, 1 or 3) is within the tolerance of the color, in 8-bit levels; else 0.

    Raises UsageError for other values than uint8 or uint16.
    """
    check_pixels(image)
    levels = image.astype(np.int32) if image.dtype == np.uint8 else image / np.float32(257)
    near = np.abs(levels - np.array(color)) <= tolerance
    weights: Weights = near.all(2, keepdims=True).astype(np.float32)
    return weights


def feathered(weights: Weights, width: int) -> Weights:
    """Return the weights times min(1, d / (width + 1)), where d is the distance to the nearest pixel of weight 0.

    So pixels outside stay at 0, and the first pixel inside has 1 / (width + 1). The area beyond the image's border is not outside.
    """
    if width == 0:
        return weights
    down = _distance_along_columns(weights[..., 0] > 0, width + 1)
    nearest = down**2
    for step in range(1, min(width + 1, weights.shape[1])):
        nearest[:, step:] = np.minimum(nearest[:, step:], down[:, :-step] ** 2 + step**2)
        nearest[:, :-step] = np.minimum(nearest[:, :-step], down[:, step:] ** 2 + step**2)
    ramp = np.minimum(1, np.sqrt(nearest) / (width + 1))
    result: Weights = weights * ramp[..., None].astype(np.float32)
    return result


def _distance_along_columns(inside: NDArray[np.bool_], most: int) -> NDArray[np.float32]:
    """Return the vertical distance in pixels to the nearest pixel outside, at most `most`: (H, W)."""
    rows = np.arange(len(inside), dtype=np.float32)[:, None]
    start = np.where(inside, np.float32(most), np.float32(0))
    above = np.minimum.accumulate(start - rows, axis=0) + rows
    below = np.minimum.accumulate((start + rows)[::-1], axis=0)[::-1] - rows
    distance: NDArray[np.float32] = np.minimum(np.minimum(above, below), most)
    return distance


def blended(before: Pixels, after: Pixels, weights: Weights) -> Pixels:
    """Return before + weights (after - before), rounded; where a weight is 0, `before` is unchanged. Images are (H, W, C).

    Raises UsageError for images of two sizes or numbers of channels.
    """
    check_pixels(before)
    if before.shape != after.shape or before.dtype != after.dtype:
        shapes: list[Any] = [each.shape for each in (before, after)]
        raise UsageError(f"leave out `mask` and `key`: the translation is {shapes[1]}, and the image {shapes[0]}.")
    mixed = before + weights * (after.astype(np.float32) - before)
    pixels: NDArray[Any] = np.rint(mixed).astype(before.dtype)
    return pixels
