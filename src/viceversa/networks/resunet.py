"""Residual U-Nets at full resolution that leave no grid pattern: one repaints inside a mask, one adds to the image."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.networks.adapters import in_channels
from viceversa.networks.blocks import Residual, affine_norm, check_multiple, with_planes
from viceversa.networks.masked import repainted
from viceversa.networks.slots import Slots


class ResUNet(nn.Module):
    """Residual U-Net generator: (N, C, H, W), (N, label_width) -> (N, channels, H, W) in [-1, 1]; sides are multiples of 4.

    The output is x (1 - m) + m tanh(c), with colors c and mask m = sigmoid(. - 3) at full resolution; with `added` it is tanh(x +
    c). If `channels` differ, x is the source's luminance, or gray repeated three times. At the start of the training the output is
    0.95 x, or tanh(x) with `added`.

    The mask lets a generator keep exactly what it does not repaint. It can also trap the generator at the identity: colors that
    saturate at white no longer learn black, as on icons. tanh(x + c) is the output of Fixed-Point GAN (arXiv 1908.06965). It never
    equals x by itself, so the label is learned from the start.

    Encoder: w channels at full size, 2w at half, 4w at a quarter, by average pooling and 3x3 convolutions. The label's planes
    enter again at a quarter, between a norm and a SiLU; without the SiLU, later norms would subtract them. Then come `blocks`
    pre-activation residual blocks. Decoder: bilinear upsampling, the encoder's features of that size added, a pre-activation
    convolution. Pooling and bilinear upsampling weigh all pixels equally, so no pattern with period 2 or 4 arises. Residual
    U-Nets: arXiv 1711.10684; pre-activation: arXiv 1603.05027; the rest is our own.
    """

    label_slots: ClassVar[Mapping[str, Slots]] = {"enter.weight": Slots(1, 1), "condition.weight": Slots(1, 1)}

    def __init__(
        self,
        spec: ImageSpec,
        label_width: int,
        *,
        width: int = 16,
        blocks: int = 4,
        channels: int | None = None,
        added: bool = False,
    ) -> None:
        super().__init__()
        check_multiple(spec.height, spec.width, 4)
        widths = (width, 2 * width, 4 * width)
        self.enter = nn.Conv2d(spec.channels + label_width, width, 3, 1, 1)
        self.down = nn.ModuleList(
            nn.Sequential(nn.AvgPool2d(2), activated(before, after)) for before, after in itertools.pairwise(widths)
        )
        self.norm = affine_norm(widths[2])
        self.condition = nn.Conv2d(widths[2] + label_width, widths[2], 1)
        self.blocks = nn.Sequential(
            *(Residual(activated(widths[2], widths[2]), activated(widths[2], widths[2], zero=True)) for _ in range(blocks))
        )
        self.up = nn.ModuleList(activated(before, after) for before, after in ((widths[2], widths[1]), (widths[1], widths[0])))
        self.merge = nn.ModuleList(Residual(activated(each, each, zero=True)) for each in (widths[1], widths[0]))
        self.added, self.channels = added, channels or spec.channels
        self.leave = activated(width, self.channels + (not added), zero=True)

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        hidden = self.enter(with_planes(image, label))
        skips = []
        for down in self.down:
            skips.append(hidden)
            hidden = down(hidden)
        hidden = self.blocks(F.silu(self.condition(with_planes(self.norm(hidden), label))))
        for up, merge in zip(self.up, self.merge, strict=True):
            enlarged = F.interpolate(up(hidden), scale_factor=2, mode="bilinear", align_corners=False)
            hidden = merge(enlarged + skips.pop())
        made = self.leave(hidden)
        return torch.tanh(in_channels(image, self.channels) + made) if self.added else repainted(image, made, 3)


def activated(before: int, after: int, *, zero: bool = False) -> nn.Sequential:
    """Return a norm, SiLU and a 3x3 convolution. zero: whether its weights start at 0."""
    convolution = nn.Conv2d(before, after, 3, 1, 1)
    if zero:
        nn.init.zeros_(convolution.weight)
        nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
    return nn.Sequential(affine_norm(before), nn.SiLU(), convolution)
