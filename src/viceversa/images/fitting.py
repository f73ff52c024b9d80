"""Bring images to one size, bit depth, and number of channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viceversa.images.pixels import Pixels

Filter = Literal["bicubic", "bilinear"]
_FILTERS: Mapping[Filter, Image.Resampling] = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


def fitted(image: Pixels, size: tuple[int, int], crop: int | None = None, filter: Filter = "bicubic") -> Pixels:
    """Cut out the middle of an image and resize it: (H, W, C) uint8 or uint16 -> (*size, C) of the same type.

    The filter smooths where the image shrinks.

    Args:
        image: the image.
        size: height and width of the result.
        crop: side of the square that is cut out; by default the largest part with the proportions of `size`. An image smaller than
            the crop is used whole.
        filter: Pillow's filter.
    """
    height, width = image.shape[:2]
    part = middle_of((height, width), size, crop)
    top, left = (height - part[0]) // 2, (width - part[1]) // 2
    middle = image[top : top + part[0], left : left + part[1]]
    return middle if middle.shape[:2] == size else _resized(middle, size, _FILTERS[filter])


def middle_of(image: tuple[int, int], size: tuple[int, int], crop: int | None = None) -> tuple[int, int]:
    """Return height and width of the part that `fitted` cuts out of an image of this height and width."""
    height, width = image
    if crop:
        return min(crop, height), min(crop, width)
    scale = min(height / size[0], width / size[1])
    return max(round(scale * size[0]), 1), max(round(scale * size[1]), 1)


def in_bits(image: Pixels, bits: int) -> Pixels:
    """Convert uint8 or uint16 images to 8 or 16 bits, full range to full range."""
    if image.dtype == np.uint16 and bits == 8:
        return (image / 257).round().astype(np.uint8)
    return image.astype(np.uint16) * 257 if image.dtype == np.uint8 and bits == 16 else image


def shown(pixels: Pixels) -> NDArray[np.uint8]:
    """Convert pixels (..., C) of any depth to what a screen or an RGB network takes: 8 bits, and the first 3 channels, or 1 if
    there are fewer."""
    count = pixels.shape[-1]
    return np.asarray(in_bits(pixels[..., : 3 if count >= 3 else 1], 8), np.uint8)


def _resized(image: Pixels, size: tuple[int, int], filter: Image.Resampling) -> Pixels:
    """Resize at once for 8-bit gray and color, otherwise channel by channel in floating point."""
    across = (size[1], size[0])
    if image.dtype == np.uint8 and image.shape[2] in (1, 3):
        picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else np.ascontiguousarray(image))
        return np.asarray(picture.resize(across, filter)).reshape(*size, image.shape[2])
    top = np.iinfo(image.dtype).max
    channels = [
        np.asarray(Image.fromarray(image[..., channel].astype(np.float32)).resize(across, filter))
        for channel in range(image.shape[2])
    ]
    levels = np.stack(channels, 2).round().clip(0, top)
    return levels.astype(np.uint8) if image.dtype == np.uint8 else levels.astype(np.uint16)
