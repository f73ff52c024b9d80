"""StarGAN v2: its four phases by hand, with chains; styles, domains, and what a phase may move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from contracts.case import DOMAINS, PHOTOS, batch_for
from contracts.test_composition import agree, gradients, phase_losses
from viceversa.core.attributes import Binary
from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.method import Method, Request
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.losses.multicycle import multicyclic
from viceversa.methods.stargan2 import StarGAN2, build, domains_of
from viceversa.networks.stargan2 import AdaptiveNorm, BranchedReader, picked

TINY = StarGAN2(width=4, most=8, style=4, latent=2, hidden=6, diversity=2.0)


def tiny() -> Method:
    torch.manual_seed(0)
    return build(DOMAINS, TINY)


def styles(method: Method, way: str) -> tuple[list[tuple[Tensor, Callable[[], Tensor]]], Callable[[], Tensor]]:
    """Labels and styles of the first two links, and the second style of the first."""
    batch, draws = batch_for(method, DOMAINS), Draws(0, 0)
    first, second = batch["first"], batch["second"]
    mapping, encoder = method.networks["mapping"], method.networks["encoder"]
    label = first.domain.label
    if way == "code":
        other = label[draws.order("target 1", label)]
        codes = [draws.normal(name, first.image, 2) for name in ("code 0", "code 1", "other code")]
        return [(label, lambda: mapping(codes[0], label)), (other, lambda: mapping(codes[1], other))], lambda: mapping(
            codes[2], label
        )
    order = torch.randperm(4, generator=draws.generator("reference 1"))
    return [
        (label, lambda: encoder(first.image, label)),
        (label[order], lambda: encoder(first.image[order], label[order])),
    ], lambda: encoder(second.image, second.domain.label)


@pytest.mark.parametrize("way", ["code", "reference"])
def test_generator_by_hand(way: str) -> None:
    method = multicyclic(tiny(), (0.25,))
    losses, composed = phase_losses(method, f"generator by {way}", DOMAINS)
    real = batch_for(method, DOMAINS)["real"]
    generate, judge, encoder = method.translator.network, method.networks["discriminator"].network, method.networks["encoder"]
    links, second = styles(method, way)
    home = encoder(real.image, real.domain.label)
    now, total = real.image, torch.zeros(())
    for number, (weight, (label, read)) in enumerate(zip((1, 0.25), links, strict=True)):
        style, before = read(), now
        now = generate(now, style)
        parts = {
            "adversarial": F.softplus(-judge(now, label)).mean(),
            "style": (encoder(now, label) - style).abs().mean(),
            "cycle": (generate(now, home) - real.image).abs().mean(),
        }
        suffix = f"_{number}" if number else ""
        agree([losses[name + suffix] for name in parts], [weight * part for part in parts.values()])
        total = total + weight * sum(parts.values())
        if not number:
            diversity = -2 * (now - generate(before, second()).detach()).abs().mean()
            agree([losses["diversity"]], [diversity])
            total = total + diversity
    assert "diversity_1" not in losses
    learns = ("generator", "mapping", "encoder") if way == "code" else ("generator",)
    agree(composed, gradients(total, method, learns))


@pytest.mark.parametrize("way", ["code", "reference"])
def test_discriminator_by_hand(way: str) -> None:
    method = tiny()
    losses, composed = phase_losses(method, f"discriminator by {way}", DOMAINS)
    real = batch_for(method, DOMAINS)["real"]
    judge = method.networks["discriminator"].network
    (label, read), _ = styles(method, way)[0]
    image = real.image.clone().requires_grad_()
    score = judge(image, real.domain.label)
    (slope,) = torch.autograd.grad(score.sum(), image, create_graph=True)
    made = method.translator.network(real.image, read()).detach()
    adversarial = F.softplus(-score).mean() + F.softplus(judge(made, label)).mean()
    penalty = 0.5 * slope.square().flatten(1).sum(1).mean()
    agree([losses["adversarial"], losses["penalty"]], [adversarial, penalty])
    agree(composed, gradients(adversarial + penalty, method, ("discriminator",)))


def test_diversity_fades_and_is_none_between_equal_styles() -> None:
    weight, loss = tiny().phases[2].objective.terms["diversity"]
    assert [weight(Progress(step, 100)) for step in (0, 50, 100)] == [2, 1, 0]
    method = tiny()
    (walked,) = method.phases[2].plan(batch_for(method, DOMAINS), Draws(0, 0))
    style = walked.entered(walked.target).style
    assert loss.__class__(lambda journey: style)(walked.begin(True)).item() == 0


def test_destinations_are_drawn_by_seed_or_read_off_a_reference() -> None:
    method, image = tiny(), torch.rand(2, 3, 8, 8)
    label = torch.tensor([[1.0, 0, 0], [0, 0, 1]])

    def translated(request: Request) -> Tensor:
        there = method.destination(request)
        return method.translate(image, Domain("photos", label), replace(there, style=there.style(image)))

    one, again, other = (translated(Request("photos", label, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(one, again) and (one - other).abs().max() > 1e-3
    reference = torch.rand(1, 3, 8, 8)
    style = method.destination(Request("photos", label, reference=reference)).style(image)
    assert torch.equal(style, method.networks["encoder"](reference.expand(2, -1, -1, -1), label))


def test_branches_are_independent() -> None:
    torch.manual_seed(0)
    reader, image = BranchedReader(ImageSpec(3, 8, 8), 3, outputs=2, width=4, most=8), torch.rand(1, 3, 8, 8)
    rows = torch.eye(3)
    before = [reader(image, row[None]) for row in rows]
    torch.nn.init.zeros_(reader.branches[1].weight)
    after = [reader(image, row[None]) for row in rows]
    assert [torch.equal(*pair) for pair in zip(before, after, strict=True)] == [True, False, True]
    assert picked(torch.arange(6.0).reshape(1, 3, 2), rows[1:2]).tolist() == [[2, 3]]


def test_adaptive_norm() -> None:
    norm, image = AdaptiveNorm(2, 3), torch.randn(1, 2, 4, 4)
    torch.nn.init.zeros_(norm.affine.weight)
    norm.affine.bias.data = torch.tensor([1.0, 0, 5, -5])
    plain = (image - image.mean((2, 3), keepdim=True)) / (image.var((2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()
    expected = plain * torch.tensor([2.0, 1])[:, None, None] + torch.tensor([5.0, -5])[:, None, None]
    assert torch.allclose(norm(image, torch.zeros(1, 3)), expected, atol=1e-5)


def test_domains_are_the_values_of_one_attribute() -> None:
    yes_no = Space({"photos": ImageSpec(3, 8, 8)}, (Binary("glasses"),))
    assert len(build(yes_no, TINY).networks["encoder"].branches) == 2
    assert domains_of(Domain("photos", torch.tensor([[0.0], [1]]))).tolist() == [[1, 0], [0, 1]]
    with pytest.raises(UsageError, match="name one with `attributes`: hair, glasses"):
        build(PHOTOS, TINY)
    rates = {name: optimizer.lr for name, optimizer in tiny().optimizers.items()}
    assert rates == pytest.approx({"generator": 1e-4, "encoder": 1e-4, "discriminator": 1e-4, "mapping": 1e-6})
