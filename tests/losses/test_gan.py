"""GAN losses at hand-computed values, and the signs of their slopes."""

from __future__ import annotations

import math

import pytest
import torch

from viceversa.losses.gan import GanLoss, Hinge, LeastSquares, Minimax, NonSaturating, Wasserstein

VALUES = [
    (Minimax(), 2.0, -1.0, 0.440190, -0.313262),
    (NonSaturating(), 2.0, -1.0, 0.440190, 1.313262),
    (NonSaturating(), 0.0, 0.0, 2 * math.log(2), math.log(2)),
    (LeastSquares(), 0.8, 0.3, 0.065, 0.49),
    (LeastSquares(1.0), 0.8, 0.3, 0.13, 0.49),
    (Wasserstein(), 2.0, -1.0, -3.0, 1.0),
    (Hinge(), 0.4, -0.2, 1.4, 0.2),
]


@pytest.mark.parametrize(("gan", "real", "fake", "discriminator", "generator"), VALUES)
def test_values(gan: GanLoss, real: float, fake: float, discriminator: float, generator: float) -> None:
    scores = torch.full((2, 1, 3, 3), real), torch.full((2, 1, 3, 3), fake)
    assert (gan.real(scores[0]) + gan.fake(scores[1])).item() == pytest.approx(discriminator, abs=1e-6)
    assert gan.generator(scores[1]).item() == pytest.approx(generator, abs=1e-6)


@pytest.mark.parametrize("gan", [Minimax(), NonSaturating(), LeastSquares(), Wasserstein(), Hinge()])
def test_signs(gan: GanLoss) -> None:
    real, fake = torch.tensor([0.3], requires_grad=True), torch.tensor([0.2], requires_grad=True)
    gan.real(real).backward()
    gan.fake(fake).backward()
    assert real.grad.item() < 0 < fake.grad.item()
    fake.grad = None
    gan.generator(fake).backward()
    assert fake.grad.item() < 0


def test_a_constant_on_both_scores_leaves_wasserstein_as_it_is() -> None:
    real, fake, gan = torch.randn(5), torch.randn(5), Wasserstein()
    shifted = gan.real(real + 3) + gan.fake(fake + 3)
    assert shifted.item() == pytest.approx((gan.real(real) + gan.fake(fake)).item(), abs=1e-6)
