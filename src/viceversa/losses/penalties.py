"""Penalties on the gradient of the discriminator with respect to its input, in float32 or more, outside autocast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from viceversa.core.domains import Domain, Example
from viceversa.core.journey import Journey


@dataclass(frozen=True)
class GradientPenalty:
    """Gradient penalty of WGAN-GP (arXiv 1704.00028, eq. 3): mean_b (||grad_x reduce(D(x^_b))||_2 - 1)^2.

    x^ = a * real + (1 - a) * sg(fake), with a ~ U(0, 1) for each image.

    Args:
        reduce: "sum" over a patch map, as in StarGAN's code, or "mean". The gradients differ by a factor, the number of patches.
    """

    reduce: Literal["sum", "mean"] = "sum"

    def __call__(self, journey: Journey) -> Tensor:
        return gradient_penalty(journey, journey.examples[0], self.reduce)


def gradient_penalty(journey: Journey, real: Example, reduce: Literal["sum", "mean"] = "sum") -> Tensor:
    """Return WGAN-GP's penalty between the given real images and the journey's first translations."""
    share = journey.draws.uniform("gradient penalty", real.image, 1, 1, 1)
    mixed = share * real.image + (1 - share) * journey.translated.detach()
    norm = (_squared_gradient(journey, mixed, real.domain, reduce) + 1e-12).sqrt()
    return (norm - 1).square().mean()


@dataclass(frozen=True)
class R1:
    """R1 penalty: gamma / 2 * mean_b ||grad_x sum(D(x_b))||^2 on real images only (arXiv 1801.04406, eq. 9)."""

    gamma: float = 1.0

    def __call__(self, journey: Journey) -> Tensor:
        example = journey.examples[0]
        return self.gamma / 2 * _squared_gradient(journey, example.image, example.domain, "sum").mean()


@dataclass(frozen=True)
class R2:
    """R2 penalty: gamma / 2 * mean_b ||grad_x sum(D(x_b))||^2 on generated images (arXiv 1801.04406; R3GAN, arXiv 2501.05441)."""

    gamma: float = 1.0

    def __call__(self, journey: Journey) -> Tensor:
        made, domain = journey.translated, journey.entered(journey.target)
        return self.gamma / 2 * _squared_gradient(journey, made, domain, "sum").mean()


def _squared_gradient(journey: Journey, image: Tensor, domain: Domain, reduce: Literal["sum", "mean"]) -> Tensor:
    """Return ||grad_x reduce(D(x_b))||^2 for each image: (N,), with a graph to the discriminator's weights."""
    with torch.autocast(image.device.type, enabled=False):
        image = image.detach().to(torch.promote_types(image.dtype, torch.float32)).requires_grad_()
        score = journey.discriminate(image, domain).score.reshape(len(image), -1)
        total = score.sum() if reduce == "sum" else score.mean(1).sum()
        (gradient,) = torch.autograd.grad(total, image, create_graph=True)
    return gradient.flatten(1).square().sum(1)
