"""Networks of StarGAN v2 (arXiv 1912.01865, appendix F): a styled generator, and networks with one output per domain.

A domain is selected by a one-hot row for each image: (N, domains).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.networks.blocks import check_multiple, instance_norm


class DownBlock(nn.Module):
    """Residual block (shortcut + residual) / sqrt(2) with pre-activation, optionally with instance norm and halved by average
    pooling."""

    def __init__(self, channels_in: int, channels_out: int, *, norm: bool = False, halve: bool = False) -> None:
        super().__init__()
        norms = [instance_norm(channels_in, affine=True) if norm else nn.Identity() for _ in range(2)]
        self.residual = nn.Sequential(
            norms[0], nn.LeakyReLU(0.2), nn.Conv2d(channels_in, channels_in, 3, 1, 1), *_halving(halve),
            norms[1], nn.LeakyReLU(0.2), nn.Conv2d(channels_in, channels_out, 3, 1, 1),
        )  # fmt: skip
        widened = [nn.Conv2d(channels_in, channels_out, 1, bias=False)] if channels_in != channels_out else []
        self.shortcut = nn.Sequential(*widened, *_halving(halve))

    def forward(self, image: Tensor) -> Tensor:
        return (self.shortcut(image) + self.residual(image)) / math.sqrt(2)  # type: ignore[no-any-return]


def _halving(halve: bool) -> Sequence[nn.Module]:
    return [nn.AvgPool2d(2)] if halve else []


class AdaptiveNorm(nn.Module):
    """Adaptive instance norm (1 + gamma) IN(x) + beta, with (gamma, beta) linear in the style (N, S)."""

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.norm, self.affine = instance_norm(channels), nn.Linear(style, 2 * channels)

    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        gamma, beta = self.affine(style)[:, :, None, None].chunk(2, 1)
        return (1 + gamma) * self.norm(image) + beta  # type: ignore[no-any-return]


class UpBlock(nn.Module):
    """Residual block (shortcut + residual) / sqrt(2) with adaptive norms, optionally doubled by repeating pixels."""

    def __init__(self, channels_in: int, channels_out: int, style: int, *, double: bool = False) -> None:
        super().__init__()
        self.norms = nn.ModuleList([AdaptiveNorm(channels_in, style), AdaptiveNorm(channels_out, style)])
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(channels_in, channels_out, 3, 1, 1), nn.Conv2d(channels_out, channels_out, 3, 1, 1)]
        )
        self.widen = nn.Conv2d(channels_in, channels_out, 1, bias=False) if channels_in != channels_out else nn.Identity()
        self.scale = 2 if double else 1

    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        hidden = self._doubled(F.leaky_relu(self.norms[0](image, style), 0.2))
        hidden = F.leaky_relu(self.norms[1](self.convolutions[0](hidden), style), 0.2)
        return (self.widen(self._doubled(image)) + self.convolutions[1](hidden)) / math.sqrt(2)  # type: ignore[no-any-return]

    def _doubled(self, image: Tensor) -> Tensor:
        return image if self.scale == 1 else F.interpolate(image, scale_factor=2.0, mode="nearest")


class StyledGenerator(nn.Module):
    """Styled generator: (N, C, H, W) and styles (N, S) -> (N, C, H, W), unbounded. Images are clamped to [-1, 1] when they are
    shown.

    It has log2(side) - 4 halvings, at least one, with widths doubling up to `most`; two blocks without and two with style at the
    bottom; and the mirror upwards. The high-pass skips for aligned faces need a landmark network and are not built.
    """

    def __init__(self, spec: ImageSpec, *, style: int, width: int, most: int) -> None:
        super().__init__()
        halvings = max(1, _halvings(spec) - 4)
        check_multiple(spec.height, spec.width, 2**halvings)
        widths = [min(width * 2**number, most) for number in range(halvings + 1)]
        pairs = list(itertools.pairwise(widths))
        self.enter = nn.Conv2d(spec.channels, widths[0], 3, 1, 1)
        self.encode = nn.Sequential(
            *(DownBlock(*pair, norm=True, halve=True) for pair in pairs),
            *(DownBlock(widths[-1], widths[-1], norm=True) for _ in "ab"),
        )
        self.decode = nn.ModuleList(UpBlock(widths[-1], widths[-1], style) for _ in "ab")
        self.decode.extend(UpBlock(after, before, style, double=True) for before, after in reversed(pairs))
        self.leave = nn.Sequential(instance_norm(widths[0], affine=True), nn.LeakyReLU(0.2), nn.Conv2d(widths[0], spec.channels, 1))
        initialize_he(self)

    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        hidden = self.encode(self.enter(image))
        for block in self.decode:
            hidden = block(hidden, style)
        return self.leave(hidden)  # type: ignore[no-any-return]


class MappingNetwork(nn.Module):
    """Mapping network from latent codes (N, latent) to styles (N, S): four shared layers, then three and a last one for each
    domain."""

    def __init__(self, domains: int, *, latent: int, style: int, hidden: int = 512) -> None:
        super().__init__()
        self.shared = nn.Sequential(*_perceptron(latent, hidden, 4))
        self.branches = nn.ModuleList(
            nn.Sequential(*_perceptron(hidden, hidden, 3), nn.Linear(hidden, style)) for _ in range(domains)
        )
        initialize_he(self)

    def forward(self, code: Tensor, domain: Tensor) -> Tensor:
        shared = self.shared(code)
        return picked(torch.stack([branch(shared) for branch in self.branches], 1), domain)


def _perceptron(inputs: int, hidden: int, layers: int) -> list[nn.Module]:
    widths = [inputs] + [hidden] * layers
    return [part for pair in itertools.pairwise(widths) for part in (nn.Linear(*pair), nn.ReLU())]


class BranchedReader(nn.Module):
    """Network with one trunk and a linear layer for each domain: images -> (N, outputs). It is the style encoder, and with 1
    output the discriminator."""

    def __init__(self, spec: ImageSpec, domains: int, *, outputs: int, width: int, most: int) -> None:
        super().__init__()
        halvings = max(1, _halvings(spec) - 2)
        check_multiple(spec.height, spec.width, 2**halvings)
        widths = [min(width * 2**number, most) for number in range(halvings + 1)]
        last = widths[-1]
        self.trunk = nn.Sequential(
            nn.Conv2d(spec.channels, widths[0], 3, 1, 1),
            *(DownBlock(*pair, halve=True) for pair in itertools.pairwise(widths)),
            nn.LeakyReLU(0.2),
            nn.Conv2d(last, last, (spec.height // 2**halvings, spec.width // 2**halvings)),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
        )
        self.branches = nn.ModuleList(nn.Linear(last, outputs) for _ in range(domains))
        initialize_he(self)

    def forward(self, image: Tensor, domain: Tensor) -> Tensor:
        features = self.trunk(image)
        return picked(torch.stack([branch(features) for branch in self.branches], 1), domain)


def picked(outputs: Tensor, domain: Tensor) -> Tensor:
    """Return, of outputs (N, domains, width), those of each image's domain: (N, width)."""
    return (outputs * domain[:, :, None].to(outputs)).sum(1)


def initialize_he(network: nn.Module) -> None:
    """Draw weights of convolutions and linear layers from He's normal distribution (fan-in), and set biases to 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _halvings(spec: ImageSpec) -> int:
    return int(math.log2(min(spec.height, spec.width)))
