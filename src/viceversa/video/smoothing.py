"""Temporal smoothing: each output is blended with the previous one, warped to it, where the same thing is visible."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viceversa.errors import UsageError
from viceversa.video.clip import Picture8
from viceversa.video.consistency import check_alike
from viceversa.video.flow import Motion, warped


def smoothed(after: Picture8, before: Picture8, motion: Motion, share: float, weights: NDArray[np.float32] | None) -> Picture8:
    """Return the smoothed output O'_t = (1 - a m) O_t + a m warp(O'_t-1), rounded.

    The mask m is 0 where frame t of the input shows what was not visible in frame t - 1.

    Args:
        after: O_t, (H, W, C) uint8.
        before: O'_t-1, likewise.
        motion: motion of the input, from t - 1 to t.
        share: the weight a in [0, 1).
        weights: (H, W, 1) factors of m, 0 where the output must not change; None for 1 everywhere.

    Raises:
        UsageError: If the shapes differ.
    """
    check_alike(motion.later, after)
    mask = motion.seen_earlier[..., None].astype(np.float32) * share
    mask = mask if weights is None else mask * weights
    mixed = after + mask * (warped(before, motion.backward) - after)
    return np.rint(mixed).clip(0, 255).astype(np.uint8)


def checked_share(share: float) -> float:
    """Return the share. Raises UsageError if it is not in [0, 1)."""
    if not 0 <= share < 1:
        raise UsageError(f"`smooth={share:g}`: the value must be from 0 (off) to below 1.")
    return share
