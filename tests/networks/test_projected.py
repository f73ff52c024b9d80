"""Projected discriminators: what learns, what does not, and shapes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from contracts.case import ALIKE, PHOTOS
from contracts.gans import PROJECTED
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.methods import better_cycles, cyclegan, stargan
from viceversa.networks.lite0 import load_lite0
from viceversa.networks.projected import ProjectedDiscriminator, Projection, projected_discriminators


@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("side", [32, 64, 128])
def test_shapes(side: int, size: int) -> None:
    """Strides 2, 4 and 8 of the size; three heads of 8x8 leave 5x5 scores each."""
    projection = Projection(size)
    image = torch.rand(2, 3, side, side) * 2 - 1
    with torch.no_grad():
        found = [tuple(each.shape) for each in projection(image)]
        assert found == [(2, 64, size // 2, size // 2), (2, 64, size // 4, size // 4), (2, 128, size // 8, size // 8)]
        assert ProjectedDiscriminator(projection, (3,), width=8)(image).shape == (2, 75)
        scores, logits = ProjectedDiscriminator(projection, (3,), width=8, classes=4)(image)
    assert scores.shape == (2, 75) and logits.shape == (2, 4)


def test_gray_images_are_seen_three_times_and_pairs_side_by_side() -> None:
    projection, gray = Projection(64), torch.rand(2, 1, 32, 32) * 2 - 1
    with torch.no_grad():
        assert all(torch.equal(*each) for each in zip(projection(gray), projection(gray.expand(-1, 3, -1, -1)), strict=True))
        pair = ProjectedDiscriminator(projection, (1, 3), width=8)
        assert pair(torch.rand(2, 4, 32, 32)).shape == (2, 75)


def test_the_image_gets_a_gradient_and_the_feature_network_none() -> None:
    discriminator = ProjectedDiscriminator(Projection(64), (3,), width=8)
    before = copy.deepcopy(load_lite0().state_dict())
    image = (torch.rand(2, 3, 32, 32) * 2 - 1).requires_grad_()
    optimizer = torch.optim.SGD(discriminator.parameters(), 0.1)
    discriminator(image).mean().backward()
    optimizer.step()
    assert image.grad is not None and image.grad.abs().sum((1, 2, 3)).min() > 0
    assert all(weight.grad is None and not weight.requires_grad for weight in load_lite0().parameters())
    assert all(torch.equal(before[name], weight) for name, weight in load_lite0().state_dict().items())


def test_one_projection_serves_a_method_and_is_in_no_checkpoint() -> None:
    torch.manual_seed(0)
    one = projected_discriminators(ALIKE.images, size=64, width=8)
    assert len({id(each.projection) for each in one.values()}) == 1
    names = nn.ModuleDict(one).state_dict()
    assert names and not any("projection" in name for name in names)
    torch.manual_seed(1)
    other = Projection(64)
    mine = next(iter(one.values())).projection
    assert all(torch.equal(*pair) for pair in zip(mine.buffers(), other.buffers(), strict=True))  # by a fixed seed


def test_the_projection_moves_with_its_discriminator() -> None:
    moved = ProjectedDiscriminator(Projection(64), (3,), width=8).to("meta")
    assert {buffer.device.type for buffer in moved.projection.buffers()} == {"meta"}
    assert moved(torch.rand(2, 3, 32, 32, device="meta")).device.type == "meta"  # EfficientNet-Lite0 follows the image


def test_a_method_of_labels_reads_them_beside_the_score() -> None:
    method = stargan.build(PHOTOS, stargan.StarGAN(width=4, blocks=1, critic_width=8, **PROJECTED))
    judged = method.discriminate(torch.rand(2, 3, 8, 8), None)
    assert judged.score.shape == (2, 75) and judged.logits.shape == (2, 4)


def test_better_cycles_needs_a_patch_discriminator() -> None:
    settings: Any = {"width": 4, "blocks": 1, **PROJECTED}
    with pytest.raises(UsageError, match=r"leave `method\.cyclegan\.critic` at patch"):
        better_cycles.build(ALIKE, better_cycles.BetterCycles(cyclegan=cyclegan.CycleGAN(**settings)))


def test_images_of_other_channels_are_refused() -> None:
    with pytest.raises(UsageError, match="sees gray or color images, not 4 channels: set critic=patch"):
        ProjectedDiscriminator(Projection(64), (4,), width=8)


def test_images_smaller_than_a_patch_can_be_judged() -> None:
    space = Space({"a": ImageSpec(3, 8, 8), "b": ImageSpec(3, 8, 8)})
    cyclegan.build(space, cyclegan.CycleGAN(width=4, blocks=1, critic_width=8, **PROJECTED))
    with pytest.raises(UsageError, match="fewer layers"):
        cyclegan.build(space, cyclegan.CycleGAN(width=4, blocks=1, critic_width=8))
