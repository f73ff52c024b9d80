"""Losses that keep the shapes of an image if colors, contrast and size differ between spaces: likeness and polarity.

A cycle loss alone does not preserve shapes: a shape may change as long as it can be changed back.
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
    """Likeness loss: mean_b (1 - r_b); for images of the spaces `unsigned`, mean_b (1 - r_b^2), which ignores inverted contrast.

    r is the correlation in [-1, 1] of look(x) and look(T(x)) over pixels, after x is resized to T(x). A pixel has the weight
    exp(-8 d^2), where d is its distance from the middle as a fraction of the side. So a shape keeps its place, with any contrast.

    Args:
        look: maps an image of a domain to the values that are compared, such as luminances: (N, C, H, W), with the same channels
            for both domains.
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
    """Polarity loss: L1(T(-y), T(y)) for images y of one space, where -y has inverted colors; 0 for images of other spaces.

    Use it if half of a space's images are light on dark and half dark on light. A generator into this space makes only one kind,
    so cycle losses train the way back for that kind alone. The loss is like geometry consistency (GcGAN, arXiv 1809.05852), with
    another change of the image.
    """

    space: str

    def __call__(self, journey: Journey) -> Tensor:
        if journey.source.space != self.space:
            return journey.image.new_zeros(())
        inverted = journey.translate(-journey.image, journey.source, journey.target)
        return F.l1_loss(inverted, journey.translated)


def correlation(x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """Return the correlation (N,) in [-1, 1] of the rows of two tables (N, P), with weights (P,) of sum 1; 0 for constant rows."""
    x, y = (each - (weight * each).sum(1, keepdim=True) for each in (x, y))
    products = (weight * x * y).sum(1)
    return products / ((weight * x * x).sum(1) * (weight * y * y).sum(1)).clamp_min(1e-8).sqrt()
