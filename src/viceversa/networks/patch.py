"""The PatchGAN discriminator: one score for each overlapping patch (arXiv 1611.07004)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.errors import UsageError
from viceversa.networks.adapters import PerSpace
from viceversa.networks.blocks import Norm, initialize_normal, instance_norm


def patch_discriminator(channels: int, *, width: int = 64, layers: int = 3, norm: Norm = instance_norm) -> nn.Sequential:
    """(N, channels, H, W) -> raw scores (N, 1, H', W'); receptive fields 16, 34, 70, 142 pixels for 1 to 4 layers.

    C64-C128-C256-C512 for 3 layers, the last two convolutions with stride 1 as in the official code (the paper's text
    says 2). norm: pix2pix has batch norm in place of instance norm. 2,764,737 parameters at width 64 and 3 layers.
    """
    network = nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2))
    before = width
    for number in range(1, layers + 1):
        after = width * min(2**number, 8)
        stride = 2 if number < layers else 1
        network.append(nn.Sequential(nn.Conv2d(before, after, 4, stride, 1), norm(after), nn.LeakyReLU(0.2)))
        before = after
    network.append(nn.Conv2d(before, 1, 4, 1, 1))
    initialize_normal(network)
    return network


@dataclass(frozen=True)
class PatchFeatures:
    """What the first layers of a space's PatchGAN see of images. convolutions: so many layers; 0: all before the last convolution.

    Raises UsageError for more convolutions than stand before the last one.
    """

    critic: PerSpace
    convolutions: int

    def __post_init__(self) -> None:
        for network in self.critic.discriminators.values():
            if self.convolutions >= sum(isinstance(layer, nn.Conv2d) for layer in network.modules()):
                most = "it must not exceed the number of discriminator convolutions before the last one"
                raise UsageError(f"convolutions={self.convolutions} is too large: {most}.")

    def __call__(self, image: Tensor, domain: Domain) -> Tensor:
        network = self.critic.discriminators[domain.space]
        assert isinstance(network, nn.Sequential)
        # the first convolution and its ReLU are a layer each, later ones one together with norm and ReLU
        return network[: self.convolutions + 1 if self.convolutions else -1](image)  # type: ignore[no-any-return]


def check_patches(height: int, width: int, layers: int) -> None:
    """Raises UsageError for images that are smaller than what the discriminator's layers leave one score of."""
    smallest = 3 * 2**layers
    if min(height, width) < smallest:
        raise UsageError(
            f"a discriminator of {layers} layers needs images of {smallest} px or more, not {height}x{width}: use fewer layers."
        )
