"""Differences between models, image by image: what one gets beyond another on the same images and chains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from viceversa.evaluation.bootstrap import paired_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from viceversa.evaluation.chains import Place

COMPARED = (
    ("inv", "changed_accuracy", "accuracy of what had to change", 3),
    ("inv", "kept_accuracy", "accuracy of what had to stay", 3),
    ("inv", "psnr_to_truth", "PSNR to the true edit, in dB", 2),
    ("inv", "l1_outside", "L1 outside the edit, in levels", 2),
    ("rec", "label_accuracy", "label accuracy", 3),
    ("rec", "psnr_to_truth", "PSNR to the source, in dB", 2),
    ("rec", "perceptual_to_source", "perceptual distance to the source", 3),
)
"""Directions, metrics, what they are in words, and with how many digits they are shown."""


@dataclass(frozen=True)
class Difference:
    """The mean of model - base over images, and its 95 % interval, paired by image; of one training of each."""

    model: str
    base: str
    direction: str
    cycles: int
    metric: str
    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


def differences(models: Mapping[str, Mapping[Place, Mapping[str, NDArray[Any]]]]) -> list[Difference]:
    """Of every model from the first one, after each number of cycles through 8-bit images.

    models: name -> place -> metric -> its value for each image (N,).
    """
    (base, first), *others = models.items() if models else [("", {})]
    return [found for name, measured in others for found in _between(name, measured, base, first)]


def _between(
    name: str, measured: Mapping[Place, Mapping[str, NDArray[Any]]], base: str, first: Mapping[Place, Mapping[str, NDArray[Any]]]
) -> Iterator[Difference]:
    for direction, metric, _, _ in COMPARED:
        for place in sorted((place for place in measured if place.direction == direction), key=lambda place: place.cycles):
            if place.link == "8bit" and place in first and metric in measured[place] and metric in first[place]:
                found = paired_interval(measured[place][metric], first[place][metric])
                if found is not None:
                    yield Difference(name, base, direction, place.cycles, metric, found.mean, found.low, found.high)


def in_words(found: Sequence[Difference]) -> Iterator[tuple[str, str, list[str]]]:
    """(model, measure, a text for each number of cycles), as "+0.012 (+0.003 to +0.020)"; a star where 0 is left out."""
    for model in dict.fromkeys(difference.model for difference in found):
        for direction, metric, words, digits in COMPARED:
            mine = [each for each in found if (each.model, each.direction, each.metric) == (model, direction, metric)]
            if mine:
                yield model, f"{direction}: {words}", [_text(each, digits) for each in mine]


def _text(difference: Difference, digits: int) -> str:
    mean, low, high = (f"{value:+z.{digits}f}" for value in (difference.mean, difference.low, difference.high))
    return f"{mean} ({low} to {high}){'*' if difference.is_clear else ''}"
