"""Consistency of a clip over time: warping error with occlusion masks, of the output and of the input, and flicker.

Frames are (H, W, C) uint8, and errors are those of values in [0, 1]. Only sums are kept, so clips may have any length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from viceversa.errors import UsageError
from viceversa.video.clip import Picture8
from viceversa.video.flow import DIS, Estimator, Flow, Mask, Motion, warped


@dataclass(frozen=True)
class Sums:
    """Sums over pairs of consecutive frames: their number, warping errors, mean changes, and shares of visible pixels."""

    pairs: float = 0
    output: float = 0
    input: float = 0
    output_change: float = 0
    input_change: float = 0
    visible: float = 0

    def plus(self, motion: Motion, before: Picture8, after: Picture8) -> Sums:
        """Return the sums with one more pair.

        Args:
            motion: motion of the input.
            before, after: the two frames of the output.

        Raises:
            UsageError: If the shapes differ.
        """
        check_alike(motion.later, after)
        seen, flow = motion.seen_later, motion.forward
        return Sums(
            self.pairs + 1,
            self.output + warping_error(before, after, flow, seen),
            self.input + warping_error(motion.earlier, motion.later, flow, seen),
            self.output_change + change(before, after),
            self.input_change + change(motion.earlier, motion.later),
            self.visible + float(seen.mean()),
        )


@dataclass(frozen=True)
class Consistency:
    """Consistency of a clip: means over all pairs of consecutive frames.

    Args:
        estimator: name of the flow estimator, which is part of the figures' names.
        pairs: number of pairs.
        output, input: E_warp, with the same flow and mask, those of the input.
        flicker: `mean |O_t+1 - O_t| - mean |I_t+1 - I_t|`, without a flow.
        visible: mean share of a frame that is not masked.
    """

    estimator: str
    pairs: int
    output: float
    input: float
    flicker: float
    visible: float

    @property
    def ratio(self) -> float | None:
        return self.output / self.input if self.input else None

    @property
    def figures(self) -> Mapping[str, float | int | None]:
        """The figures, with names that say how they were measured."""
        name = self.estimator
        return {
            f"warping_error_{name}": self.output,
            f"warping_error_of_input_{name}": self.input,
            f"warping_error_ratio_{name}": self.ratio,
            "flicker": self.flicker,
            f"visible_{name}": self.visible,
            "pairs": self.pairs,
        }


def warping_error(one: Picture8, other: Picture8, flow: Flow, seen: Mask) -> float:
    """Return the warping error E_t = sum N |warp(other, flow) - one|^2 / sum N, with N counted for each channel; 0 if N is 0
    everywhere.

    It is also averaged over channels, so that a change by d in all channels gives d^2. Source: Lai et al. 2018 (arXiv 1808.00449).

    Args:
        one, other: frames t and t + 1, (H, W, C) uint8, scaled to [0, 1].
        flow: flow from t to t + 1.
        seen: the mask N, (H, W).
    """
    squared = ((warped(other, flow) - one.astype(np.float32)) / 255) ** 2
    counted: NDArray[np.floating] = squared[seen]
    return float(counted.sum(dtype=np.float64) / max(1, counted.size))


def change(one: Picture8, other: Picture8) -> float:
    """Return mean |other - one|, for values in [0, 1]."""
    return float(np.abs(other.astype(np.int16) - one).mean() / 255)


def summarized(sums: Sums, estimator: Estimator) -> Consistency:
    """Return the means. Raises UsageError if there was no pair."""
    if not sums.pairs:
        raise UsageError("a clip of one frame has no consistency to measure: give at least two.")
    means = {name: value / sums.pairs for name, value in asdict(sums).items()}
    flicker = means["output_change"] - means["input_change"]
    return Consistency(estimator.name, round(sums.pairs), means["output"], means["input"], flicker, means["visible"])


def consistency(inputs: Iterable[Picture8], outputs: Iterable[Picture8], estimator: Estimator = DIS) -> Consistency:
    """Return the consistency of a clip and its translation. Frames must be equal in number and shape.

    Args:
        inputs: frames of the clip.
        outputs: their translations.
        estimator: flow estimator.

    Raises:
        UsageError: If shapes differ, or for fewer than two frames.
    """
    sums, earlier = Sums(), None
    for now in zip(inputs, outputs, strict=True):
        if earlier is not None:
            sums = sums.plus(Motion(earlier[0], now[0], estimator), earlier[1], now[1])
        earlier = now
    return summarized(sums, estimator)


def check_alike(before: Picture8, after: Picture8) -> None:
    """Raise UsageError for frames that cannot be compared pixel by pixel."""
    if other := {before.dtype, after.dtype} - {np.dtype(np.uint8)}:
        raise UsageError(f"frames must be arrays of uint8, not of {', '.join(map(str, other))}.")
    if before.shape != after.shape:
        shapes = [f"{each.shape[1]}x{each.shape[0]}x{each.shape[2]}" for each in (before, after)]
        what = f"the frames are {shapes[0]}, their translations {shapes[1]}"
        raise UsageError(f"{what}: the frames cannot be compared or smoothed: leave out `consistency` and `smooth`.")
