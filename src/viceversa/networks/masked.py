"""A small masked residual generator: it predicts a mask, repaints inside it, and keeps the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.networks.adapters import in_channels
from viceversa.networks.blocks import check_multiple, normalized_layer, normalized_residual, with_planes
from viceversa.networks.slots import Slots


class MaskedGenerator(nn.Module):
    """Masked generator x (1 - m) + m y: (N, C, H, W), (N, label_width) -> (N, channels, H, W) in [-1, 1]; sides are multiples of 4.

    Colors y = tanh(.) and mask m = sigmoid(. - 1) come from one network, whose input is the image and the target's planes. If
    `channels` differ from C, x is the source's luminance, or gray repeated three times. The network works at half size (pixel
    unshuffle) with `blocks` residual blocks at a quarter, where the label planes enter again. The mask is that of GANimation
    (arXiv 1807.09251, eq. 1); the rest is our own.
    """

    label_slots: ClassVar[Mapping[str, Slots]] = {"enter.1.0.weight": Slots(1, 4), "condition.weight": Slots(1, 1)}

    def __init__(self, spec: ImageSpec, label_width: int, *, width: int = 32, blocks: int = 4, channels: int | None = None) -> None:
        super().__init__()
        check_multiple(spec.height, spec.width, 4)
        inner = 2 * width
        self.enter = nn.Sequential(
            nn.PixelUnshuffle(2),
            normalized_layer(nn.Conv2d(4 * (spec.channels + label_width), width, 3, 1, 1, bias=False), width),
            normalized_layer(nn.Conv2d(width, inner, 4, 2, 1, bias=False), inner),
        )
        self.condition = nn.Conv2d(inner + label_width, inner, 1)
        self.blocks = nn.Sequential(*(normalized_residual(inner) for _ in range(blocks)))
        self.leave = nn.Sequential(
            normalized_layer(nn.ConvTranspose2d(inner, width, 4, 2, 1, bias=False), width),
            nn.Conv2d(width, 4 * ((channels or spec.channels) + 1), 3, 1, 1),
            nn.PixelShuffle(2),
        )

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        hidden = self.condition(with_planes(self.enter(with_planes(image, label)), label))
        return repainted(image, self.leave(self.blocks(hidden)), 1)


def repainted(image: Tensor, made: Tensor, bias: float) -> Tensor:
    """Return x (1 - m) + m tanh(c), where `made` has the colors c and one plane for the mask m = sigmoid(plane - bias).

    If the channels differ from the image's, x is the image's luminance, or gray repeated three times.
    """
    channels = made.shape[1] - 1
    colors, mask = made.split([channels, 1], 1)  # type: ignore[no-untyped-call]
    mask = torch.sigmoid(mask - bias)
    return in_channels(image, channels) * (1 - mask) + mask * torch.tanh(colors)
