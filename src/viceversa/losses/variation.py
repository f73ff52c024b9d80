"""Total variation: how much neighboring pixels differ."""

from __future__ import annotations

from torch import Tensor

from viceversa.journey import Journey


def variation(journey: Journey) -> Tensor:
    """TV of the translation: the sum of squared differences of neighboring pixels, averaged over the batch."""
    image = journey.translated
    return (image.diff(dim=2).square().sum() + image.diff(dim=3).square().sum()) / len(image)
