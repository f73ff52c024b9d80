"""Networks of CUT (arXiv 2007.15651): CycleGAN's with antialiased resampling, intermediate features of the encoder, and projection
heads."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.device import constant
from viceversa.networks.blocks import Residual, instance_norm
from viceversa.networks.resnet import reflected_residual


class Blurred(nn.Module):
    """Halving after smoothing with the binomial filter (1, 2, 1); borders are reflected (arXiv 1904.11486)."""

    def forward(self, image: Tensor) -> Tensor:
        kernel = _binomial(image, 1.0, 2.0, 1.0)
        return F.conv2d(F.pad(image, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=image.shape[1])


class Enlarged(nn.Module):
    """Doubling and smoothing with the binomial filter (1, 3, 3, 1); borders are continued."""

    def forward(self, image: Tensor) -> Tensor:
        kernel = 4 * _binomial(image, 1.0, 3.0, 3.0, 1.0)
        padded = F.pad(image, (1, 1, 1, 1), mode="replicate")
        return F.conv_transpose2d(padded, kernel, stride=2, padding=3, groups=image.shape[1])


def _binomial(like: Tensor, *numbers: float) -> Tensor:
    """Return the two-dimensional filter of these numbers, with sum 1, for each channel: (C, 1, k, k)."""
    row = constant(numbers, like.device, like.dtype)
    kernel = row[:, None] * row / row.sum() ** 2
    return kernel.expand(like.shape[1], 1, -1, -1)


def antialiased_generator(channels_in: int, channels_out: int, *, width: int = 64, blocks: int = 9) -> nn.Sequential:
    """Return CUT's generator: (N, channels_in, H, W) -> (N, channels_out, H, W) in [-1, 1]; sides are multiples of 4.

    Its layers form one flat sequence, so that `antialiased_stages` can number them.
    """
    network = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(channels_in, width, 7), instance_norm(width), nn.ReLU())
    for channels in (width, 2 * width):
        network.extend([nn.Conv2d(channels, 2 * channels, 3, 1, 1), instance_norm(2 * channels), nn.ReLU(), Blurred()])
    network.extend([reflected_residual(4 * width) for _ in range(blocks)])
    for channels in (4 * width, 2 * width):
        network.extend([Enlarged(), nn.Conv2d(channels, channels // 2, 3, 1, 1), instance_norm(channels // 2), nn.ReLU()])
    network.extend([nn.ReflectionPad2d(3), nn.Conv2d(width, channels_out, 7), nn.Tanh()])
    initialize_xavier(network)
    return network


def antialiased_stages(network: nn.Sequential) -> list[nn.Module]:
    """Return the parts of the generator whose outputs are compared: the padded image, both convolutions before a halving, and the
    first and the middle residual block."""
    blocks = sum(isinstance(layer, Residual) for layer in network)
    ends = dict.fromkeys((0, 1, 5, 9, 13, 13 + (blocks - 1) // 2))
    return [network[start:end] for start, end in itertools.pairwise(ends)]


def features(stages: Iterable[nn.Module], image: Tensor) -> list[Tensor]:
    """Return the output of each stage; the input of a stage is the output of the previous one."""
    found = []
    for stage in stages:
        image = stage(image)
        found.append(image)
    return found


def channels_of(stages: Sequence[nn.Module], spec: ImageSpec) -> list[int]:
    """Return the number of channels of each stage's output for images of that space. The stages are not changed."""
    copies = [copy.deepcopy(stage).eval() for stage in stages]
    with torch.no_grad():
        return [found.shape[1] for found in features(copies, torch.zeros(1, *spec.shape))]


def antialiased_discriminator(channels: int, *, width: int = 64, layers: int = 3) -> nn.Sequential:
    """Return CUT's discriminator, a PatchGAN that halves after smoothing: (N, channels, H, W) -> raw scores (N, 1, H', W')."""
    network, before = nn.Sequential(nn.Conv2d(channels, width, 4, 1, 1), nn.LeakyReLU(0.2), Blurred()), width
    for number in range(1, layers + 1):
        after = width * min(2**number, 8)
        network.extend([nn.Conv2d(before, after, 4, 1, 1), instance_norm(after), nn.LeakyReLU(0.2)])
        network.extend([Blurred()] if number < layers else [])
        before = after
    network.append(nn.Conv2d(before, 1, 4, 1, 1))
    initialize_xavier(network)
    return network


def projections(channels: Sequence[int], *, width: int = 256) -> nn.ModuleList:
    """Return a head of two linear layers for each number of channels."""
    heads = nn.ModuleList(nn.Sequential(nn.Linear(each, width), nn.ReLU(), nn.Linear(width, width)) for each in channels)
    initialize_xavier(heads)
    return heads


def initialize_xavier(network: nn.Module) -> None:
    """Draw weights from Xavier's normal distribution times 0.02, and set biases to 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_normal_(module.weight, gain=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
