"""Networks of IcGAN (arXiv 1611.06355, as in the authors' code): a conditional GAN, and the encoders that invert it.

Labels enter the networks as 2 c - 1, that is as -1 and 1.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.networks.blocks import check_multiple, halvings, initialize_normal, with_planes


class Decoder(nn.Module):
    """Generator of the conditional GAN: codes (N, latent) and labels (N, K) -> images (N, C, H, W) in [-1, 1].

    Layers: transposed convolutions, batch norm, ReLU; tanh at the end.
    """

    def __init__(self, spec: ImageSpec, label_width: int, *, latent: int, width: int) -> None:
        super().__init__()
        count = halvings(spec)
        check_multiple(spec.height, spec.width, 2**count)
        widths = [width * 2**number for number in reversed(range(count))]
        corner = (spec.height // 2**count, spec.width // 2**count)
        self.layers = nn.Sequential(_upward(nn.ConvTranspose2d(latent + label_width, widths[0], corner), widths[0]))
        for before, after in itertools.pairwise(widths):
            self.layers.append(_upward(nn.ConvTranspose2d(before, after, 4, 2, 1), after))
        self.layers.extend([nn.ConvTranspose2d(widths[-1], spec.channels, 4, 2, 1), nn.Tanh()])
        initialize_normal(self)

    def forward(self, code: Tensor, label: Tensor) -> Tensor:
        return self.layers(torch.cat([code, 2 * label - 1], 1)[:, :, None, None])  # type: ignore[no-any-return]


def _upward(convolution: nn.Module, channels: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(channels), nn.ReLU())


class PairDiscriminator(nn.Module):
    """Discriminator of images and labels, with raw scores (N, 1, 1, 1). The label's planes are added after the first layer."""

    def __init__(self, spec: ImageSpec, label_width: int, *, width: int) -> None:
        super().__init__()
        count = halvings(spec)
        self.first = nn.Sequential(nn.Conv2d(spec.channels, width, 4, 2, 1), nn.LeakyReLU(0.2))
        widths = [width * 2**number for number in range(count)]
        self.rest = nn.Sequential()
        for number, (before, after) in enumerate(itertools.pairwise(widths)):
            inputs = before + (0 if number else label_width)
            self.rest.append(nn.Sequential(nn.Conv2d(inputs, after, 4, 2, 1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)))
        last = widths[-1] + (label_width if count == 1 else 0)
        self.rest.append(nn.Conv2d(last, 1, (spec.height // 2**count, spec.width // 2**count)))
        initialize_normal(self)

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        return self.rest(with_planes(self.first(image), 2 * label - 1))  # type: ignore[no-any-return]


def encoder(spec: ImageSpec, outputs: int, *, width: int, hidden: int) -> nn.Sequential:
    """Return an encoder from images to (N, outputs).

    Layers: strided 5x5 convolutions of widths w, 2w, ..., with batch norm and ReLU; then a hidden layer and a linear one.
    """
    count = halvings(spec)
    widths = [spec.channels, *(width * 2**number for number in range(count))]
    network = nn.Sequential()
    for before, after in itertools.pairwise(widths):
        network.append(nn.Sequential(nn.Conv2d(before, after, 5, 2, 2), nn.BatchNorm2d(after), nn.ReLU()))
    flat = widths[-1] * (spec.height // 2**count) * (spec.width // 2**count)
    network.extend([nn.Flatten(), nn.Linear(flat, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, outputs)])
    initialize_normal(network)
    return network
