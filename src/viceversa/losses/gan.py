"""GAN losses on raw scores.

Scores have shape (N, ...); patch maps are averaged. Discriminators have no final sigmoid. r and f are the scores of real and
generated images; "G:" precedes the generator's loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor


class GanLoss(Protocol):
    """Losses of a discriminator and a generator, given scores of real and of generated images."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the discriminator's loss."""
        ...

    def generator(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Return the generator's loss. real: gives the score of real images; most losses do not call it."""
        ...


class Separate(Protocol):
    """GAN loss with separate terms for real and generated images, so a method can weigh several kinds of each."""

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
    """Minimax loss: mean softplus(-r) + mean softplus(f); G: -mean softplus(f), whose gradient vanishes when D wins.

    Source: arXiv 1406.2661, eq. 1.
    """

    def real(self, score: Tensor) -> Tensor:
        return F.softplus(-score).mean()

    def fake(self, score: Tensor) -> Tensor:
        return F.softplus(score).mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> Tensor:
        return -F.softplus(fake).mean()


@dataclass(frozen=True)
class NonSaturating(Separate):
    """Non-saturating loss: mean softplus(-r) + mean softplus(f); G: mean softplus(-f) (arXiv 1406.2661, section 3)."""

    def real(self, score: Tensor) -> Tensor:
        return F.softplus(-score).mean()

    def fake(self, score: Tensor) -> Tensor:
        return F.softplus(score).mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> Tensor:
        return F.softplus(-fake).mean()


@dataclass(frozen=True)
class LeastSquares(Separate):
    """Least-squares loss: factor * [mean (r - 1)^2 + mean f^2]; G: mean (f - 1)^2.

    Source: arXiv 1611.04076, with CycleGAN's factor 1/2 on D.
    """

    factor: float = 0.5

    def real(self, score: Tensor) -> Tensor:
        return self.factor * (score - 1).square().mean()

    def fake(self, score: Tensor) -> Tensor:
        return self.factor * score.square().mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> Tensor:
        return (fake - 1).square().mean()


@dataclass(frozen=True)
class Wasserstein(Separate):
    """Wasserstein loss: mean f - mean r; G: -mean f (arXiv 1701.07875).

    It needs a Lipschitz critic: use `clamp` of its Optimizer, or a GradientPenalty.
    """

    def real(self, score: Tensor) -> Tensor:
        return -score.mean()

    def fake(self, score: Tensor) -> Tensor:
        return score.mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> Tensor:
        return -fake.mean()


@dataclass(frozen=True)
class Hinge(Separate):
    """Hinge loss: mean relu(1 - r) + mean relu(1 + f); G: -mean f (arXiv 1705.02894)."""

    def real(self, score: Tensor) -> Tensor:
        return F.relu(1 - score).mean()

    def fake(self, score: Tensor) -> Tensor:
        return F.relu(1 + score).mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor] | None = None) -> Tensor:
        return -fake.mean()


@dataclass(frozen=True)
class Relativistic:
    """Relativistic loss: mean softplus(-(r - f)); G: mean softplus(-(f - r)), row by row (arXiv 1807.00734).

    A constant added to all scores changes nothing. R3GAN (arXiv 2501.05441) combines it with the penalties R1 and R2.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(fake - real).mean()

    def generator(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        return F.softplus(real() - fake).mean()
