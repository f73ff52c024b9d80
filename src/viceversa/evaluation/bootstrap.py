"""Intervals for means over images by the bootstrap: resample the images, keep the model. Seeds of training vary besides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Interval:
    """A mean and the ends of its percentile interval, in the values' unit."""

    mean: float
    low: float
    high: float


def interval(values: ArrayLike, *, seed: int = 0, resamples: int = 1000, level: float = 0.95) -> Interval | None:
    """The mean of (N,) values and the percentile interval of `level` over `resamples` resamples (Efron 1979).

    NaN stands for "undefined for this image" and is left out; None where nothing remains. Resampled by the values that
    remain, so two calls draw the same images only where the same are defined: for a difference use paired_interval.
    """
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        return None
    drawn = np.random.default_rng(seed).integers(len(known), size=(resamples, len(known)))
    low, high = np.quantile(known[drawn].mean(1), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(known.mean()), float(low), float(high))


def paired_interval(
    values: ArrayLike, others: ArrayLike, *, seed: int = 0, resamples: int = 1000, level: float = 0.95
) -> Interval | None:
    """interval(values - others): the mean difference over the images where both (N,) are defined; None where none is."""
    return interval(np.subtract(values, others), seed=seed, resamples=resamples, level=level)
