"""GAN losses at hand-computed values, and the signs of their slopes."""

from __future__ import annotations

import math

import pytest
import torch

from viceversa.losses.gan import GanLoss, Hinge, LeastSquares, Minimax, NonSaturating, Relativistic, Separate, Wasserstein

VALUES = [
    (Minimax(), 2.0, -1.0, 0.440190, -0.313262),
    (NonSaturating(), 2.0, -1.0, 0.440190, 1.313262),
    (NonSaturating(), 0.0, 0.0, 2 * math.log(2), math.log(2)),
    (LeastSquares(), 0.8, 0.3, 0.065, 0.49),
    (LeastSquares(1.0), 0.8, 0.3, 0.13, 0.49),
    (Wasserstein(), 2.0, -1.0, -3.0, 1.0),
    (Hinge(), 0.4, -0.2, 1.4, 0.2),
    (Relativistic(), 0.5, -0.5, 0.313262, 1.313262),  # softplus(-1), softplus(1)
    (Relativistic(), 7.0, 7.0, math.log(2), math.log(2)),
]


@pytest.mark.parametrize(("gan", "real", "fake", "discriminator", "generator"), VALUES)
def test_values(gan: GanLoss, real: float, fake: float, discriminator: float, generator: float) -> None:
    scores = torch.full((2, 1, 3, 3), real), torch.full((2, 1, 3, 3), fake)
    assert gan.discriminator(*scores).item() == pytest.approx(discriminator, abs=1e-6)
    assert gan.generator(scores[1], lambda: scores[0]).item() == pytest.approx(generator, abs=1e-6)


@pytest.mark.parametrize("gan", [Minimax(), NonSaturating(), LeastSquares(), Wasserstein(), Hinge(), Relativistic()])
def test_signs(gan: GanLoss) -> None:
    real, fake = torch.tensor([0.3], requires_grad=True), torch.tensor([0.2], requires_grad=True)
    gan.discriminator(real, fake).backward()
    assert real.grad.item() < 0 < fake.grad.item()
    fake.grad = None
    gan.generator(fake, lambda: real).backward()
    assert fake.grad.item() < 0


@pytest.mark.parametrize("gan", [Wasserstein(), Relativistic()])
def test_a_constant_on_both_scores_changes_nothing(gan: GanLoss) -> None:
    real, fake = torch.randn(5), torch.randn(5)
    shifted = gan.discriminator(real + 3, fake + 3)
    assert shifted.item() == pytest.approx(gan.discriminator(real, fake).item(), abs=1e-6)


def test_scores_are_paired_row_by_row() -> None:
    """Rows (1, 0) and (0, 1): softplus(-1) and softplus(1), on average .813262."""
    real, fake = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    assert Relativistic().discriminator(real, fake).item() == pytest.approx(0.813262, abs=1e-6)


@pytest.mark.parametrize("gan", [Minimax(), NonSaturating(), LeastSquares(), Wasserstein(), Hinge()])
def test_the_terms_of_real_and_of_generated_images_add_up(gan: Separate) -> None:
    real, fake = torch.randn(5), torch.randn(5)
    assert gan.discriminator(real, fake) == gan.real(real) + gan.fake(fake)
