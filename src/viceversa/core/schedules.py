"""Schedules: numbers that change with the progress of a training, for loss weights, learning rates and phases.

A schedule goes by steps. Three learning rates go by epochs, as the code of their papers does: cyclegan_decay, fastcut_decay and
schneider_decay. In a training of less than two epochs these go by steps, too: see Progress.at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where a training stands: 0-based step of `steps` batches, 0-based epoch of `epochs`."""

    step: int
    steps: int
    epoch: int = 0
    epochs: int = 1

    @classmethod
    def at(cls, step: int, steps: int, steps_per_epoch: int) -> Progress:
        """The progress at a step of a training; the last epoch may be cut short.

        A training of less than two epochs counts every step as an epoch: a rate that changes only between epochs would not
        change in it, or be 0 in all of it.
        """
        length = steps_per_epoch if steps >= 2 * steps_per_epoch else 1
        return cls(step, steps, step // length, -(-steps // length))


Schedule = Callable[[Progress], float]
Turn = Callable[[Progress], bool]
"""Whether a step is a phase's."""


def constant(progress: Progress) -> float:
    """1, always."""
    return 1.0


def linear_decay(progress: Progress) -> float:
    """1 in the first half of the steps, then linearly to 0: the StarGAN paper's schedule, step by step."""
    half = progress.steps / 2
    return 1.0 if progress.step < half else max(0.0, (progress.steps - progress.step) / (progress.steps - half))


def cyclegan_decay(progress: Progress) -> float:
    """1 - max(0, e + 1 - n) / (n + 1) at epoch e of 2n: CycleGAN's code, which never reaches 0."""
    return _linear_by_epochs(progress, progress.epochs // 2)


def fastcut_decay(progress: Progress) -> float:
    """CycleGAN's decay in the last quarter: FastCUT's 150 epochs and 50."""
    return _linear_by_epochs(progress, progress.epochs * 3 // 4)


def _linear_by_epochs(progress: Progress, steady: int) -> float:
    return 1.0 - max(0, progress.epoch + 1 - steady) / (progress.epochs - steady + 1)


def tenth_decay(progress: Progress) -> float:
    """1 in the first half of the steps, then a tenth: STGAN's code."""
    return 1.0 if progress.step < progress.steps / 2 else 0.1


def stargan_code_decay(progress: Progress) -> float:
    """The decay of StarGAN's code as it runs: one subtraction of 1/n per 1,000 of the last n steps, almost none."""
    decaying = progress.steps // 2
    return 1.0 - max(0, (progress.step + 1 - (progress.steps - decaying)) // 1000) / max(1, decaying)


def schneider_decay(progress: Progress) -> float:
    """clip(1 - (e + 1 - E/2) / (E/2), 0, 1) at epoch e of E: the last epoch runs at rate 0, unless it is the only one."""
    half = max(progress.epochs / 2, 1.0)
    return min(1.0, max(0.0, 1 - (progress.epoch + 1 - half) / half))


def fading(first: float, last: float = 0.0) -> Schedule:
    """From `first` linearly to `last` over the training."""
    return lambda progress: first + (last - first) * progress.step / progress.steps


def ramp(first: float, last: float, begin: float = 0.0, end: float = 1.0) -> Schedule:
    """From `first` linearly to `last` between these parts of the training: 0 is its begin, 1 its end."""

    def between(progress: Progress) -> float:
        part = (progress.step / progress.steps - begin) / (end - begin)
        return first + (last - first) * min(1.0, max(0.0, part))

    return between


def product(*factors: float | Schedule) -> Schedule:
    """The product of numbers, some of which change with progress."""
    return lambda progress: math.prod(factor(progress) if callable(factor) else factor for factor in factors)


def switched(part: float, before: float, after: float) -> Schedule:
    """One value until that part of the training's steps is done, then the other."""
    return lambda progress: before if progress.step < part * progress.steps else after


def lazily(weight: float, interval: int) -> Schedule:
    """interval * weight at every `interval`-th step and 0, that is not computed, between: lazy regularization."""
    return lambda progress: interval * weight if progress.step % interval == 0 else 0.0


def always(progress: Progress) -> bool:
    """A phase of every step."""
    return True


def every(interval: int) -> Turn:
    """A phase of every `interval`-th step, the last of each group: (step + 1) % interval == 0, StarGAN's n_critic."""
    return lambda progress: (progress.step + 1) % interval == 0


def every_first(interval: int) -> Turn:
    """A phase of the first step of every `interval`."""
    return lambda progress: progress.step % interval == 0


def early(part: float) -> Turn:
    """A phase of the first part of the training."""
    return lambda progress: progress.step < part * progress.steps


def otherwise(when: Turn) -> Turn:
    """A phase of all other steps."""
    return lambda progress: not when(progress)
