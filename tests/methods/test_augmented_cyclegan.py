"""Augmented CycleGAN: both phases by hand, where gradients go, and many translations of one image."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from contracts.case import LINES, UNALIKE, batch_for
from contracts.test_composition import agree, gradients, phase_losses
from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.journey import walk
from viceversa.core.method import Method, Request
from viceversa.methods.augmented_cyclegan import AugmentedCycleGAN, build
from viceversa.networks.adapters import fit
from viceversa.networks.augmented import ConditionalNorm

TINY = AugmentedCycleGAN(latent=3, width=4)


def tiny() -> Method:
    torch.manual_seed(0)
    return build(LINES, TINY)


def both_ways(method: Method) -> tuple[list[Tensor], list[Tensor]]:
    """a, b, z, and a', b', z'."""
    batch = batch_for(method, LINES)
    a, b = (batch[name].image for name in ("lines", "photos"))
    z = Draws(0, 0).normal("code", a, 3)
    made_a, made_b = method.translator.back(b), method.translator.forth(a, z)
    return [a, b, z], [made_a, made_b, method.networks["encoder"](torch.cat([made_a, b], 1))]


def test_generators_by_hand() -> None:
    method = tiny()
    losses, composed = phase_losses(method, "generators", LINES)
    (a, b, z), (made_a, made_b, made_z) = both_ways(method)
    judges, forth, back = method.networks["discriminators"].discriminators, method.translator.forth, method.translator.back
    expected = {
        "adversarial": (judges["lines"](made_a) - 1).square().mean() + (judges["photos"](made_b) - 1).square().mean(),
        "codes": (method.networks["discriminator_of_codes"](made_z) - 1).square().mean(),
        "cycle": (back(made_b) - a).abs().mean() + (forth(made_a, made_z) - b).abs().mean(),
        "code_cycle": 0.025 * (method.networks["encoder"](torch.cat([a, made_b], 1)) - z).abs().mean(),
    }
    assert losses.keys() == expected.keys()
    agree([losses[name] for name in expected], list(expected.values()))
    agree(composed, gradients(sum(expected.values()), method, ("generators", "encoder")))


def test_discriminators_by_hand() -> None:
    method = tiny()
    losses, composed = phase_losses(method, "discriminators", LINES)
    real, made = both_ways(method)
    judges = [*method.networks["discriminators"].discriminators.values(), method.networks["discriminator_of_codes"]]
    halves = [0.5 * ((judge(one) - 1).square().mean() + judge(other.detach()).square().mean())
              for judge, one, other in zip(judges, real, made, strict=True)]  # fmt: skip
    agree([losses["adversarial"], losses["codes"]], [halves[0] + halves[1], halves[2]])
    agree(composed, gradients(sum(halves), method, ("discriminators", "discriminator_of_codes")))


def test_the_codes_discriminator_reaches_the_encoder_and_the_way_back() -> None:
    method = tiny()
    phase = method.phases[1]
    for name, network in method.networks.items():
        network.requires_grad_(name in phase.learns)
    subjects = phase.plan(batch_for(method, LINES), Draws(0, 0))
    sum(phase.objective.terms["codes"][1](subject.begin(True)) for subject in subjects).backward()
    for network in (method.networks["encoder"], method.translator.back):
        assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())
    assert all(weight.grad is None for weight in method.translator.forth.parameters())


def test_seeds_give_many_translations_and_the_way_back_is_one() -> None:
    method = tiny()
    lines, photos = torch.rand(2, 1, 16, 16), torch.rand(2, 3, 16, 16)
    first, again, other = (
        walk(method.translate, lines, [Domain("lines"), method.destination(Request("photos", seed=seed))])[-1] for seed in (0, 0, 1)
    )
    assert torch.equal(first, again) and (first - other).abs().max() > 1e-4
    back = walk(method.translate, photos, [Domain("photos"), method.destination(Request("lines"))])[-1]
    assert torch.equal(back, method.translator.back(photos))
    rates = {name: optimizer.lr for name, optimizer in method.optimizers.items()}
    assert rates == pytest.approx({"generators": 2e-4, "encoder": 2e-4, "discriminators": 4e-5, "discriminator_of_codes": 4e-5})
    assert all(optimizer.clip_norm == 500 for optimizer in method.optimizers.values())


def test_conditional_norm() -> None:
    norm, image = ConditionalNorm(2, 1), torch.randn(1, 2, 4, 4)
    for part, value in ((norm.shift, -1.0), (norm.scale, 3.0)):
        torch.nn.init.zeros_(part[0].weight)
        torch.nn.init.constant_(part[0].bias, value)
    plain = (image - image.mean((2, 3), keepdim=True)) / (image.var((2, 3), keepdim=True) + 1e-5).sqrt()
    assert torch.allclose(norm(image, torch.zeros(1, 1)), 3 * plain, atol=1e-5)  # a shift below 0 is none


def test_spaces_of_two_sizes_meet_on_a_canvas() -> None:
    torch.manual_seed(0)
    method = build(UNALIKE, TINY.model_copy(update={"cycle": 10.0, "cycle_back": 2.0}))
    (first, small), (second, large) = UNALIKE.images.items()
    a, b = (torch.rand(2, *spec.shape) for spec in (small, large))
    drawn = Domain(second, style=torch.randn(2, 3))
    there, back = method.translate(a, Domain(first), drawn), method.translate(b, Domain(second), Domain(first))
    assert there.shape == b.shape and back.shape == a.shape
    losses, _ = phase_losses(method, "generators", UNALIKE)
    batch, z = batch_for(method, UNALIKE), Draws(0, 0).normal("code", batch_for(method, UNALIKE)[first].image, 3)
    a, b = batch[first].image, batch[second].image
    made_a, made_b = method.translate(b, Domain(second), Domain(first)), method.translate(a, Domain(first), replace(drawn, style=z))
    found = method.networks["encoder"](torch.cat([fit(made_a, b.shape[2:]), b], 1))
    again_a = method.translate(made_b, Domain(second), Domain(first))
    again_b = method.translate(made_a, Domain(first), Domain(second, style=found))
    agree([losses["cycle"]], [10 * (again_a - a).abs().mean() + 2 * (again_b - b).abs().mean()])


def test_the_encoder_finds_the_code_where_it_is_in_the_image() -> None:
    """b' = a + z, a channel for each number of z, which a and b' tell exactly: the code's cycle loss alone teaches it."""
    encoder = tiny().networks["encoder"]
    optimizer = torch.optim.Adam(encoder.parameters(), 3e-3)
    errors = []
    for step in range(250):
        draws = Draws(0, step)
        a = draws.uniform("a", torch.zeros(16), 1, 16, 16) - 0.5
        z = draws.normal("z", a, 3)
        error = (encoder(torch.cat([a, a + z[:, :, None, None]], 1)) - z).abs().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert errors[0] > 0.7 and sum(errors[-20:]) / 20 < 0.4, "half of the mean of |N(0, 1)|, .8"
