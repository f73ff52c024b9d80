"""CycleGAN's ResNet generator (arXiv 1703.10593, appendix 7.2, as in the official code)."""

from __future__ import annotations

from torch import nn

from viceversa.networks.blocks import Residual, initialize_normal, instance_norm


def resnet_generator(channels_in: int, channels_out: int, *, width: int = 64, blocks: int = 9) -> nn.Sequential:
    """Return CycleGAN's generator: (N, channels_in, H, W) -> (N, channels_out, H, W) in [-1, 1]; H and W are multiples of 4.

    Layers: c7s1-w, d2w, d4w, `blocks` x R4w, u2w, uw, c7s1-out, tanh; reflection padding, instance norm without weights. The last
    convolution has no norm, as in the official code (the paper lists one). It has 11,378,179 parameters for 3 -> 3 channels, width
    64 and 9 blocks.
    """
    down = [_down(width, 2 * width), _down(2 * width, 4 * width)]
    up = [_up(4 * width, 2 * width), _up(2 * width, width)]
    network = nn.Sequential(
        nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(channels_in, width, 7), instance_norm(width), nn.ReLU()),
        *down,
        *(reflected_residual(4 * width) for _ in range(blocks)),
        *up,
        nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(width, channels_out, 7), nn.Tanh()),
    )
    initialize_normal(network)
    return network


def _down(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, 2, 1), instance_norm(channels_out), nn.ReLU())


def _up(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(channels_in, channels_out, 3, 2, 1, 1), instance_norm(channels_out), nn.ReLU())


def reflected_residual(channels: int) -> Residual:
    """Return CycleGAN's residual block: two 3x3 convolutions, reflection padding, instance norm without weights."""
    return Residual(
        nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), instance_norm(channels), nn.ReLU(),
        nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), instance_norm(channels),
    )  # fmt: skip
