"""The PatchGAN discriminator: one score for each of many overlapping patches (arXiv 1611.07004)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.errors import UsageError
from viceversa.networks.adapters import PerSpace
from viceversa.networks.blocks import Norm, initialize_normal, instance_norm


def patch_discriminator(channels: int, *, width: int = 64, layers: int = 3, norm: Norm = instance_norm) -> nn.Sequential:
    """Return a PatchGAN: (N, channels, H, W) -> raw scores (N, 1, H', W').

    Its receptive field is 16, 34, 70 or 142 pixels for 1 to 4 layers. With 3 layers it is C64-C128-C256-C512. The last two
    convolutions have stride 1, as in the official code (the paper says 2). At width 64 and 3 layers it has 2,764,737 parameters.

    Args:
        channels: channels of the images.
        width: channels of the first layer.
        layers: number of strided layers.
        norm: norm of the layers; pix2pix uses batch norm instead of instance norm.
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
    """Features of images in the first layers of their space's PatchGAN.

    Args:
        critic: the discriminators.
        convolutions: number of layers; 0 for all before the last convolution.

    Raises:
        UsageError: If there are fewer convolutions before the last one.
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
        # the first convolution and its ReLU are separate layers; later ones are one layer with norm and ReLU
        return network[: self.convolutions + 1 if self.convolutions else -1](image)  # type: ignore[no-any-return]


def check_patches(height: int, width: int, layers: int) -> None:
    """Raise UsageError for images that are too small for one score after the discriminator's layers."""
    smallest = 3 * 2**layers
    if min(height, width) < smallest:
        raise UsageError(
            f"a discriminator of {layers} layers needs images of {smallest} px or more, not {height}x{width}: use fewer layers."
        )
