"""What the toy methods share: an optimizer, and the smallest networks that paint and read."""

from __future__ import annotations

from torch import nn

from viceversa.method import Optimizer

ADAM = Optimizer(1e-3)


def painter(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels_in, 6, 3, 1, 1), nn.ReLU(), nn.Conv2d(6, channels_out, 3, 1, 1), nn.Tanh())


def reader(channels: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, 6, 4, 2, 1), nn.LeakyReLU(0.2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, outputs)
    )
