"""Regions that a translation leaves alone: masks, colors that stand for them, feathered edges. Plain functions on arrays
(H, W, C), for images and for the frames of a video alike."""

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
"""(H, W, 1) in [0, 1]: how much of a translation is shown; where it is 0, nothing changes."""


@dataclass(frozen=True, eq=False)
class Region:
    """The part of an image that a translation may change; all else stays, bit for bit.

    mask: white there and black elsewhere. key: the region's color instead, "#00ff00" or a name, which is looked for in the mask, or
    without one in the image itself. tolerance: how far each channel may be from it, in 8-bit levels. feather: pixels over which
    the region fades in, inside of its edge. outside: all else is the region. Raises UsageError for what cannot be.
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
        """Of an image (H, W, C), with the pixels of the mask (H, W, 1 or 3). Raises UsageError for a mask of another size."""
        if mask is not None:
            check_size_of(mask.shape[:2], image.shape[:2])
        looked_at = image if mask is None else mask
        found = keyed(looked_at, color_of(self.key), self.tolerance) if self.key else brightness(looked_at)
        return feathered(1 - found if self.outside else found, self.feather)


def check_size_of(mask: Sequence[int], image: Sequence[int]) -> None:
    """Raises UsageError where a mask's height and width are not the image's."""
    if tuple(mask) != tuple(image):
        sizes = [f"{width}x{height}" for height, width in (mask, image)]
        raise UsageError(f"the mask has {sizes[0]} pixels, the image {sizes[1]}: give a mask of the image's size.")


def color_of(text: str) -> tuple[int, int, int]:
    """The color that "#00ff00" or a name as "lime" means, in levels of 8 bits. Raises UsageError."""
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise UsageError(f"`key` {text!r} is not a color: give one such as '#00ff00'.") from None
    return red, green, blue


def brightness(mask: Pixels) -> Weights:
    """(H, W, 1 or 3) uint8 or uint16 -> weights: 0 where it is black, 1 where it is white. Raises UsageError."""
    check_pixels(mask, "a mask")
    return (recolored(mask, 1) / np.float32(np.iinfo(mask.dtype).max)).astype(np.float32)


def keyed(image: Pixels, color: tuple[int, int, int], tolerance: int = 0) -> Weights:
    """1 where every channel of the image (H, W, 1 or 3) is within the tolerance of the color, both in 8-bit levels; else 0.

    Raises UsageError for other values than uint8 or uint16.
    """
    check_pixels(image)
    levels = image.astype(np.int32) if image.dtype == np.uint8 else image / np.float32(257)
    near = np.abs(levels - np.array(color)) <= tolerance
    weights: Weights = near.all(2, keepdims=True).astype(np.float32)
    return weights


def feathered(weights: Weights, width: int) -> Weights:
    """The weights times min(1, d / (width + 1)), d being the distance to the nearest pixel outside, whose weight is 0.

    So nothing reaches outside, and the first pixel inside has 1 / (width + 1). Beyond the image's border nothing is outside.
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
    """(H, W): how many pixels up or down the nearest one outside is, at most `most`."""
    rows = np.arange(len(inside), dtype=np.float32)[:, None]
    start = np.where(inside, np.float32(most), np.float32(0))
    above = np.minimum.accumulate(start - rows, axis=0) + rows
    below = np.minimum.accumulate((start + rows)[::-1], axis=0)[::-1] - rows
    distance: NDArray[np.float32] = np.minimum(np.minimum(above, below), most)
    return distance


def blended(before: Pixels, after: Pixels, weights: Weights) -> Pixels:
    """before + weights (after - before), rounded, of images (H, W, C) of one depth: `before` bit for bit where the weight is 0.

    Raises UsageError for images of two sizes or numbers of channels.
    """
    check_pixels(before)
    if before.shape != after.shape or before.dtype != after.dtype:
        shapes: list[Any] = [each.shape for each in (before, after)]
        raise UsageError(f"leave out `mask` and `key`: the translation is {shapes[1]}, and the image {shapes[0]}.")
    mixed = before + weights * (after.astype(np.float32) - before)
    pixels: NDArray[Any] = np.rint(mixed).astype(before.dtype)
    return pixels
