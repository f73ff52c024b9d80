"""Schedules: numbers that change with the progress of a training, for loss weights, learning rates and phases.

A schedule counts steps. Three learning rates count epochs, as the code of their papers does: cyclegan_decay, fastcut_decay and
schneider_decay. In a training of less than two epochs they count steps, too (see Progress.at).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Progress of a training: `step` of `steps` batches and `epoch` of `epochs`, both counted from 0."""

    step: int
    steps: int
    epoch: int = 0
    epochs: int = 1

    @classmethod
    def at(cls, step: int, steps: int, steps_per_epoch: int) -> Progress:
        """Return the progress at a step of a training; the last epoch may be incomplete.

        In a training of less than two epochs, every step counts as an epoch. Otherwise a rate that changes between epochs would
        never change, or would always be 0.
        """
        length = steps_per_epoch if steps >= 2 * steps_per_epoch else 1
        return cls(step, steps, step // length, -(-steps // length))


Schedule = Callable[[Progress], float]
Turn = Callable[[Progress], bool]
"""Function that decides whether a phase runs at a step."""


def constant(progress: Progress) -> float:
    """Return 1 at every step."""
    return 1.0


def linear_decay(progress: Progress) -> float:
    """Return 1 in the first half of the steps, then a linear decay to 0, step by step: the schedule of the StarGAN paper."""
    half = progress.steps / 2
    return 1.0 if progress.step < half else max(0.0, (progress.steps - progress.step) / (progress.steps - half))


def cyclegan_decay(progress: Progress) -> float:
    """Return 1 - max(0, e + 1 - n) / (n + 1) at epoch e of 2n: the schedule of CycleGAN's code, which never reaches 0."""
    return _linear_by_epochs(progress, progress.epochs // 2)


def fastcut_decay(progress: Progress) -> float:
    """Return CycleGAN's decay, in the last quarter only: FastCUT's 150 epochs and 50."""
    return _linear_by_epochs(progress, progress.epochs * 3 // 4)


def _linear_by_epochs(progress: Progress, steady: int) -> float:
    return 1.0 - max(0, progress.epoch + 1 - steady) / (progress.epochs - steady + 1)


def tenth_decay(progress: Progress) -> float:
    """Return 1 in the first half of the steps, then 0.1: the schedule of STGAN's code."""
    return 1.0 if progress.step < progress.steps / 2 else 0.1


def stargan_code_decay(progress: Progress) -> float:
    """Return the decay of StarGAN's code as it runs: it subtracts 1/n once per 1,000 of the last n steps, which is almost no
    decay."""
    decaying = progress.steps // 2
    return 1.0 - max(0, (progress.step + 1 - (progress.steps - decaying)) // 1000) / max(1, decaying)


def schneider_decay(progress: Progress) -> float:
    """Return clip(1 - (e + 1 - E/2) / (E/2), 0, 1) at epoch e of E. The last epoch has rate 0, unless it is the only one."""
    half = max(progress.epochs / 2, 1.0)
    return min(1.0, max(0.0, 1 - (progress.epoch + 1 - half) / half))


def fading(first: float, last: float = 0.0) -> Schedule:
    """Return a schedule that goes linearly from `first` to `last` over the training."""
    return lambda progress: first + (last - first) * progress.step / progress.steps


def ramp(first: float, last: float, begin: float = 0.0, end: float = 1.0) -> Schedule:
    """Return a schedule that goes linearly from `first` to `last` between two points of the training.

    Args:
        first: value until `begin`.
        last: value from `end` on.
        begin, end: points of the training, from 0 to 1.
    """

    def between(progress: Progress) -> float:
        part = (progress.step / progress.steps - begin) / (end - begin)
        return first + (last - first) * min(1.0, max(0.0, part))

    return between


def product(*factors: float | Schedule) -> Schedule:
    """Return a schedule that multiplies numbers and schedules."""
    return lambda progress: math.prod(factor(progress) if callable(factor) else factor for factor in factors)


def switched(part: float, before: float, after: float) -> Schedule:
    """Return a schedule that has one value in the first part of the training and another one afterwards.

    Args:
        part: length of the first part, 0 to 1.
        before, after: the values.
    """
    return lambda progress: before if progress.step < part * progress.steps else after


def lazily(weight: float, interval: int) -> Schedule:
    """Return a schedule for lazy regularization: interval * weight at every `interval`-th step, otherwise 0, so that the loss is
    skipped."""
    return lambda progress: interval * weight if progress.step % interval == 0 else 0.0


def always(progress: Progress) -> bool:
    """Run a phase at every step."""
    return True


def every(interval: int) -> Turn:
    """Run a phase at the last of every `interval` steps: (step + 1) % interval == 0, as StarGAN's n_critic."""
    return lambda progress: (progress.step + 1) % interval == 0


def every_first(interval: int) -> Turn:
    """Run a phase at the first of every `interval` steps."""
    return lambda progress: progress.step % interval == 0


def early(part: float) -> Turn:
    """Run a phase in the first part of the training. part: its length, 0 to 1."""
    return lambda progress: progress.step < part * progress.steps


def otherwise(when: Turn) -> Turn:
    """Run a phase at all other steps."""
    return lambda progress: not when(progress)
