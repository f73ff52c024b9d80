"""Norms that are given the moments of the whole image, while they see a part of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from viceversa.inference.norms import Normalizing, moments_of
from viceversa.networks.augmented import ConditionalNorm
from viceversa.networks.blocks import affine_norm, instance_norm
from viceversa.networks.switchable import SwitchableNorm

NORMS: dict[str, Callable[[], nn.Module]] = {
    "instance": lambda: instance_norm(6),
    "affine": lambda: affine_norm(6),
    "two groups": lambda: nn.GroupNorm(2, 6),
    "torch's": lambda: nn.InstanceNorm2d(6),
    "torch's affine": lambda: nn.InstanceNorm2d(6, affine=True),
    "torch's running": lambda: nn.InstanceNorm2d(6, track_running_stats=True),
    "batch": lambda: nn.BatchNorm2d(6),
    "switchable": lambda: SwitchableNorm(6),
}


def shaken(module: nn.Module) -> nn.Module:
    """Ready for use, its weights and running statistics not those that do nothing."""
    generator = torch.Generator().manual_seed(0)
    for values in [*module.parameters(), *module.buffers()]:
        if values.is_floating_point():
            values.data += torch.rand(values.shape, generator=generator)
    return module.eval().requires_grad_(False)


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
def test_a_norm_with_the_moments_of_the_whole(norm: Callable[[], nn.Module]) -> None:
    module, image = shaken(norm()), torch.randn(1, 6, 8, 10) * 3 + torch.arange(10.0)
    whole = moments_of(image)
    with Normalizing(lambda number, values: whole) as mode:
        parts = torch.cat([module(image[..., :3]), module(image[..., 3:])], 3)
    assert mode.calls in (0, 2)
    assert torch.allclose(parts, module(image), atol=2e-6)


def test_a_norm_with_a_code_too() -> None:
    module, image, code = shaken(ConditionalNorm(6, 3)), torch.randn(1, 6, 8, 10) * 3, torch.randn(1, 3)
    whole = moments_of(image)
    with Normalizing(lambda number, values: whole):
        part = module(image[..., :3], code)
    assert torch.allclose(part, module(image, code)[..., :3], atol=2e-6)


def test_merged_moments_by_hand() -> None:
    parts = [moments_of(torch.tensor(values).reshape(1, 1, 1, -1)) for values in ([1.0, 3.0], [5.0, 7.0, 9.0, 11.0])]
    total = parts[0].merged(parts[1])
    assert (total.count, total.mean.item(), total.variance.item()) == (6, 6.0, pytest.approx(35 / 3))


def test_group_norm_by_position_and_by_name() -> None:
    image = torch.randn(1, 4, 6, 6)
    whole = moments_of(image)
    with Normalizing(lambda number, values: whole):
        by_name = F.group_norm(image, num_groups=2, eps=1e-3)
        by_position = F.group_norm(image, 2, None, None, 1e-3)
    assert torch.allclose(by_name, F.group_norm(image, 2, eps=1e-3), atol=1e-6) and torch.equal(by_name, by_position)
