"""Total variation losses on the differences of neighboring pixels."""

from __future__ import annotations

from torch import Tensor

from viceversa.core.journey import Journey


def total_variation(image: Tensor) -> Tensor:
    """Return the sum of squared differences of neighboring pixels, averaged over the batch: (N, C, H, W) -> ()."""
    return (image.diff(dim=2).square().sum() + image.diff(dim=3).square().sum()) / len(image)


def mean_variation(image: Tensor) -> Tensor:
    """Return the total variation divided by the number of pixels, which is comparable for all image sizes."""
    return total_variation(image) / (image.shape[2] * image.shape[3])


def variation(journey: Journey) -> Tensor:
    """Total variation of a journey's translation."""
    return total_variation(journey.translated)
