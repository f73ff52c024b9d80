"""Generator and discriminator of StarGAN (arXiv 1711.09020, tables 4 and 5, as in the official code)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError
from viceversa.networks.blocks import (
    HalvingConvolution,
    Norm,
    affine_norm,
    check_multiple,
    normalized_layer,
    normalized_residual,
    with_planes,
)
from viceversa.networks.slots import Slots


class LabelGenerator(nn.Module):
    """StarGAN's generator of an image and its target's label planes: (N, C, H, W), (N, label_width) -> (N, channels, H, W) in [-1,
    1].

    Layers: c7-w, d2w, d4w, `blocks` x R4w, u2w, uw, c7-C, tanh; instance norm with weights, convolutions without biases, zero
    padding. With reflection padding, instance norm would erase the label planes (docs/methods.md, Traps). It has 8,430,528
    parameters with 5 label columns and width 64.

    Args:
        spec: pixels of the input.
        label_width: number of label columns.
        width: channels of the first layer.
        blocks: number of residual blocks.
        last_norm: whether an instance norm precedes the tanh, as in the code of the multicyclic loss's author; the biases of its
            convolutions are left out, because they have no effect before a norm.
        tanh: whether the network ends with tanh; Fixed-Point GAN first adds its source.
        norm: norm of every layer, and bias: whether convolutions have biases; RelGAN changes both.
        channels: channels of the output, by default those of the input.
    """

    label_slots: ClassVar[Mapping[str, Slots]] = {"layers.0.0.weight": Slots(1, 1)}

    def __init__(
        self,
        spec: ImageSpec,
        label_width: int,
        *,
        width: int = 64,
        blocks: int = 6,
        last_norm: bool = False,
        tanh: bool = True,
        norm: Norm = affine_norm,
        bias: bool = False,
        channels: int | None = None,
    ) -> None:
        super().__init__()
        check_multiple(spec.height, spec.width, 4)
        channels = channels or spec.channels
        self.layers = nn.Sequential(
            normalized_layer(nn.Conv2d(spec.channels + label_width, width, 7, 1, 3, bias=bias), width, norm),
            normalized_layer(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=bias), 2 * width, norm),
            normalized_layer(nn.Conv2d(2 * width, 4 * width, 4, 2, 1, bias=bias), 4 * width, norm),
            *(normalized_residual(4 * width, norm, bias) for _ in range(blocks)),
            normalized_layer(nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1, bias=bias), 2 * width, norm),
            normalized_layer(nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=bias), width, norm),
            nn.Sequential(
                nn.Conv2d(width, channels, 7, 1, 3, bias=bias),
                *([affine_norm(channels)] if last_norm else []),
                *([nn.Tanh()] if tanh else []),
            ),
        )

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        return self.layers(with_planes(image, label))  # type: ignore[no-any-return]


def critic_layers(spec: ImageSpec) -> int:
    """Return the number of strided layers that leave a last map of 2x2, at most 6 (from 128 px on)."""
    return min(int(math.log2(min(spec.height, spec.width))) - 1, 6)


def critic_trunk(channels: int, width: int, layers: int, slope: float = 0.01) -> nn.Sequential:
    """Return strided convolutions of widths w, 2w, 4w, ... with leaky ReLUs and without norm; each halves the sides."""
    widths = [channels] + [width * 2**number for number in range(layers)]
    trunk = nn.Sequential()
    for before, after in itertools.pairwise(widths):
        trunk.append(nn.Sequential(HalvingConvolution(before, after), nn.LeakyReLU(slope)))
    return trunk


class Added(nn.Module):
    """Residual generator x + G(x, c), limited to [-1, 1] by tanh or by clamping (arXiv 1908.06965)."""

    def __init__(self, network: nn.Module, *, clamp: bool) -> None:
        super().__init__()
        self.network, self.clamp = network, clamp

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        total: Tensor = image + self.network(image, label)
        return total.clamp(-1, 1) if self.clamp else total.tanh()


class ClassifyingDiscriminator(nn.Module):
    """StarGAN's discriminator with two heads: (N, C, H, W) -> scores (N, 1, H / 2^layers, W / 2^layers) and logits (N,
    label_width).

    The trunk has `layers` strided convolutions of widths w, 2w, 4w, ... without norm. It has 44,762,048 parameters at 128 px, with
    5 label columns and width 64.

    Args:
        spec: pixels of the images.
        label_width: number of label columns.
        width: channels of the first layer.
        layers: number of strided convolutions; 0 for as many as leave a last map of 2x2, at most 6 (from 128 px on).
        slope: slope of the leaky ReLUs below 0.
        bias: whether the heads have biases; StarGAN's code has none, that of the multicyclic loss's author does.
    """

    label_slots: ClassVar[Mapping[str, Slots]] = {"classes.weight": Slots(0, 1), "classes.bias": Slots(0, 1)}

    def __init__(
        self, spec: ImageSpec, label_width: int, *, width: int = 64, layers: int = 0, slope: float = 0.01, bias: bool = False
    ) -> None:
        super().__init__()
        layers = layers or critic_layers(spec)
        shrink = 2**layers
        if spec.height < shrink or spec.width < shrink:
            many = f"{layers} layers are too many for images of {spec.height}x{spec.width} pixels"
            raise UsageError(f"{many}: give the discriminator fewer layers.")
        check_multiple(spec.height, spec.width, shrink)
        self.trunk = critic_trunk(spec.channels, width, layers, slope)
        last = width * 2 ** (layers - 1)
        self.score = nn.Conv2d(last, 1, 3, 1, 1, bias=bias)
        self.classes = nn.Conv2d(last, label_width, (spec.height // shrink, spec.width // shrink), bias=bias)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(image)
        return self.score(features), self.classes(features).flatten(1)
