"""GAN losses on raw scores.

Scores are (N, ...): patch maps are averaged. No sigmoid stands inside a discriminator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor


class GanLoss(Protocol):
    """What a discriminator and a generator minimize, given scores of real and of generated images."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the discriminator's loss."""
        ...

    def generator(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Return the generator's loss. real: gives the score of real images; most losses do not call it."""
        ...


class Separate(Protocol):
    """A GAN loss of two terms: one on real, one on generated images, so that a method can weigh several kinds of each."""

    def real(self, score: Tensor) -> Tensor:
        """Return the discriminator's loss on real images."""
        ...

    def fake(self, score: Tensor) -> Tensor:
        """Return the discriminator's loss on generated images."""
        ...

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the sum of both."""
        return self.real(real) + self.fake(fake)


@dataclass(frozen=True)
class Minimax(Separate):
    """mean softplus(-r) + mean softplus(f); G: -mean softplus(f), which vanishes when D wins (arXiv 1406.2661, eq. 1)."""

    def real(self, score: Tensor) -> Tensor:
        return F.softplus(-score).mean()

    def fake(self, score: Tensor) -> Tensor:
        return F.softplus(score).mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> Tensor:
        return -F.softplus(fake).mean()


@dataclass(frozen=True)
class NonSaturating(Separate):
    """mean softplus(-r) + mean softplus(f); G: mean softplus(-f) (arXiv 1406.2661, section 3)."""

    def real(self, score: Tensor) -> Tensor:
        return F.softplus(-score).mean()

    def fake(self, score: Tensor) -> Tensor:
        return F.softplus(score).mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> Tensor:
        return F.softplus(-fake).mean()


@dataclass(frozen=True)
class LeastSquares(Separate):
    """factor * [mean (r - 1)^2 + mean f^2]; G: mean (f - 1)^2 (arXiv 1611.04076, with CycleGAN's factor 1/2 on D)."""

    factor: float = 0.5

    def real(self, score: Tensor) -> Tensor:
        return self.factor * (score - 1).square().mean()

    def fake(self, score: Tensor) -> Tensor:
        return self.factor * score.square().mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> Tensor:
        return (fake - 1).square().mean()


@dataclass(frozen=True)
class Wasserstein(Separate):
    """mean f - mean r; G: -mean f (arXiv 1701.07875). Needs a Lipschitz critic: `clamp` of its Optimizer, or a GradientPenalty."""

    def real(self, score: Tensor) -> Tensor:
        return -score.mean()

    def fake(self, score: Tensor) -> Tensor:
        return score.mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> Tensor:
        return -fake.mean()


@dataclass(frozen=True)
class Hinge(Separate):
    """mean relu(1 - r) + mean relu(1 + f); G: -mean f (arXiv 1705.02894)."""

    def real(self, score: Tensor) -> Tensor:
        return F.relu(1 - score).mean()

    def fake(self, score: Tensor) -> Tensor:
        return F.relu(1 + score).mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> Tensor:
        return -fake.mean()


@dataclass(frozen=True)
class Relativistic:
    """mean softplus(-(r - f)); G: mean softplus(-(f - r)), row by row (arXiv 1807.00734; R3GAN, arXiv 2501.05441).

    A constant added to all scores changes nothing. R3GAN adds R1 and R2 with it.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(fake - real).mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        return F.softplus(real() - fake).mean()
