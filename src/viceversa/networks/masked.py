"""A small masked-residual generator: it repaints where a mask that it draws itself says so, and keeps the rest."""

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
    """x (1 - m) + m y: colors y = tanh(.) and mask m = sigmoid(. - 1) from one network of the image and the target's planes.

    (N, C, H, W), (N, label_width) -> (N, channels, H, W) in [-1, 1]; sides multiples of 4. Where `channels` differ from C, x is the
    source's luminance, or its gray three times. Works at half size (pixel unshuffle), `blocks` residual blocks at a quarter,
    label planes again at their entry. The mask's form is GANimation's (arXiv 1807.09251, eq. 1); the rest is ours.
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
    """x (1 - m) + m tanh(c): made has the colors c and a plane whose sigmoid, after `bias` is subtracted, is the mask m.

    Where their channels differ from the image's, x is the image's luminance, or its gray three times.
    """
    channels = made.shape[1] - 1
    colors, mask = made.split([channels, 1], 1)  # type: ignore[no-untyped-call]
    mask = torch.sigmoid(mask - bias)
    return in_channels(image, channels) * (1 - mask) + mask * torch.tanh(colors)
