"""Total variation: how much neighboring pixels differ."""

from __future__ import annotations

from torch import Tensor

from viceversa.core.journey import Journey


def total_variation(image: Tensor) -> Tensor:
    """The sum of squared differences of neighboring pixels, averaged over the batch: (N, C, H, W) -> ()."""
    return (image.diff(dim=2).square().sum() + image.diff(dim=3).square().sum()) / len(image)


def mean_variation(image: Tensor) -> Tensor:
    """TV divided by the pixels: the same weight for images of all sizes."""
    return total_variation(image) / (image.shape[2] * image.shape[3])


def variation(journey: Journey) -> Tensor:
    """TV of the translation."""
    return total_variation(journey.translated)
