"""pix2pix's U-Net (arXiv 1611.07004, appendix 6.1, as in the official code)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.networks.blocks import check_multiple, initialize_normal


class UNet(nn.Module):
    """pix2pix's U-Net: (N, channels_in, H, W) -> (N, C, H, W) in [-1, 1], halved as often as possible, and back, with a skip at
    every size.

    Encoder: strided 4x4 convolutions of widths w, 2w, 4w, 8w, 8w, ..., with batch norm except in the first and the last one, leaky
    ReLU. Decoder: the mirror; each layer also gets the encoder's output of its size. At most three of its layers from 8w to 8w
    have dropout 0.5 in training. This is the only noise of the method. The paper also keeps it on after training; here it is off
    then.
    """

    def __init__(self, channels_in: int, spec: ImageSpec, *, width: int = 64) -> None:
        super().__init__()
        layers = int(math.log2(min(spec.height, spec.width)))
        check_multiple(spec.height, spec.width, 2**layers)
        widths = [width * min(2**number, 8) for number in range(layers)]
        self.down, self.up = nn.ModuleList([nn.Conv2d(channels_in, width, 4, 2, 1, bias=False)]), nn.ModuleList()
        for number in range(1, layers):
            convolution = nn.Conv2d(widths[number - 1], widths[number], 4, 2, 1, bias=False)
            norm = [nn.BatchNorm2d(widths[number])] if number < layers - 1 else []
            self.down.append(nn.Sequential(nn.LeakyReLU(0.2), convolution, *norm))
        dropped = 0
        for number in range(layers - 1, 0, -1):
            inner, outer = widths[number] * (1 if number == layers - 1 else 2), widths[number - 1]
            drops = number < layers - 1 and widths[number] == outer == 8 * width and dropped < 3
            dropped += drops
            layer = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False), nn.BatchNorm2d(outer))
            self.up.append(layer.append(nn.Dropout(0.5)) if drops else layer)
        self.leave = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(2 * width, spec.channels, 4, 2, 1), nn.Tanh())
        initialize_normal(self)

    def forward(self, image: Tensor) -> Tensor:
        skips = []
        for layer in self.down:
            image = layer(image)
            skips.append(image)
        image = skips.pop()
        for layer in self.up:
            image = torch.cat([layer(image), skips.pop()], 1)
        return self.leave(image)  # type: ignore[no-any-return]
