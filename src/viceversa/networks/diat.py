"""Networks of the DIAT-like method: a transform with a mask, and a discriminator that returns its features."""

from __future__ import annotations

from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.journey import Judgment
from viceversa.core.space import ImageSpec
from viceversa.networks.blocks import check_multiple
from viceversa.networks.stargan import critic_layers, critic_trunk


class MaskedTransform(nn.Module):
    """Masked generator x (1 - m) + m y: (N, C, H, W) -> (N, C, H, W) in [-1, 1]; sides are multiples of 4.

    The transform y in [-1, 1] and the mask m in [0, 1], of one plane, come from one network with C + 1 output channels. The second
    version of the paper has a network for each.
    """

    def __init__(self, network: nn.Module, channels: int) -> None:
        super().__init__()
        self.channels, self.network = channels, network

    def forward(self, image: Tensor) -> Tensor:
        painted, mask = self.network(image).split([self.channels, 1], 1)
        mask = (mask + 1) / 2
        return image * (1 - mask) + mask * painted  # type: ignore[no-any-return]


class SeeingDiscriminator(nn.Module):
    """Discriminator: (N, C, H, W) -> a map of raw scores (N, 1, H', W'), and the features of every layer.

    It has as many strided convolutions as StarGAN's discriminator, without norm: 4 at 32 px, 6 from 128 px on.
    """

    def __init__(self, spec: ImageSpec, *, width: int) -> None:
        super().__init__()
        layers = critic_layers(spec)
        check_multiple(spec.height, spec.width, 2**layers)
        self.trunk = critic_trunk(spec.channels, width, layers, slope=0.2)
        self.score = nn.Conv2d(width * 2 ** (layers - 1), 1, 3, 1, 1)

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        features = []
        for layer in self.trunk:
            image = layer(image)
            features.append(image)
        return Judgment(self.score(image), features=tuple(features))
