"""Losses that keep the shapes of an image where colors, contrast and size differ between spaces: likeness and polarity.

Nothing in a cycle loss says that a shape stays what it is: it may change as long as it can be changed back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.journey import Journey


@dataclass(frozen=True)
class Likeness:
    """mean_b (1 - r_b); for images of the spaces `unsigned`, mean_b (1 - r_b^2), which takes dark on light for light on dark.

    r is the correlation in [-1, 1] of what `look` sees of x and T(x), over pixels, x brought to the size of T(x). A pixel weighs
    exp(-8 d^2), d its distance from the middle as a share of the side. So a shape keeps its place, with any contrast.

    Args:
        look: what is compared of an image of a domain: (N, C, H, W) of the same channels for both domains, such as luminances.
        unsigned: names of spaces.
    """

    look: Callable[[Tensor, Domain], Tensor]
    unsigned: tuple[str, ...] = ()

    def __call__(self, journey: Journey) -> Tensor:
        translated = self.look(journey.translated, journey.target).float()
        image = self.look(journey.image, journey.source).float()
        image = F.interpolate(image, translated.shape[2:], mode="bilinear", antialias=True)
        rows, columns = (torch.linspace(-0.5, 0.5, side, device=image.device).square() for side in translated.shape[2:])
        weight = torch.exp(-8 * (rows[:, None] + columns)).flatten().repeat(translated.shape[1])
        likeness = correlation(image.flatten(1), translated.flatten(1), weight / weight.sum())
        return (1 - (likeness.square() if journey.source.space in self.unsigned else likeness)).mean()


@dataclass(frozen=True)
class Polarity:
    """L1(T(-y), T(y)) of images y of one space, whose colors -y has inverted; 0 for the others.

    If half of a space's images are light on dark and half dark on light, a generator into it makes one kind, and cycles teach the
    way back for that kind alone. Like geometry consistency (GcGAN, arXiv 1809.05852), of another change of the image.
    """

    space: str

    def __call__(self, journey: Journey) -> Tensor:
        if journey.source.space != self.space:
            return journey.image.new_zeros(())
        inverted = journey.translate(-journey.image, journey.source, journey.target)
        return F.l1_loss(inverted, journey.translated)


def correlation(x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """Correlation of the rows of two tables (N, P), with weights (P,) of sum 1: (N,) in [-1, 1]; 0 if a row has one value."""
    x, y = (each - (weight * each).sum(1, keepdim=True) for each in (x, y))
    products = (weight * x * y).sum(1)
    return products / ((weight * x * x).sum(1) * (weight * y * y).sum(1)).clamp_min(1e-8).sqrt()
