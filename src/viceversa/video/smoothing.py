"""Smoothing over time: each output takes a share of the one before, warped to it, where the same thing is seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viceversa.errors import UsageError
from viceversa.video.clip import Picture8
from viceversa.video.consistency import check_alike
from viceversa.video.flow import Motion, warped


def smoothed(after: Picture8, before: Picture8, motion: Motion, share: float, weights: NDArray[np.float32] | None) -> Picture8:
    """O'_t = (1 - a m) O_t + a m warp(O'_t-1), rounded; m is 0 where the input frame t shows what could not be seen in t - 1.

    after: O_t, and before: O'_t-1, (H, W, C) uint8. motion: of the input, from t - 1 to t. share: a in [0, 1).
    weights: (H, W, 1), by which m is multiplied too, so that what is to be left alone is. Raises UsageError for two shapes.
    """
    check_alike(motion.later, after)
    mask = motion.seen_earlier[..., None].astype(np.float32) * share
    mask = mask if weights is None else mask * weights
    mixed = after + mask * (warped(before, motion.backward) - after)
    return np.rint(mixed).clip(0, 255).astype(np.uint8)


def checked_share(share: float) -> float:
    """Raises UsageError for a share that is not in [0, 1)."""
    if not 0 <= share < 1:
        raise UsageError(f"`smooth={share:g}`: the value must be from 0 (off) to below 1.")
    return share
