"""Building blocks that several networks share."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError


def instance_norm(channels: int, *, affine: bool = False) -> nn.GroupNorm:
    """Return an instance norm, written as group norm with one channel per group: the same numbers, no running statistics,
    faster."""
    return nn.GroupNorm(channels, channels, affine=affine)


class HalvingConvolution(nn.Conv2d):
    """4x4 convolution with stride 2 and padding 1: (N, C, H, W) -> (N, C', H / 2, W / 2), rounded down.

    Deep layers of a discriminator have millions of weights and few positions. On a CPU they are computed there as a product of two
    matrices, patches and weights: the same sums in another order, 2 to 4 times as fast forward and backward (torch 2.13).
    """

    ROWS = 8
    """Number of channels per position of the batch from which the matrix product is faster."""

    def __init__(self, before: int, after: int, *, bias: bool = True) -> None:
        super().__init__(before, after, 4, 2, 1, bias=bias)

    def forward(self, image: Tensor) -> Tensor:
        count, height, width = len(image), image.shape[2] // 2, image.shape[3] // 2
        if image.device.type != "cpu" or self.out_channels < self.ROWS * count * height * width:
            return super().forward(image)
        patches = F.unfold(image, 4, padding=1, stride=2).transpose(1, 2)
        made = F.linear(patches.reshape(count * height * width, -1), self.weight.flatten(1), self.bias)
        return made.view(count, height, width, -1).permute(0, 3, 1, 2).contiguous()


Norm = Callable[[int], nn.Module]
"""Function from a number of channels to a norm layer."""


def affine_norm(channels: int) -> nn.Module:
    """Return an instance norm with weights."""
    return instance_norm(channels, affine=True)


class Residual(nn.Module):
    """Residual block x + body(x), without an activation after the sum."""

    def __init__(self, *body: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, image: Tensor) -> Tensor:
        return image + self.body(image)  # type: ignore[no-any-return]


def normalized_layer(convolution: nn.Module, channels: int, norm: Norm = affine_norm) -> nn.Sequential:
    """Return StarGAN's layer: a convolution to `channels`, a norm and ReLU."""
    return nn.Sequential(convolution, norm(channels), nn.ReLU())


def normalized_residual(channels: int, norm: Norm = affine_norm, bias: bool = False) -> Residual:
    """Return StarGAN's residual block: two 3x3 convolutions with zero padding, and norms. bias: whether the convolutions have
    biases."""
    return Residual(
        normalized_layer(nn.Conv2d(channels, channels, 3, 1, 1, bias=bias), channels, norm),
        nn.Conv2d(channels, channels, 3, 1, 1, bias=bias),
        norm(channels),
    )


def planes(label: Tensor, like: Tensor) -> Tensor:
    """Return a label (N, K) as K constant planes with the size of `like`: (N, K, H, W)."""
    return label.to(like)[:, :, None, None].expand(-1, -1, *like.shape[2:])


def with_planes(image: Tensor, label: Tensor) -> Tensor:
    """Return the image with the planes of a label as additional channels: (N, C + K, H, W)."""
    return torch.cat([image, planes(label, image)], 1)


def initialize_normal(network: nn.Module, deviation: float = 0.02) -> nn.Module:
    """Draw weights of convolutions and linear layers from N(0, deviation), and set biases to 0 (as CycleGAN's code). Return the
    network."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, deviation)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network


def halvings(spec: ImageSpec, least: int = 1) -> int:
    """Return how often images can be halved until a map of 4x4 remains, and at least `least`: 5 at 128 px, 3 at 32 px."""
    return max(least, int(math.log2(min(spec.height, spec.width))) - 2)


def check_multiple(height: int, width: int, multiple: int) -> None:
    """Raise UsageError for images whose sides a network cannot halve and double back exactly."""
    if height % multiple or width % multiple:
        raise UsageError(f"images of {height}x{width} pixels do not fit this network: sides must be multiples of {multiple}.")
