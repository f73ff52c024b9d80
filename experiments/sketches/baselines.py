"""Baselines that color drawings without a network, and their measures: numbers that a translator of sketches has to beat.

python -m experiments.sketches baselines          about a minute, on the test pairs at 64 px; writes results/baselines.json
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_fill_holes

from experiments.common import write_result
from viceversa.data.dataset import Dataset
from viceversa.data.sets.sketches import sketches_pairs
from viceversa.images.decoding import recolored
from viceversa.images.pixels import Pixels
from viceversa.metrics.features import perceptual
from viceversa.metrics.similarity import psnr, ssim

INK = 128
"""A line is darker than this."""
BLACK = 64
"""A pixel of a colored picture that is darker than this counts as a line."""
BINS = 8
"""Bins of each channel in a histogram of colors."""
THUMBNAIL = 16


@dataclass(frozen=True)
class Baselines:
    """Size of the drawings, and the file of the result."""

    size: int = 64
    """side of the drawings, in pixels"""
    out: Path = Path(__file__).parent / "results" / "baselines.json"


def main(asked: Baselines) -> None:
    """Measure the baselines."""
    dataset = sketches_pairs(asked.size)
    true = dataset.splits["test"]["colors"].pixels
    measures = {name: measured(pictures, true) for name, pictures in baselines(dataset).items()}
    found = {"dataset": dataset.name, "pairs": len(true), "baselines": measures}
    write_result(asked.out, found)
    print(asked.out.read_text())


def baselines(dataset: Dataset) -> dict[str, Pixels]:
    """Colored test drawings (N, H, W, 3) of each baseline, for a data set of pairs."""
    train, lines = dataset.splits["train"], dataset.splits["test"]["lines"].pixels
    return {
        "sketch": uncolored(lines),
        "mean color": filled(lines, mean_color(train["colors"].pixels)),
        "most frequent color": filled(lines, most_frequent_color(train["colors"].pixels)),
        "nearest drawing": nearest_colors(lines, train["lines"].pixels, train["colors"].pixels),
    }


def uncolored(lines: Pixels) -> Pixels:
    """The sketch itself: (N, H, W, 1) -> (N, H, W, 3)."""
    return np.repeat(lines, 3, axis=-1)


def enclosed(dark: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Light pixels that dark ones enclose: they cannot be reached from the border by steps to the four sides: (N, H, W)."""
    return np.stack([binary_fill_holes(each) & ~each for each in dark])


def colored_pixels(colors: Pixels) -> NDArray[np.uint8]:
    """Pixels inside the closed regions of colored pictures (N, H, W, 3), whose lines are nearly black: (M, 3)."""
    return np.asarray(colors[enclosed(recolored(colors, 1)[..., 0] < BLACK)], np.uint8)


def mean_color(colors: Pixels) -> NDArray[np.float64]:
    """The mean of the pixels inside closed regions of colored pictures: (3,), 0 to 255."""
    return colored_pixels(colors).mean(0)


def most_frequent_color(colors: Pixels) -> NDArray[np.float64]:
    """The color that most pixels inside closed regions have, white aside: (3,), 0 to 255."""
    inside = colored_pixels(colors)
    values, counts = np.unique(inside[(inside < 255).any(1)], axis=0, return_counts=True)
    return values[counts.argmax()].astype(np.float64)


def filled(lines: Pixels, color: NDArray[np.float64]) -> Pixels:
    """Drawings (N, H, W, 1) with one color (3,) in all closed regions, under their lines: (N, H, W, 3)."""
    inside = enclosed(lines[..., 0] < INK)[..., None]
    return np.where(inside, lines * (color / 255), lines).round().astype(np.uint8)


def nearest_colors(lines: Pixels, train_lines: Pixels, train_colors: Pixels) -> Pixels:
    """The colored picture of the training drawing whose lines are nearest, by the squared difference at 16x16: (N, H, W, 3).

    It knows training pairs, as a translator that learns from unpaired halves does not.
    """
    own, others = thumbnails(lines), thumbnails(train_lines)
    distance = (own**2).sum(1)[:, None] - 2 * own @ others.T + (others**2).sum(1)
    return train_colors[distance.argmin(1)]


def thumbnails(lines: Pixels) -> NDArray[np.float64]:
    """(N, H, W, 1) -> (N, 256), averaged over boxes."""
    side = (THUMBNAIL, THUMBNAIL)
    small = [np.asarray(Image.fromarray(each[..., 0]).resize(side, Image.Resampling.BOX), np.float64) for each in lines]
    return np.stack(small).reshape(len(lines), -1)


def measured(pictures: Pixels, true: Pixels) -> Mapping[str, float]:
    """Means over the pictures: PSNR (dB), SSIM and `perceptual_lite0` to the true colors, and the distances of their histograms."""
    return {
        "psnr": round(float(psnr(pictures, true).mean()), 2),
        "ssim": round(float(ssim(pictures, true).mean()), 3),
        "histogram": round(float(hellinger(histograms(pictures), histograms(true)).mean()), 3),
        "perceptual_lite0": round(float(perceptual(pictures, true).mean()), 3),
        "histogram_of_all": round(float(hellinger(histograms(pictures).mean(0), histograms(true).mean(0))), 3),
    }


def histograms(pictures: Pixels) -> NDArray[np.float64]:
    """The share of each picture's pixels in each of 8x8x8 equal cells of RGB: (N, H, W, 3) -> (N, 512), each of sum 1."""
    cells = pictures.reshape(len(pictures), -1, 3) // (256 // BINS)
    numbers = cells.astype(np.int64) @ np.array([BINS**2, BINS, 1])
    return np.stack([np.bincount(row, minlength=BINS**3) for row in numbers]) / numbers.shape[1]


def hellinger(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """H = ||sqrt(p) - sqrt(q)||_2 / sqrt(2) of histograms (..., K): (...), 0 for equal ones, 1 for those without a common cell.

    As HistoGAN's color matching loss, arXiv 2011.11731, there of smooth histograms of log-chroma; cells of RGB tell black, gray and
    white apart too.
    """
    return np.asarray(np.sqrt(((np.sqrt(one) - np.sqrt(other)) ** 2).sum(-1) / 2))
