"""Johnson's transformation network (arXiv 1603.08155), with nearest-neighbor upsampling and instance norm as in PyTorch's
example."""

from __future__ import annotations

from torch import nn

from viceversa.networks.blocks import Residual, affine_norm, initialize_normal


def transform_network(channels: int, channels_out: int = 3, *, width: int = 32) -> nn.Sequential:
    """Return the network: (N, channels, H, W) -> (N, channels_out, H, W); sides are multiples of 4.

    Layers: c9s1-w, c3s2-2w, c3s2-4w, five residual blocks, u2w, uw, c9s1-out; reflection padding and affine instance norm. The
    last convolution is linear, so the output is not limited to [-1, 1].
    """
    network = nn.Sequential(
        _convolution(channels, width, 9),
        _convolution(width, 2 * width, 3, stride=2), _convolution(2 * width, 4 * width, 3, stride=2),
        *(_residual(4 * width) for _ in range(5)),
        nn.Upsample(scale_factor=2), _convolution(4 * width, 2 * width, 3),
        nn.Upsample(scale_factor=2), _convolution(2 * width, width, 3),
        nn.ReflectionPad2d(4), nn.Conv2d(width, channels_out, 9),
    )  # fmt: skip
    initialize_normal(network)
    return network


def _convolution(before: int, after: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.ReflectionPad2d(kernel // 2), nn.Conv2d(before, after, kernel, stride), affine_norm(after), nn.ReLU())


def _residual(channels: int) -> Residual:
    return Residual(
        _convolution(channels, channels, 3), nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), affine_norm(channels)
    )
