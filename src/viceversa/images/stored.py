"""An image that can be read: what is known of it beforehand, and its pixels, upright, when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


class OverLimit(ValueError):  # noqa: N818
    """More pixels than the caller allows."""


@dataclass(frozen=True, eq=False)
class Stored:
    """An image file, opened.

    height, width: in pixels, upright. channels: without alpha. bits: 8 or 16.
    read: its pixels, upright, as uint8 or uint16 (height, width, channels), with alpha as one more channel.
    premultiplied: whether the channels are multiplied by alpha. profile: ICC's, as in the file; empty where there is none.
    alpha: whether the header announces transparency. exif: whether the file names a date, a camera, an author or a place.
    more: looks whether pages or frames follow the first one; call it after `read`.
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
    """(H, W) or (H, W, C) of uint8, uint16 or floats in [0, 1]; no channel is alpha. Raises ValueError."""
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
    """size: width, height in the file. read: pixels as in the file, (H, W) or (H, W, C). orientation: EXIF's, 1..8."""
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
    """Raises ValueError for an image without pixels, or with more than `most_pixels`, counting every four channels."""
    if min(height, width, channels) < 1:
        raise ValueError("it has no pixels")
    if height * width * max(1, channels / 4) > most_pixels:
        limit = f"the limit of {most_pixels} pixels, against decompression bombs"
        raise OverLimit(f"{height} x {width} pixels of {channels} channels are over {limit}")


def in_16_bits(values: NDArray[np.floating[Any]]) -> NDArray[np.uint16]:
    """Floats in [0, 1] -> 0..65535. Raises ValueError for others and for NaN."""
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"its values are from {low:g} to {high:g}, not in [0, 1]")
    return (values.astype(np.float64) * 65535).round().astype(np.uint16)


def bits_of(dtype: np.dtype[Any] | None) -> int:
    """8 or 16, in which values of that type are kept. Raises ValueError for what is no level of light."""
    if dtype is None or not (dtype.kind == "f" or (dtype.kind == "u" and dtype.itemsize <= 2)):
        raise ValueError(f"its values are {dtype}, not uint8, uint16 or floats")
    return 8 if dtype.itemsize == 1 else 16


def whole(pixels: NDArray[Any]) -> NDArray[Any]:
    """Floats as 16 bits, and a byte order of this machine's."""
    return in_16_bits(pixels) if pixels.dtype.kind == "f" else pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
