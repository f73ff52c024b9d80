"""Penalties on the discriminator's gradient in its input. At least in float32, outside autocast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from viceversa.core.domains import Domain, Example
from viceversa.core.journey import Journey


@dataclass(frozen=True)
class GradientPenalty:
    """mean_b (||grad_x reduce(D(x^_b))||_2 - 1)^2 at x^ = a * real + (1 - a) * sg(fake), a ~ U(0, 1) for each image.

    WGAN-GP, arXiv 1704.00028, eq. 3. reduce: "sum" over a patch map, as StarGAN's code, or "mean"; they differ by the
    number of patches in the gradient.
    """

    reduce: Literal["sum", "mean"] = "sum"

    def __call__(self, journey: Journey) -> Tensor:
        return gradient_penalty(journey, journey.examples[0], self.reduce)


def gradient_penalty(journey: Journey, real: Example, reduce: Literal["sum", "mean"] = "sum") -> Tensor:
    """WGAN-GP's penalty between those real images and what the journey makes first."""
    share = journey.draws.uniform("gradient penalty", real.image, 1, 1, 1)
    mixed = share * real.image + (1 - share) * journey.translated.detach()
    norm = (_squared_gradient(journey, mixed, real.domain, reduce) + 1e-12).sqrt()
    return (norm - 1).square().mean()


@dataclass(frozen=True)
class R1:
    """gamma / 2 * mean_b ||grad_x sum(D(x_b))||^2 on real images only (arXiv 1801.04406, eq. 9)."""

    gamma: float = 1.0

    def __call__(self, journey: Journey) -> Tensor:
        example = journey.examples[0]
        return self.gamma / 2 * _squared_gradient(journey, example.image, example.domain, "sum").mean()


@dataclass(frozen=True)
class R2:
    """gamma / 2 * mean_b ||grad_x sum(D(x_b))||^2 on generated images (arXiv 1801.04406; R3GAN, arXiv 2501.05441)."""

    gamma: float = 1.0

    def __call__(self, journey: Journey) -> Tensor:
        made, domain = journey.translated, journey.entered(journey.target)
        return self.gamma / 2 * _squared_gradient(journey, made, domain, "sum").mean()


def _squared_gradient(journey: Journey, image: Tensor, domain: Domain, reduce: Literal["sum", "mean"]) -> Tensor:
    """||grad_x reduce(D(x_b))||^2 for each image: (N,), with a graph to the discriminator's weights."""
    with torch.autocast(image.device.type, enabled=False):
        image = image.detach().to(torch.promote_types(image.dtype, torch.float32)).requires_grad_()
        score = journey.discriminate(image, domain).score.reshape(len(image), -1)
        total = score.sum() if reduce == "sum" else score.mean(1).sum()
        (gradient,) = torch.autograd.grad(total, image, create_graph=True)
    return gradient.flatten(1).square().sum(1)
