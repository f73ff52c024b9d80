"""DIAT-like: the losses by hand, and the mask."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from contracts.case import ALIKE, UNALIKE, batch_for
from contracts.test_composition import agree, gradients, phase_losses
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.losses.variation import variation
from viceversa.methods.diat import DIAT, build, same_features
from viceversa.networks.diat import MaskedTransform, SeeingDiscriminator
from viceversa.networks.resnet import resnet_generator

TINY = DIAT(width=4, blocks=1, critic_width=4)
forms = pytest.mark.parametrize("form", ["plain", "masked"])


def unchanged(image: torch.Tensor) -> Journey:
    """A journey whose translator gives the image back."""
    critic = SeeingDiscriminator(ImageSpec(3, 16, 16), width=4)
    return Journey(
        Example(image, Domain("here")),
        lambda number: Domain("there"),
        translate=lambda image, source, target: image,
        discriminate=critic,
        draws=Draws(0, 0),
    )


def test_who_changes_nothing_keeps_the_person() -> None:
    assert same_features(unchanged(torch.rand(2, 3, 16, 16))) == 0


def test_variation_is_a_sum_of_squares_averaged_over_the_batch() -> None:
    square = torch.tensor([[0.0, 1.0], [2.0, 3.0]])[None, None]
    assert variation(unchanged(square)) == 10  # (2^2 + 2^2) + (1^2 + 1^2)
    assert variation(unchanged(torch.cat([square, torch.ones(1, 1, 2, 2)]))) == 5


@forms
def test_generator(form: str) -> None:
    torch.manual_seed(0)
    method = build(ALIKE, TINY.model_copy(update={"form": form, "variation": 0.01}))
    losses, composed = phase_losses(method, "generator", ALIKE)

    x = batch_for(method, ALIKE)["summer"].image
    critic, network = method.networks["discriminator"], method.translator.network
    if form == "masked":
        colors, mask = network.network(x).split([3, 1], 1)
        made = x + (mask + 1) / 2 * (colors - x)
    else:
        made = network(x)
    before, after, seen = x, made, []
    for layer in critic.trunk:
        before, after = layer(before), layer(after)
        seen.append((after - before).square().mean())
    assert len(seen) == 3  # 16 px
    identity = sum(seen) / 3
    rows, columns = made[:, :, 1:] - made[:, :, :-1], made[..., 1:] - made[..., :-1]
    by_hand = [F.softplus(-critic.score(after)).mean(), identity, 0.01 * (rows.square().sum() + columns.square().sum()) / 4]
    agree([losses["adversarial"], losses["identity"], losses["variation"]], by_hand)
    agree(composed, gradients(sum(by_hand), method, ("generator",)))
    torch.stack(list(losses.values())).sum().backward()
    assert all(weight.grad is None for weight in critic.parameters())


def test_discriminator() -> None:
    torch.manual_seed(0)
    method = build(ALIKE, TINY)
    losses, composed = phase_losses(method, "discriminator", ALIKE)

    batch = batch_for(method, ALIKE)
    critic = method.networks["discriminator"]
    with torch.no_grad():
        made = method.translator.network(batch["summer"].image)
    fake, real = (critic.score(critic.trunk(image)) for image in (made, batch["winter"].image))
    by_hand = F.softplus(-real).mean() + F.softplus(fake).mean()
    assert losses.keys() == {"adversarial"}
    agree([losses["adversarial"]], [by_hand])
    agree(composed, gradients(by_hand, method, ("discriminator",)))


def test_an_empty_mask_keeps_every_pixel_and_a_full_one_none() -> None:
    torch.manual_seed(0)
    network = MaskedTransform(resnet_generator(3, 4, width=4, blocks=1), 3)
    image = torch.rand(2, 3, 16, 16) * 2 - 1
    last = network.network[-1][1]
    with torch.no_grad():
        last.weight[3] = 0
        last.bias[3] = -20
        assert torch.equal(network(image), image)
        last.bias[3] = 20
        assert torch.equal(network(image), network.network(image)[:, :3])


@forms
def test_sizes_of_the_networks(form: str) -> None:
    method = build(Space({"plain": ImageSpec(3, 128, 128), "glasses": ImageSpec(3, 128, 128)}), DIAT(form=form))
    counts = [sum(weight.numel() for weight in network.parameters()) for network in method.networks.values()]
    assert counts == [6_657_539 if form == "plain" else 6_660_676, 44_721_089]


@forms
@pytest.mark.parametrize("size", [8, 16, 32])
def test_small_images_stay_in_range(form: str, size: int) -> None:
    torch.manual_seed(0)
    space = Space({"plain": ImageSpec(3, size, size), "glasses": ImageSpec(3, size, size)})
    method = build(space, TINY.model_copy(update={"form": form}))
    image = torch.rand(2, 3, size, size) * 2 - 1
    made = method.translate(image, Domain("plain"), Domain("glasses"))
    assert made.shape == image.shape and made.abs().max() <= 1


def test_only_the_first_space_is_translated_and_both_must_be_alike() -> None:
    assert not build(ALIKE, TINY).returns
    with pytest.raises(UsageError, match="1x14x14 and 3x16x16"):
        build(UNALIKE, TINY)
    odd = ImageSpec(3, 18, 18)
    with pytest.raises(UsageError, match="multiples of 4"):
        build(Space({"plain": odd, "glasses": odd}), TINY)
