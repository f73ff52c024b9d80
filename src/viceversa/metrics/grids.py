"""Grid artifacts: spectral peaks at periods of 2, 4 and 8 pixels, which upsampling causes (docs/reliability.md).

A transposed convolution of stride 2 leaves a pattern of 2 px; two in a row leave one of 4 px, three one of 8 px. A pattern of
period p has power only at the frequencies 2 pi (a, b) / p. Edges, textures and noise spread theirs over neighboring frequencies.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray

from viceversa.images.fitting import in_bits
from viceversa.images.pixels import Pixels

PERIODS = (2, 4, 8)
"""Periods in pixels of the patterns of one, two and three layers that double the size."""
UNSEEN = 0.5
"""Invisible amplitude in levels. It is added to peaks and neighbors, so that smaller amplitudes have no weight."""

_WINDOW, _APART = 16, 2


def grids(outputs: Pixels, reals: Pixels) -> dict[int, float]:
    """Return period -> strength of a grid in the outputs relative to real images, for each period that fits into both.

        g(p) = max_f r_outputs(f) / (max(1, r_reals(f)) c)                over the F frequencies f = 2 pi (a, b) / p
        r(f) = mean over windows of (P(f) + e^2) / (Q(f) + e^2)           e = UNSEEN
        P(f) = |sum_ij w_i w_j y_ij exp(-i (f_1 i + f_2 j))|^2 / (sum_i w_i)^4    mean over channels; w: Hann's window
        Q(f) = mean of P two bins from f, along rows or columns: the larger one, as an edge is a line in the spectrum
        c    = 1 + sqrt(2 log F / n) + log F / n                          n: the number of windows

    The value is about 1 without a grid: c is the height that the largest of F means of n exponential variables reaches by chance. A
    checkerboard of `a` levels up and down on flat images has r = (a^2 + e^2) / e^2, 5 for one level. A grid that real images have
    too, such as that of JPEG, does not count. Windows are small, 16 px or four periods, because a grid is often local.

    outputs, reals: (N, H, W, C) uint8 or uint16.
    """
    found = {}
    for period in PERIODS:
        side = _side(period)
        if all(min(images.shape[1:3]) >= side for images in (outputs, reals)):
            made, real = peaks(outputs, period), peaks(reals, period)
            windows = len(outputs) * math.prod(length // side for length in outputs.shape[1:3])
            found[period] = float((made / np.maximum(1, real)).max()) / by_chance(len(made), windows)
    return found


def peaks(images: Pixels, period: int) -> NDArray[np.float64]:
    """Return r(f) of `grids` for the frequencies of a period: (F,)."""
    side = _side(period)
    power = _power(images, side)

    def at(row: int, column: int) -> NDArray[np.float64]:
        found: NDArray[np.float64] = power[:, row % side, column % side] + UNSEEN**2
        return found

    ratios = []
    for down, across in frequencies(period):
        row, column = down * side // period, across * side // period
        beside = at(row - _APART, column) + at(row + _APART, column), at(row, column - _APART) + at(row, column + _APART)
        ratios.append((2 * at(row, column) / np.maximum(*beside)).mean())
    return np.array(ratios)


def frequencies(period: int) -> list[tuple[int, int]]:
    """Return the frequencies (a, b) of a period that no shorter period has, one of each conjugate pair."""
    every = [(a, b) for a, b in product(range(period), repeat=2) if (a % 2 or b % 2)]
    return [(a, b) for a, b in every if (a, b) <= (-a % period, -b % period)]


def by_chance(frequencies: int, windows: int) -> float:
    """Return c of `grids`: the bound of Laurent and Massart (2000, lemma 1) for means of exponential variables, odds of 1 in F."""
    odds = math.log(frequencies)
    return 1 + math.sqrt(2 * odds / windows) + odds / windows


def _side(period: int) -> int:
    return max(_WINDOW, 4 * period)


def _power(images: Pixels, side: int) -> NDArray[np.float64]:
    """Return P of `grids` in windows of `side` pixels: (windows, side, side)."""
    count, height, width, channels = images.shape
    rows, columns = height // side, width // side
    whole = in_bits(images[:, : rows * side, : columns * side], 8).astype(np.float32)
    cut = whole.reshape(count, rows, side, columns, side, channels).transpose(0, 1, 3, 5, 2, 4)
    cut = cut - cut.mean((4, 5), keepdims=True)
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(side) / side)).astype(np.float32)
    waves = np.fft.fft2(cut * hann[:, None] * hann)
    power: NDArray[np.float64] = (np.abs(waves).astype(np.float64) ** 2).mean(3).reshape(-1, side, side) / hann.sum() ** 4
    return power
