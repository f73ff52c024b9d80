"""Color coding of video files: range, matrix, primaries and transfer as numbers of ITU-T H.273, and conversion to and from RGB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viceversa.errors import UsageError

Planes = NDArray[np.uint8]
"""Planes Y, Cb, Cr at full resolution: (3, H, W) uint8."""

UNSAID = 2
LUMA = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
"""Shares of red and blue in the luma, by the number of the matrix: 1 is bt709, 5 and 6 bt601, 9 and 10 bt2020."""


@dataclass(frozen=True)
class Coding:
    """Color coding of a video.

    Args:
        full: whether luma has the range 0..255 (pc), otherwise 16..235 (tv).
        matrix, primaries, transfer: numbers of H.273; primaries and transfer are kept, because pixels are not converted by them.
    """

    full: bool = False
    matrix: int = 6
    primaries: int = UNSAID
    transfer: int = UNSAID

    def __post_init__(self) -> None:
        if self.matrix not in LUMA:
            raise UsageError(f"colors coded by matrix {self.matrix} of H.273 cannot be read: convert the clip to bt709 first.")


def guessed(height: int, width: int) -> int:
    """Return the matrix of a file that gives none, as players guess it: bt709 for high definition, otherwise bt601."""
    return 1 if width >= 1280 or height > 576 else 6


def to_rgb(planes: Planes, coding: Coding) -> NDArray[np.uint8]:
    """Convert Y, Cb, Cr (3, H, W) to RGB (H, W, 3) uint8, rounded.

    With the shares k of the luma Y = kr R + kg G + kb B, all in [0, 1]: R = Y + 2 (1 - kr) Cr, B = Y + 2 (1 - kb) Cb, and G is the
    rest of Y. In the range tv, Y is (level - 16) / 219 and C is (level - 128) / 224; in pc, level / 255 and (level - 128) / 255.
    """
    floor, span, reach = _levels(coding)
    luma, blue, red = ((planes[index].astype(np.float32) - zero) / width for index, zero, width in _scales(floor, span, reach))
    share_red, share_blue = LUMA[coding.matrix]
    r, b = luma + 2 * (1 - share_red) * red, luma + 2 * (1 - share_blue) * blue
    g = (luma - share_red * r - share_blue * b) / (1 - share_red - share_blue)
    return _rounded(np.stack([r, g, b], 2) * 255)


def from_rgb(pixels: NDArray[np.uint8], coding: Coding) -> Planes:
    """Convert RGB (H, W, 3) uint8 to Y, Cb, Cr (3, H, W): the inverse of `to_rgb`, rounded."""
    floor, span, reach = _levels(coding)
    share_red, share_blue = LUMA[coding.matrix]
    r, g, b = np.moveaxis(pixels.astype(np.float32) / 255, 2, 0)
    luma = share_red * r + (1 - share_red - share_blue) * g + share_blue * b
    parts = luma, (b - luma) / (2 * (1 - share_blue)), (r - luma) / (2 * (1 - share_red))
    return _rounded(np.stack([parts[index] * width + zero for index, zero, width in _scales(floor, span, reach)]))


def _levels(coding: Coding) -> tuple[int, int, int]:
    return (0, 255, 255) if coding.full else (16, 219, 224)


def _scales(floor: int, span: int, reach: int) -> tuple[tuple[int, int, int], ...]:
    """Return for each plane its index, the level of 0, and the number of levels from 0 to 1."""
    return (0, floor, span), (1, 128, reach), (2, 128, reach)


def _rounded(levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(levels).clip(0, 255).astype(np.uint8)
