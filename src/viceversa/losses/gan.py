"""GAN losses on raw scores. The discriminator minimizes real + fake, the generator minimizes generator.

Scores are (N, ...): patch maps are averaged. No sigmoid stands inside a discriminator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor


class GanLoss(Protocol):
    """Three scalars of raw scores; kept apart so that a method may weigh several kinds of real and fake images."""

    def real(self, score: Tensor) -> Tensor:
        """The discriminator's loss on real images."""
        ...

    def fake(self, score: Tensor) -> Tensor:
        """The discriminator's loss on generated images."""
        ...

    def generator(self, score: Tensor) -> Tensor:
        """The generator's loss on what it generated."""
        ...


@dataclass(frozen=True)
class Minimax:
    """mean softplus(-r) + mean softplus(f); G: -mean softplus(f), which vanishes when D wins (arXiv 1406.2661, eq. 1)."""

    def real(self, score: Tensor) -> Tensor:
        return F.softplus(-score).mean()

    def fake(self, score: Tensor) -> Tensor:
        return F.softplus(score).mean()

    def generator(self, score: Tensor) -> Tensor:
        return -F.softplus(score).mean()


@dataclass(frozen=True)
class NonSaturating:
    """mean softplus(-r) + mean softplus(f); G: mean softplus(-f) (arXiv 1406.2661, section 3)."""

    def real(self, score: Tensor) -> Tensor:
        return F.softplus(-score).mean()

    def fake(self, score: Tensor) -> Tensor:
        return F.softplus(score).mean()

    def generator(self, score: Tensor) -> Tensor:
        return F.softplus(-score).mean()


@dataclass(frozen=True)
class LeastSquares:
    """factor * [mean (r - 1)^2 + mean f^2]; G: mean (f - 1)^2 (arXiv 1611.04076, with CycleGAN's factor 1/2 on D)."""

    factor: float = 0.5

    def real(self, score: Tensor) -> Tensor:
        return self.factor * (score - 1).square().mean()

    def fake(self, score: Tensor) -> Tensor:
        return self.factor * score.square().mean()

    def generator(self, score: Tensor) -> Tensor:
        return (score - 1).square().mean()


@dataclass(frozen=True)
class Wasserstein:
    """mean f - mean r; G: -mean f (arXiv 1701.07875). Needs a Lipschitz critic: `clamp` of its Optimizer, or a GradientPenalty."""

    def real(self, score: Tensor) -> Tensor:
        return -score.mean()

    def fake(self, score: Tensor) -> Tensor:
        return score.mean()

    def generator(self, score: Tensor) -> Tensor:
        return -score.mean()


@dataclass(frozen=True)
class Hinge:
    """mean relu(1 - r) + mean relu(1 + f); G: -mean f (arXiv 1705.02894)."""

    def real(self, score: Tensor) -> Tensor:
        return F.relu(1 - score).mean()

    def fake(self, score: Tensor) -> Tensor:
        return F.relu(1 + score).mean()

    def generator(self, score: Tensor) -> Tensor:
        return -score.mean()
