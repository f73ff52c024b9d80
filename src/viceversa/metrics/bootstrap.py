"""Bootstrap confidence intervals of means over images. They resample images for a fixed model; they do not cover other seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Interval:
    """A mean and the ends of its percentile interval, in the unit of the values."""

    mean: float
    low: float
    high: float


RESAMPLES, LEVEL = 1000, 0.95
_AT_ONCE = 50


def interval(values: ArrayLike, *, seed: int = 0) -> Interval | None:
    """Return the mean of (N,) values and its percentile interval over resamples of the N images (Efron 1979).

    NaN means "undefined for this image" and is left out of every resample; None if no value is defined. All calls with the same N
    draw the same images, so intervals of differences are paired.
    """
    return intervals({"": values}, seed=seed).get("")


def paired_interval(values: ArrayLike, others: ArrayLike, *, seed: int = 0) -> Interval | None:
    """Return interval(values - others), over the images for which both (N,) are defined; None if there are none."""
    return interval(np.subtract(values, others), seed=seed)


def intervals(values: Mapping[str, ArrayLike], *, seed: int = 0) -> dict[str, Interval]:
    """Return `interval` of several measures (N,) of the same images, without measures that are defined for none."""
    table = np.array([np.asarray(each, np.float64) for each in values.values()]).T
    if not table.size:
        return {}
    known = ~np.isnan(table)
    filled = np.where(known, table, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):  # a resample without a defined image gives NaN and is left out
        means = np.concatenate([counts @ filled / (counts @ known) for counts in _counts(len(table), seed)])
    found = {}
    for column, name in enumerate(values):
        if known[:, column].any():
            low, high = np.nanquantile(means[:, column], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            found[name] = Interval(float(table[known[:, column], column].mean()), float(low), float(high))
    return found


def _counts(images: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each image is in each resample: (50, N) at a time."""
    generator = np.random.default_rng(seed)
    for _ in range(RESAMPLES // _AT_ONCE):
        drawn = generator.integers(images, size=(_AT_ONCE, images))
        yield np.array([np.bincount(row, minlength=images) for row in drawn], np.float64)
