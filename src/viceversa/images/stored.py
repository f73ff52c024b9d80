"""Opened image files: what is known before decoding, and the pixels, upright, on demand."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


class OverLimit(ValueError):  # noqa: N818
    """Error for an image with more pixels than the caller allows."""


@dataclass(frozen=True, eq=False)
class Stored:
    """An opened image file.

    Args:
        height, width: in pixels, upright.
        channels: number of channels without alpha.
        bits: 8 or 16.
        read: function that returns the pixels, upright, as uint8 or uint16 (height, width, channels), with alpha as an additional
            channel.
        premultiplied: whether the channels are multiplied by alpha.
        profile: ICC profile of the file; empty if there is none.
        tiff: whether the file is a TIFF file.
        alpha: whether the header announces transparency.
        exif: whether the file names a date, a camera, an author or a place.
        more: function that returns whether pages or frames follow the first one; call it after `read`.
    """

    height: int
    width: int
    channels: int
    bits: int
    read: Callable[[], NDArray[Any]]
    premultiplied: bool = False
    profile: bytes = b""
    tiff: bool = False
    alpha: bool = False
    exif: bool = False
    more: Callable[[], bool] = lambda: False


def by_numpy(array: NDArray[Any], most_pixels: float = math.inf) -> Stored:
    """Return an array as an opened image: (H, W) or (H, W, C) of uint8, uint16 or floats in [0, 1], without alpha.

    Args:
        array: the array.
        most_pixels: limit of its size, in which four channels count as one pixel.

    Raises:
        ValueError: For other arrays.
    """
    if array.ndim not in (2, 3):
        raise ValueError(f"its shape is {array.shape}, not (height, width) or (height, width, channels)")
    height, width, channels = (*array.shape, 1)[:3]
    check_size(height, width, channels, most_pixels)
    return upright((width, height), channels, bits_of(array.dtype), lambda: whole(array))


def upright(
    size: tuple[int, int],
    channels: int,
    bits: int,
    read: Callable[[], NDArray[Any]],
    orientation: int = 1,
    premultiplied: bool = False,
) -> Stored:
    """Return an opened image whose pixels are turned upright.

    Args:
        size: width and height in the file.
        channels: number of channels without alpha.
        bits: 8 or 16.
        read: function that returns the pixels as in the file, (H, W) or (H, W, C).
        orientation: EXIF orientation, 1 to 8.
        premultiplied: whether the channels are multiplied by alpha.
    """
    width, height = size

    def turned() -> NDArray[Any]:
        pixels = read()
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        if pixels.shape[:2] != (height, width) or pixels.shape[2] not in (channels, channels + 1) or pixels.itemsize * 8 != bits:
            raise ValueError(f"its header speaks of {height} x {width} pixels, but it holds {pixels.shape[0]} x {pixels.shape[1]}")
        pixels = pixels.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else pixels
        pixels = pixels[::-1] if orientation in (3, 4, 7, 8) else pixels
        return pixels[:, ::-1] if orientation in (2, 3, 6, 7) else pixels

    height_up, width_up = (width, height) if orientation in (5, 6, 7, 8) else (height, width)
    return Stored(height_up, width_up, channels, bits, turned, premultiplied)


def check_size(height: int, width: int, channels: int, most_pixels: float) -> None:
    """Raise ValueError for an image without pixels, or with more than `most_pixels`, in which four channels count as one pixel."""
    if min(height, width, channels) < 1:
        raise ValueError("it has no pixels")
    if height * width * max(1, channels / 4) > most_pixels:
        limit = f"the limit of {most_pixels} pixels, against decompression bombs"
        raise OverLimit(f"{height} x {width} pixels of {channels} channels are over {limit}")


def in_16_bits(values: NDArray[np.floating[Any]]) -> NDArray[np.uint16]:
    """Convert floats in [0, 1] to 0..65535. Raises ValueError for other values and for NaN."""
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"its values are from {low:g} to {high:g}, not in [0, 1]")
    return (values.astype(np.float64) * 65535).round().astype(np.uint16)


def bits_of(dtype: np.dtype[Any] | None) -> int:
    """Return the bits, 8 or 16, in which values of this type are kept. Raises ValueError for types that are no pixel values."""
    if dtype is None or not (dtype.kind == "f" or (dtype.kind == "u" and dtype.itemsize <= 2)):
        raise ValueError(f"its values are {dtype}, not uint8, uint16 or floats")
    return 8 if dtype.itemsize == 1 else 16


def whole(pixels: NDArray[Any]) -> NDArray[Any]:
    """Convert floats to 16 bits, and other pixels to the byte order of the machine."""
    return in_16_bits(pixels) if pixels.dtype.kind == "f" else pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
