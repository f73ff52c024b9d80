"""Fixed-Point GAN: its losses by hand, and where it has fixed points."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from contracts.case import ALIKE, PHOTOS, batch_for, count_rows
from contracts.test_composition import agree, classes, gradients, phase_losses
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.losses.multicycle import multicyclic
from viceversa.methods.fixed_point import FixedPointGAN, build
from viceversa.networks.stargan import Added

RESIDUALS = ("tanh", "clamp", "masked")
BATCH = 4


def tiny(residual: str = "tanh") -> Method:
    torch.manual_seed(0)
    return build(PHOTOS, FixedPointGAN(residual=residual, width=4, blocks=1, critic_width=4))


def by_hand(method: Method, residual: str, image: Tensor, label: Tensor) -> Tensor:
    """T(x, c) of the raw network."""
    network = method.translator.network
    match residual:
        case "tanh":
            return (image + network.network(image, label)).tanh()
        case "clamp":
            return (image + network.network(image, label)).clamp(-1, 1)
        case "masked":
            return network(image, label)


@pytest.mark.parametrize("residual", RESIDUALS)
def test_generator_with_the_multicyclic_loss(residual: str) -> None:
    method = multicyclic(tiny(residual))
    losses, composed = phase_losses(method, "generator", PHOTOS)

    batch, draws = batch_for(method, PHOTOS)["real"], Draws(0, 0)
    image, label = batch.image, batch.domain.label
    judge = method.networks["discriminator"].network

    def branch(made: Tensor, target: Tensor) -> list[Tensor]:
        score, logits = judge(made)
        return [-score.mean(), classes(logits, target), 10 * (by_hand(method, residual, made, label) - image).abs().mean()]

    same = by_hand(method, residual, image, label)
    expected = {"identity": 10 * (same - image).abs().mean()}
    parts = ("adversarial", "classification", "cycle")
    expected |= zip((f"{part}_staying" for part in parts), branch(same, label), strict=True)
    now = image
    for number, weight in enumerate((1, 0.25, 0.125, 0.0625)):
        target = label[draws.order(f"target {number}", label)]
        now = by_hand(method, residual, now, target)
        names = [f"{part}_{number}" if number else part for part in parts]
        expected |= zip(names, (weight * loss for loss in branch(now, target)), strict=True)
    assert losses.keys() == expected.keys()
    agree([losses[name] for name in expected], list(expected.values()))
    agree(composed, gradients(sum(expected.values()), method, ("generator",)))


@pytest.mark.parametrize("residual", RESIDUALS)
def test_discriminator(residual: str) -> None:
    """The real term stands once, and no image that stays where it is is shown."""
    method = tiny(residual)
    losses, composed = phase_losses(method, "discriminator", PHOTOS)

    batch, draws = batch_for(method, PHOTOS)["real"], Draws(0, 0)
    image, label = batch.image, batch.domain.label
    judge = method.networks["discriminator"].network
    with torch.no_grad():
        fake = by_hand(method, residual, image, label[draws.order("target 0", label)])
    real_score, logits = judge(image)
    share = draws.uniform("gradient penalty", image, 1, 1, 1)
    mixed = (share * image + (1 - share) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(judge(mixed)[0].sum(), mixed, create_graph=True)
    penalty = 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
    expected = [judge(fake)[0].mean() - real_score.mean(), penalty, classes(logits, label)]
    assert list(losses) == ["adversarial", "penalty", "classification"]
    agree(list(losses.values()), expected)
    agree(composed, gradients(sum(expected), method, ("discriminator",)))


def test_a_generator_phase_makes_four_translations_and_two_judgments() -> None:
    method = tiny()
    critic = method.networks["discriminator"]
    assert count_rows([method.translator], lambda: phase_losses(method, "generator", PHOTOS)) == 4 * BATCH
    assert count_rows([critic], lambda: phase_losses(method, "generator", PHOTOS)) == 2 * BATCH


def test_both_branches_coincide_where_the_target_is_the_source() -> None:
    method = tiny()
    real = batch_for(method, PHOTOS)["real"]
    alike = Example(real.image, Domain("photos", real.domain.label[:1].expand(BATCH, -1)))
    phase = method.phases[1]
    (journey,) = phase.plan({"real": alike}, Draws(0, 0))
    losses = phase.objective(journey.begin(True), Progress(4, 10))
    for name in ("adversarial", "classification", "cycle"):
        assert torch.equal(losses[name], losses[f"{name}_staying"]), name


class Nothing(nn.Module):
    """G(x, c) = 0."""

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        return torch.zeros_like(image)


@pytest.mark.parametrize(
    ("residual", "value", "expected"),
    [("tanh", 1.0, 0.238406), ("tanh", 0.5, 0.037883), ("tanh", 0.0, 0.0), ("clamp", 1.0, 0.0), ("clamp", -0.5, 0.0)],
)
def test_who_adds_nothing_is_at_a_fixed_point_only_without_a_tanh(residual: str, value: float, expected: float) -> None:
    method = tiny(residual)
    method.translator.network = Added(Nothing(), clamp=residual == "clamp")
    here = Domain("photos", torch.zeros(2, 4))
    real = Example(torch.full((2, 3, 8, 8), value), here)
    phase = method.phases[1]
    (journey,) = phase.plan({"real": real}, Draws(0, 0))
    identity = phase.objective(journey.begin(False), Progress(4, 10))["identity"]
    assert abs(identity.item() / 10 - expected) < 1e-6


@pytest.mark.parametrize("residual", RESIDUALS)
def test_results_are_images_and_differ_by_target(residual: str) -> None:
    method = tiny(residual)
    for weight in method.translator.parameters():
        weight.data.mul_(3)
    image, here = torch.rand(2, 3, 8, 8) * 2 - 1, Domain("photos", torch.zeros(2, 4))
    first, second = (method.translate(image, here, Domain("photos", label.expand(2, -1))) for label in torch.eye(4)[:2])
    assert first.shape == image.shape and first.abs().max() <= 1
    assert (first - second).abs().max() > 1e-3


@pytest.mark.parametrize("residual", ["tanh", "clamp"])
def test_what_is_added_has_no_bounds_of_its_own(residual: str) -> None:
    """G has no tanh: from white to black it must add -2."""
    added = tiny(residual).translator.network.network
    for weight in added.layers[-1].parameters():
        weight.data.mul_(20)
    assert added(torch.rand(2, 3, 8, 8) * 2 - 1, torch.zeros(2, 4)).abs().max() > 2


def test_wrong_data_is_refused() -> None:
    settings = FixedPointGAN(width=4, blocks=1, critic_width=4)
    with pytest.raises(UsageError, match="has none"):
        build(Space({"photos": ImageSpec(3, 16, 16)}), settings)
    with pytest.raises(UsageError, match="multiples of 4"):
        build(Space({"photos": ImageSpec(3, 10, 10)}, PHOTOS.attributes), settings)
    with pytest.raises(UsageError, match="one space"):
        build(Space(ALIKE.images, PHOTOS.attributes), settings)
