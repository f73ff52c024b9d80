"""Geometry consistency: translation commutes with mirroring and rotation (GcGAN, arXiv 1809.05852)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from viceversa.core.journey import Journey


@dataclass(frozen=True)
class Geometry:
    """Geometry consistency loss: L1(T(f(x)), f(T(x))).

    f is drawn for each step from the seven mirrorings and rotations of a square; if the sides of an image differ, from the three
    that keep its shape. Patch discriminators and cycle losses allow a translator that shifts every image a little; this loss does
    not. GcGAN has one f for a whole training, and also an adversarial loss for T(f(x)) (eq. 4).
    """

    def __call__(self, journey: Journey) -> Tensor:
        square = all(image.shape[2] == image.shape[3] for image in (journey.start, journey.translated))
        drawn = int(torch.randint(7 if square else 3, (), generator=journey.draws.generator("geometry"))) + 1
        number = drawn if square else 2 * drawn
        moved = journey.translate(moved_by(journey.start, number), journey.departure, journey.entered(journey.target))
        return F.l1_loss(moved, moved_by(journey.translated, number))


def moved_by(image: Tensor, number: int) -> Tensor:
    """Rotate an image (N, C, H, W) by `number` % 4 quarter turns, after mirroring it if `number` is 4 to 7."""
    return torch.rot90(image.flip(3) if number >= 4 else image, number % 4, (2, 3))
