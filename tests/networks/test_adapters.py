"""Spaces of two sizes: how a generator gets images of its canvas, and gives images of the target's size."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contracts.case import batch_for
from contracts.test_composition import phase_losses
from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.methods.cyclegan import CycleGAN, build
from viceversa.networks.adapters import Fit, PerTarget, canvas_of, cropped_to, luminance, padded, stretched
from viceversa.networks.resnet import resnet_generator

SMALL, LARGE = ImageSpec(1, 28, 28), ImageSpec(3, 32, 32)
IMAGES = {"digits": SMALL, "numbers": LARGE}
SOURCES = {"digits": "numbers", "numbers": "digits"}


def _image(*shape: int) -> Tensor:
    return torch.rand(shape, generator=seeded("image")) * 2 - 1


def _same(how: Fit) -> PerTarget:
    """Generators that do nothing, between spaces of one channel."""
    images = {"digits": SMALL, "numbers": ImageSpec(1, 32, 32)}
    return PerTarget(nn.ModuleDict({name: nn.Identity() for name in images}), images, SOURCES, how)


def test_padding_and_cropping_return_the_smaller_image() -> None:
    image, translate = _image(2, 1, 28, 28), _same("pad_crop")
    there = translate(image, Domain("digits"), Domain("numbers"))
    assert there.shape == (2, 1, 32, 32)
    assert torch.equal(there[:, :, 2:30, 2:30], image)
    assert (there == -1).sum() == 2 * (32 * 32 - 28 * 28)  # a ring of 240 px of MNIST's background
    assert torch.equal(translate(there, Domain("numbers"), Domain("digits")), image)


def test_an_odd_remainder_goes_to_the_bottom_and_to_the_right() -> None:
    image = _image(1, 1, 5, 6)
    whole = padded(image, (8, 11), 0.5)
    assert torch.equal(whole[:, :, 1:6, 2:8], image)
    assert whole.sum().item() == pytest.approx(image.sum().item() + 0.5 * (88 - 30), rel=1e-5)
    assert torch.equal(cropped_to(whole, (5, 6)), image)


def test_resizing_loses_a_little() -> None:
    image, translate = _image(1, 1, 28, 28), _same("resize")
    there = translate(image, Domain("digits"), Domain("numbers"))
    assert torch.equal(there, F.interpolate(image, (32, 32), mode="bilinear", align_corners=False, antialias=True))
    assert not torch.equal(translate(there, Domain("numbers"), Domain("digits")), image)


def _convolved(image: Tensor, convolution: nn.Conv2d, pad: int) -> Tensor:
    return F.conv2d(F.pad(image, (pad,) * 4, mode="reflect"), convolution.weight, convolution.bias)


def test_convolutions_grow_28_to_32_and_shrink_32_to_28() -> None:
    torch.manual_seed(0)
    canvas = canvas_of(IMAGES)
    assert canvas == (32, 32)
    up = stretched(resnet_generator(1, 3, width=4, blocks=1), SMALL, LARGE, canvas)
    down = stretched(resnet_generator(3, 1, width=4, blocks=1), LARGE, SMALL, canvas)
    small, large = _image(2, 1, 28, 28), _image(2, 3, 32, 32)
    entered = up[0](small)
    assert entered.shape == (2, 4, 32, 32)  # 28 + 2 * 5 - 6
    assert torch.allclose(entered, F.relu(F.instance_norm(_convolved(small, up[0][1], 5))), atol=1e-5)
    assert up(small).shape == (2, 3, 32, 32) and down(large).shape == (2, 1, 28, 28)  # 32 + 2 * 1 - 6
    inside = down[:-1](large)
    assert torch.allclose(down(large), torch.tanh(_convolved(inside, down[-1][1], 1)))
    assert torch.allclose(down(large), torch.tanh(_convolved(inside, down[-1][1], 3))[:, :, 2:30, 2:30], atol=1e-6)


def test_convolutions_bridge_at_most_six() -> None:
    network = resnet_generator(1, 1, width=2, blocks=1)
    stretched(network, ImageSpec(1, 26, 32), ImageSpec(1, 26, 30), (32, 32))
    assert network(_image(1, 1, 26, 32)).shape == (1, 1, 26, 30)
    for target in (ImageSpec(1, 24, 32), ImageSpec(1, 29, 32)):
        with pytest.raises(
            UsageError,
            match=rf"bridge {target.height}x32 and 32x32 px: the difference must be even and at most 6; otherwise set fit=resize",
        ):
            stretched(resnet_generator(1, 1, width=2, blocks=1), LARGE, target, (32, 32))


@pytest.mark.parametrize("how", get_args(Fit))
def test_cyclegan_with_each_fit(how: Fit) -> None:
    settings = CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1, fit=how)
    torch.manual_seed(0)
    translator = build(Space(IMAGES), settings).translator
    there = translator(_image(2, 1, 28, 28), Domain("digits"), Domain("numbers"))
    back = translator(there, Domain("numbers"), Domain("digits"))
    assert there.shape == (2, 3, 32, 32) and back.shape == (2, 1, 28, 28)
    assert there.abs().max() <= 1 and back.abs().max() <= 1


def test_the_identity_loss_where_a_generator_takes_its_own_space() -> None:
    gray = Space({"digits": SMALL, "numbers": ImageSpec(1, 32, 32)})
    small = {"width": 4, "blocks": 1, "critic_width": 4, "critic_layers": 1}
    weights = {
        how: build(gray, CycleGAN(**small, fit=how)).phases[0].objective.terms["identity"][0] for how in get_args(Fit)
    }  # fmt: skip
    assert weights == {"resize": 5.0, "pad_crop": 5.0, "valid_conv": 0.0}


def test_the_identity_loss_of_the_luminance_where_channels_differ() -> None:
    small = {"width": 4, "blocks": 1, "critic_width": 4, "critic_layers": 1}
    space = Space(IMAGES)
    off, on = (build(space, CycleGAN(**small, luminance=weight)) for weight in (0.0, 0.5))
    assert off.phases[0].objective.terms["identity"][0] == 0
    weight, _ = on.phases[0].objective.terms["identity"]
    found, _ = phase_losses(on, "generators", space)
    batch, wanted = batch_for(on, space), torch.zeros(())
    for name in IMAGES:
        image = batch[name].image
        same = on.translator(image, Domain(name), Domain(name))
        wanted = wanted + weight * (luminance(same) - luminance(image)).abs().mean()
    assert weight == 5 and found["identity"].item() == pytest.approx(wanted.item(), rel=1e-5)
    with pytest.raises(UsageError, match=r"luminance=0.5 .* set fit=resize"):
        build(space, CycleGAN(**small, luminance=0.5, fit="valid_conv"))
