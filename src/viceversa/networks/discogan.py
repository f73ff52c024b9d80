"""Networks of DiscoGAN (arXiv 1703.05192, as in the official code)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.journey import Judgment
from viceversa.core.space import ImageSpec
from viceversa.networks.blocks import check_multiple, halvings, initialize_normal


def encoder_decoder(channels_in: int, spec: ImageSpec, *, width: int) -> nn.Sequential:
    """Return DiscoGAN's generator: (N, channels_in, H, W) -> (N, C, H, W) in [-1, 1].

    It has strided 4x4 convolutions and their mirror, with batch norm and without skips. Differences from the official code: images
    there are in [0, 1], with a sigmoid where this network has tanh, and a bottleneck of 100 numbers is not built here.
    """
    check_multiple(spec.height, spec.width, 2 ** halvings(spec, 2))
    widths = [width * 2**number for number in range(halvings(spec, 2))]
    network = nn.Sequential(nn.Conv2d(channels_in, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2))
    for before, after in itertools.pairwise(widths):
        network.extend([nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)])
    for before, after in itertools.pairwise(reversed(widths)):
        network.extend([nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()])
    network.extend([nn.ConvTranspose2d(width, spec.channels, 4, 2, 1, bias=False), nn.Tanh()])
    initialize_normal(network)
    return network


class FeatureDiscriminator(nn.Module):
    """Discriminator: (N, C, H, W) -> raw scores (N, 1, 1, 1), and the features of all layers except the first."""

    def __init__(self, spec: ImageSpec, *, width: int) -> None:
        super().__init__()
        count = halvings(spec, 2)
        widths = [spec.channels, *(width * 2**number for number in range(count))]
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, after, 4, 2, 1, bias=False), *([nn.BatchNorm2d(after)] if number else []), nn.LeakyReLU(0.2)
            )
            for number, (before, after) in enumerate(itertools.pairwise(widths))
        )
        self.last = nn.Conv2d(widths[-1], 1, (spec.height // 2**count, spec.width // 2**count), bias=False)
        initialize_normal(self)

    def forward(self, image: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        features = []
        for layer in self.layers:
            image = layer(image)
            features.append(image)
        return self.last(image), tuple(features[1:])


class Feeling(nn.Module):
    """One discriminator with features for each space."""

    def __init__(self, discriminators: nn.ModuleDict) -> None:
        super().__init__()
        self.discriminators = discriminators

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        score, features = self.discriminators[domain.space](image)
        return Judgment(score, features=features)


def discriminators(images: Mapping[str, ImageSpec], *, width: int) -> dict[str, nn.Module]:
    """Return one discriminator for each space."""
    return {name: FeatureDiscriminator(spec, width=width) for name, spec in images.items()}
