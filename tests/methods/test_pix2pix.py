"""pix2pix: its phases by hand, and a discriminator that sees pairs."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from contracts.case import LINES, UNALIKE, batch_for
from contracts.test_composition import agree, gradients
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.plans import Pairs
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError
from viceversa.methods.pix2pix import Pix2Pix, build, distance
from viceversa.networks.unet import UNet

TINY = Pix2Pix(width=4, critic_width=4, critic_layers=1)


def tiny() -> Method:
    torch.manual_seed(0)
    return build(LINES, TINY)


@pytest.mark.parametrize("name", ["discriminator", "generator"])
def test_phases_by_hand(name: str) -> None:
    method = tiny()
    phase = next(phase for phase in method.phases if phase.name == name)
    for network, module in method.networks.items():
        module.requires_grad_(network in phase.learns)
    batch = batch_for(method, LINES)
    (subject,) = phase.plan(batch, Draws(0, 0))
    losses = phase.objective(subject.begin(name == "generator"), Progress(0, 1))
    x, y = (batch[space].image for space in ("lines", "photos"))
    network, critic = method.translator.network, method.networks["discriminator"]
    made = network(x)
    if name == "generator":
        adversarial = F.softplus(-critic(torch.cat([x, made], 1))).mean()
        expected = {"adversarial": adversarial, "distance": 100 * (made - y).abs().mean()}
    else:
        real, fake = critic(torch.cat([x, y], 1)), critic(torch.cat([x, made.detach()], 1))
        expected = {"adversarial": 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())}
    agree([losses[each] for each in expected], list(expected.values()))
    agree(gradients(sum(losses.values()), method, phase.learns), gradients(sum(expected.values()), method, phase.learns))


def test_the_discriminator_sees_both_images() -> None:
    critic, batch = tiny().networks["discriminator"].eval(), batch_for(tiny(), LINES)
    x, y = (batch[space].image for space in ("lines", "photos"))
    right, wrong = critic(torch.cat([x, y], 1)), critic(torch.cat([x.flip(0), y], 1))
    assert not torch.allclose(right, wrong)


def test_a_perfect_generator_is_at_no_distance() -> None:
    method = tiny()
    batch = batch_for(method, LINES)
    plan = Pairs(LINES, translate=lambda image, source, target: batch["photos"].image, critic=nn.Identity())
    (perfect,) = plan(batch, Draws(0, 0))
    (other,) = Pairs(LINES, translate=lambda image, source, target: batch["photos"].image + 0.25, critic=nn.Identity())(
        batch, Draws(0, 0)
    )
    assert distance(perfect).item() == 0 and distance(other).item() == pytest.approx(0.25)


def test_layers_follow_the_size_and_three_drop() -> None:
    network = UNet(3, ImageSpec(3, 256, 256), width=2)
    assert len(network.down) == 8
    dropping = [any(isinstance(part, nn.Dropout) for part in layer) for layer in network.up]
    assert dropping == [False, True, True, True, False, False, False]
    with torch.device("meta"):
        weights = sum(weight.numel() for weight in UNet(3, ImageSpec(3, 256, 256)).parameters())
    assert weights == 54_413_955
    assert UNet(1, ImageSpec(3, 8, 8), width=2)(torch.zeros(2, 1, 8, 8)).shape == (2, 3, 8, 8)


def test_pairs_of_one_size() -> None:
    with pytest.raises(UsageError, match="pairs of one size, not 14x14 and 16x16"):
        build(UNALIKE, TINY)


def test_a_penalized_discriminator_judges_each_pair_alone() -> None:
    """With batch norm the score of one image has a gradient in the others; half of the penalty goes with half of the loss."""
    for gan, alone in (("non-saturating", False), ("wgan-gp", True), ("hinge-r1", True)):
        torch.manual_seed(0)
        method = build(LINES, TINY.model_copy(update={"gan": gan}))
        pair = torch.rand(3, 4, 16, 16, requires_grad=True)
        (gradient,) = torch.autograd.grad(method.networks["discriminator"](pair)[0].sum(), pair)
        assert bool(gradient[1:].any()) != alone
        weight = method.phases[0].objective.terms.get("penalty")
        assert (weight is not None) == alone
        if weight is not None:
            assert weight[0](Progress(0, 10)) == {"wgan-gp": 5, "hinge-r1": 2}[gan]  # 10 / 2; 4 / 2 at every 4th step
