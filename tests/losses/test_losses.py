"""Hand-computed values of the losses that are not chains."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from losses.walks import journey
from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey, Judgment
from viceversa.core.space import ImageSpec, Space
from viceversa.losses.adversarial import Discriminate, Fool, ImagePool
from viceversa.losses.classification import RealLabels
from viceversa.losses.cycle import Cycle, Identity, ReturnedCycle, Triple
from viceversa.losses.gan import Hinge, LeastSquares, Wasserstein
from viceversa.losses.penalties import R1, GradientPenalty


def linear(norm: float) -> Tensor:
    weight = torch.randn(3 * 4 * 4, generator=torch.Generator().manual_seed(0))
    return norm * weight / weight.norm()


def test_triple_consistency() -> None:
    """T(x) = x + .1: |x + .2 - (x + .1)| = .1. T(x) = .9 x at 1: .9^2 against .9, derivative 2 theta - 1 below theta = 1."""
    assert Triple()(journey(lambda image: image + 0.1)).item() == pytest.approx(0.1, rel=1e-5)
    theta = torch.tensor(0.9, requires_grad=True)
    loss = Triple()(journey(lambda image: theta * image, image=torch.ones(2, 3, 4, 4)))
    loss.backward()
    assert loss.item() == pytest.approx(0.09, rel=1e-5) and theta.grad.item() == pytest.approx(1 - 2 * 0.9, rel=1e-5)


def test_gradient_penalty_of_a_linear_critic() -> None:
    weight = linear(5.0)
    walk = journey(lambda image: image + 0.7, score=lambda image: (image.flatten(1) @ weight)[:, None])
    for reduce in ("sum", "mean"):
        assert GradientPenalty(reduce)(walk).item() == pytest.approx(16, rel=1e-5)


def test_gradient_penalty_on_a_patch_map_sums_unless_told() -> None:
    weight = linear(5.0)
    walk = journey(lambda image: image, score=lambda image: (image.flatten(1) @ weight)[:, None].expand(-1, 4))
    assert GradientPenalty("sum")(walk).item() == pytest.approx(361, rel=1e-5)
    assert GradientPenalty("mean")(walk).item() == pytest.approx(16, rel=1e-5)


def test_gradient_penalty_of_the_norm_is_zero() -> None:
    image = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)) + 0.5
    walk = journey(lambda image: image, score=lambda image: image.flatten(1).norm(dim=1), image=image)
    assert GradientPenalty()(walk).item() == pytest.approx(0, abs=1e-9)


def test_gradient_penalty_of_a_flat_critic_has_a_gradient() -> None:
    weight = torch.zeros(48, requires_grad=True)
    walk = journey(lambda image: image, score=lambda image: image.flatten(1) @ weight)
    GradientPenalty()(walk).backward()
    assert torch.isfinite(weight.grad).all()


def test_r1_of_a_linear_critic() -> None:
    weight = linear(3.0)
    walk = journey(lambda image: image, score=lambda image: image.flatten(1) @ weight)
    assert R1()(walk).item() == pytest.approx(4.5, rel=1e-5)
    assert R1(10.0)(walk).item() == pytest.approx(45, rel=1e-5)


def test_class_losses_at_zero_logits() -> None:
    """BCE summed over five attributes 5 ln 2; softmax over eight ln 8; a graded value ln 2 (docs/methods.md)."""
    spec = {"photos": ImageSpec(3, 4, 4)}
    cases = [
        (tuple(Binary(name) for name in "abcde"), 3.465736),
        ((OneOf("expression", tuple("abcdefgh")),), 2.079442),
        ((Graded("tone"),), math.log(2)),
    ]
    for attributes, expected in cases:
        space = Space(spec, attributes)
        label = space.draw(2, torch.Generator().manual_seed(0))
        real = Example(torch.zeros(2, 3, 4, 4), Domain("photos", label))
        walk = Journey(
            real,
            lambda number: real.domain,  # noqa: B023
            translate=lambda image, source, target: image,
            discriminate=lambda image, domain: Judgment(torch.zeros(2, 1), torch.zeros(2, space.label_width)),  # noqa: B023
            draws=Draws(0, 0),
        ).begin(False)
        assert RealLabels(space)(walk).item() == pytest.approx(expected, abs=1e-6)


def test_cyclegan_distances() -> None:
    """G = F = x + .1: cycle .2 each way, identity .1; G = -x: cycle 0, identity 2 mean |x| (docs/methods.md)."""
    image = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    shifted = journey(lambda image: image + 0.1, image=image)
    assert Cycle()(shifted).item() == pytest.approx(0.2, rel=1e-5)
    assert ReturnedCycle()(shifted).item() == pytest.approx(0.2, rel=1e-5)
    assert Identity()(shifted).item() == pytest.approx(0.1, rel=1e-5)
    negative = journey(lambda image: -image, image=image)
    assert Cycle()(negative).item() == 0
    assert Identity()(negative).item() == pytest.approx(2 * image.abs().mean().item(), rel=1e-5)


def test_critic_weighs_real_and_fake() -> None:
    walk = journey(lambda image: image + 1, score=lambda image: image.mean((1, 2, 3)))
    assert Discriminate(Wasserstein())(walk).item() == 1  # fake 1, real 0
    assert Fool(Wasserstein())(walk).item() == -1
    assert Discriminate(LeastSquares())(walk).item() == pytest.approx(0.5 * (1 + 1))


def test_critic_sees_the_chain_where_told() -> None:
    """T(x) = x + 1 at 0: X_0 .. X_3 score 1, 2, 3, 4, mean 2.5; hinge relu(1 + f) mean 3.5, and 1 for the real one."""
    walk = journey(lambda image: image + 1, score=lambda image: image.mean((1, 2, 3)))
    assert Discriminate(Wasserstein(), further=3)(walk).item() == 2.5
    assert Discriminate(Hinge(), further=3)(walk).item() == 4.5


def numbered(first: int, count: int) -> Tensor:
    return torch.arange(first, first + count).float()[:, None, None, None].expand(-1, 1, 2, 2)


def test_pool_passes_the_first_images_through() -> None:
    pool = ImagePool(50)
    for step in range(10):
        batch = numbered(5 * step, 5)
        assert torch.equal(pool.query("photos", batch, Draws(0, step)), batch)
    assert len(pool.images["photos"]) == 50


def test_a_full_pool_answers_half_from_itself() -> None:
    pool, from_pool = ImagePool(50), 0
    for step in range(2010):
        batch = numbered(5 * step, 5)
        answer = pool.query("photos", batch, Draws(0, step))
        assert answer.shape == batch.shape
        from_pool += int((answer != batch).flatten(1).any(1).sum()) if step >= 10 else 0
    assert abs(from_pool / 10_000 - 0.5) < 0.02


def test_pool_of_size_zero_and_gradients() -> None:
    batch = numbered(0, 3).clone().requires_grad_()
    answer = ImagePool(0).query("photos", batch, Draws(0, 0))
    assert torch.equal(answer, batch) and not answer.requires_grad


def test_pool_survives_a_checkpoint() -> None:
    pool, twin = ImagePool(4), ImagePool(4)
    pool.query("photos", numbered(0, 6), Draws(0, 0))
    twin.load_state_dict(pool.state_dict())
    batch = numbered(9, 6)
    assert torch.equal(pool.query("photos", batch, Draws(0, 1)), twin.query("photos", batch, Draws(0, 1)))
