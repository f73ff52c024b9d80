"""Distances between images of a chain: by pixels, frequency, color, feature network and region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from viceversa.images.fitting import fitted, shown
from viceversa.images.pixels import Pixels
from viceversa.metrics.similarity import HIGHEST, SMALLEST, l1_where, ssim

CUTOFF = 1 / 8
"""Share of the Nyquist frequency that separates low from high frequencies."""

Measure = Literal[
    "l1", "psnr", "psnr_low", "psnr_high", "color_shift", "ssim", "perceptual_lite0", "perceptual_vgg16", "l1_inside", "l1_outside"
]
Rate = Literal["success_rate", "collapse_rate"]


@dataclass(frozen=True)
class Meaning:
    """Meaning of a measure in words, the number of digits shown, and whether lower values are nearer."""

    title: str
    words: str
    digits: int
    lower: bool = True


MEASURES: Mapping[Measure, Meaning] = {
    "l1": Meaning("L1", "mean absolute difference of pixels, in levels of 255", 2),
    "psnr": Meaning("PSNR", "peak signal-to-noise ratio in dB; 100 for equal images", 2, lower=False),
    "psnr_low": Meaning("PSNR, low", "PSNR of frequencies below 1/8 of Nyquist: light, color and large shapes", 2, lower=False),
    "psnr_high": Meaning("PSNR, high", "PSNR of frequencies above 1/8 of Nyquist: edges and texture", 2, lower=False),
    "color_shift": Meaning("color shift", "mean over channels of the absolute change of the mean color, in levels of 255", 2),
    "ssim": Meaning("SSIM", "structural similarity; 1 for equal images", 3, lower=False),
    "perceptual_lite0": Meaning("perceptual", "perceptual distance by EfficientNet-Lite0, from 0 to 20", 3),
    "perceptual_vgg16": Meaning("perceptual, VGG-16", "perceptual distance by VGG-16, from 0 to 10", 3),
    "l1_inside": Meaning("L1 inside", "L1 inside the masks of the turns between the two images", 2),
    "l1_outside": Meaning("L1 outside", "L1 outside the masks of the turns between the two images", 2),
}
"""All measures, in the order in which reports have them."""
RATES: Mapping[Rate, Meaning] = {
    "success_rate": Meaning("SR@k", "share of chains in which all turns up to k are right", 2, lower=False),
    "collapse_rate": Meaning(
        "CR@k",
        "share of chains in which an image up to turn k is as far from all that the chain should show, its source and ground "
        "truths, as two sources are from each other (median perceptual distance)",
        2,
    ),
}
"""All rates: shares of chains."""
NAMED: Mapping[str, Meaning] = {name: meaning for table in (MEASURES, RATES) for name, meaning in table.items()}
"""All measures and rates, by their names in a report."""


def in_size_of(image: Pixels, like: Pixels) -> Pixels:
    """Return an image (H, W, C) at the height and width of another.

    If the proportions differ, the largest middle part with the other's proportions is cut out; then Pillow's antialiased bicubic
    resizes it.
    """
    return fitted(image, (like.shape[0], like.shape[1]))


def in_channels_of(image: Pixels, other: Pixels) -> tuple[Pixels, Pixels]:
    """Return both images in the same number of channels: gray is repeated if the other one has color."""
    if image.shape[2] == other.shape[2]:
        return image, other
    return _in_color(image), _in_color(other)


def pixel_measures(image: Pixels, other: Pixels) -> dict[Measure, float]:
    """Compare two images by their pixels.

    The squared error is divided by frequency without loss: an orthonormal cosine transform keeps the sum of squares, so the errors
    of `psnr_low` and `psnr_high` add up to that of `psnr`.

    Args:
        image, other: (H, W, C) uint8, of the same shape.

    Returns:
        All measures except the perceptual ones and those by region. SSIM is NaN for images smaller than its window.
    """
    difference = np.asarray(image, np.float64) - np.asarray(other, np.float64)
    squared = float(np.square(difference).mean())
    low = _low_squared_error(difference)
    small = min(image.shape[:2]) < SMALLEST
    return {
        "l1": float(np.abs(difference).mean()),
        "psnr": psnr_of(squared),
        "psnr_low": psnr_of(low),
        "psnr_high": psnr_of(squared - low),
        "color_shift": float(np.abs(difference.mean((0, 1))).mean()),
        "ssim": float("nan") if small else float(ssim(image[None], other[None])[0]),
    }


def region_measures(image: Pixels, other: Pixels, region: NDArray[np.bool_]) -> dict[Measure, float]:
    """Compare two images (H, W, C) inside and outside a region (H, W); NaN where there is no pixel."""
    inside, outside = (float(l1_where(image[None], other[None], where[None])[0]) for where in (region, ~region))
    return {"l1_inside": inside, "l1_outside": outside}


def psnr_of(squared_error: float) -> float:
    """Return 10 log10(255^2 / mean squared error) in dB, at most 100."""
    return HIGHEST if squared_error <= 255**2 / 10 ** (HIGHEST / 10) else float(10 * np.log10(255**2 / squared_error))


def _low_squared_error(difference: NDArray[np.float64]) -> float:
    """Return the mean squared value of (H, W, C) below the cut-off frequency."""
    height, width, channels = difference.shape
    rows, columns = _low_cosines(height), _low_cosines(width)
    coefficients = np.stack([rows @ difference[..., channel] @ columns.T for channel in range(channels)], 2)
    radius = np.hypot(np.arange(len(rows))[:, None] / height, np.arange(len(columns))[None] / width)
    return float(np.square(coefficients[radius < CUTOFF]).sum()) / difference.size


@lru_cache(maxsize=8)
def _low_cosines(side: int) -> NDArray[np.float64]:
    """Return the rows of the orthonormal DCT-II below the cut-off, (K, side): row k has the frequency k / side of Nyquist."""
    count = int(np.ceil(CUTOFF * side))
    angles = np.pi * np.arange(count)[:, None] * (np.arange(side)[None] + 0.5) / side
    matrix: NDArray[np.float64] = np.sqrt(2 / side) * np.cos(angles)
    matrix[0] /= np.sqrt(2)
    return matrix


def _in_color(image: Pixels) -> Pixels:
    return np.repeat(shown(image), 3, 2) if image.shape[2] == 1 else image
