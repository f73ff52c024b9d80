"""Differences between models on the same images and chains, paired by image."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from viceversa.metrics.bootstrap import paired_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from viceversa.metrics.chain_protocol import Place

COMPARED = (
    ("inv", "changed_accuracy", "accuracy of what had to change", 3),
    ("inv", "kept_accuracy", "accuracy of what had to stay", 3),
    ("inv", "psnr_to_truth", "PSNR to the ground truth, in dB", 2),
    ("inv", "l1_outside", "L1 outside the edit, in levels", 2),
    ("rec", "label_accuracy", "label accuracy", 3),
    ("rec", "psnr_to_truth", "PSNR to the source, in dB", 2),
    ("rec", "perceptual_to_source", "perceptual distance to the source", 3),
)
"""Directions and metrics that are compared, their description, and the number of digits shown."""


@dataclass(frozen=True)
class Difference:
    """Mean of model - base over images, with a 95 % confidence interval, paired by image.

    Args:
        seeds, base_seeds: numbers of trainings; the value of an image is the mean over them.
        spread: standard deviation, over seeds, of the difference between one training of each; None if one was trained once.
    """

    model: str
    base: str
    direction: str
    cycles: int
    metric: str
    mean: float
    low: float
    high: float
    seeds: int = 1
    base_seeds: int = 1
    spread: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0


PerPlace = Mapping["Place", Mapping[str, "NDArray[Any]"]]
"""Place -> metric -> value for each image (N,)."""


def differences(models: Mapping[str, PerPlace], methods: Mapping[str, Sequence[str]] | None = None) -> list[Difference]:
    """Compare every method with the first one, after each number of cycles through 8-bit images.

    Args:
        models: name -> values of each image.
        methods: name of a method -> names of its models, which are its trainings; by default each model is a method.
    """
    named = {name: [name] for name in models} if methods is None else methods
    trainings = [(name, [models[member] for member in members]) for name, members in named.items()]
    return [found for name, measured in trainings[1:] for found in _between(name, measured, *trainings[0])]


def _between(name: str, trainings: Sequence[PerPlace], base: str, others: Sequence[PerPlace]) -> Iterator[Difference]:
    seeds = {"seeds": len(trainings), "base_seeds": len(others)}
    for direction, metric, _, _ in COMPARED:
        for place in sorted((place for place in trainings[0] if place.direction == direction), key=lambda place: place.cycles):
            known = all(place in each and metric in each[place] for each in (*trainings, *others))
            if place.link == "8bit" and known:
                mine, theirs = ([each[place][metric] for each in several] for several in (trainings, others))
                found = paired_interval(np.mean(mine, 0), np.mean(theirs, 0))
                if found is not None:
                    numbers = (found.mean, found.low, found.high)
                    yield Difference(name, base, direction, place.cycles, metric, *numbers, **seeds, spread=_spread(mine, theirs))


def _spread(mine: Sequence[NDArray[Any]], theirs: Sequence[NDArray[Any]]) -> float | None:
    """Return the root of the sum of both variances over trainings; None if one has a single training."""
    if min(len(mine), len(theirs)) < 2:
        return None
    return math.sqrt(sum(statistics.variance(float(np.nanmean(each)) for each in several) for several in (mine, theirs)))


def about(found: Sequence[Difference]) -> str:
    """Describe in one line what the differences are."""
    start = f"difference from {found[0].base} at k = 0, 1, ..., with 95 % intervals over images; *: 0 is outside"
    if all(each.seeds == each.base_seeds == 1 for each in found):
        return f"{start}. One training of each: the intervals cover other test images, not other seeds"
    return f"{start}. Means over seeds; the intervals cover other test images, and ± covers other seeds (one standard deviation)"


def in_words(found: Sequence[Difference]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (model, measure, a text for each number of cycles) such as "+0.012 (+0.003 to +0.020)"; a star if 0 is excluded."""
    for model in dict.fromkeys(difference.model for difference in found):
        for direction, metric, words, digits in COMPARED:
            mine = [each for each in found if (each.model, each.direction, each.metric) == (model, direction, metric)]
            if mine:
                yield model, f"{direction}: {words}", [_text(each, digits) for each in mine]


def _text(difference: Difference, digits: int) -> str:
    mean, low, high = (f"{value:+z.{digits}f}" for value in (difference.mean, difference.low, difference.high))
    spread = "" if difference.spread is None else f" ±{difference.spread:.{digits}f}"
    return f"{mean} ({low} to {high}){'*' if difference.is_clear else ''}{spread}"
