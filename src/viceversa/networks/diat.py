"""The networks of the DIAT-like method: a transform under a mask, and a discriminator that shows its features."""

from __future__ import annotations

from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.journey import Judgment
from viceversa.core.space import ImageSpec
from viceversa.networks.blocks import check_multiple
from viceversa.networks.stargan import critic_layers, critic_trunk


class MaskedTransform(nn.Module):
    """x (1 - m) + m y: the transform y in [-1, 1] and the mask m in [0, 1], of one plane, from one generator of C + 1 channels.

    (N, C, H, W) -> (N, C, H, W) in [-1, 1]; sides multiples of 4. The paper's second version has a network for each of the two.
    """

    def __init__(self, network: nn.Module, channels: int) -> None:
        super().__init__()
        self.channels, self.network = channels, network

    def forward(self, image: Tensor) -> Tensor:
        painted, mask = self.network(image).split([self.channels, 1], 1)
        mask = (mask + 1) / 2
        return image * (1 - mask) + mask * painted  # type: ignore[no-any-return]


class SeeingDiscriminator(nn.Module):
    """(N, C, H, W) -> a map of raw scores (N, 1, H', W'), and the features of every layer.

    As many strided convolutions as StarGAN's discriminator has, without norm: 4 at 32 px, 6 from 128 px on.
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
