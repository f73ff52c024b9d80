"""Adapters: every generator is one call (image, source, target) -> image, every discriminator (image, domain) -> judgment."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from viceversa.domains import Domain, ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.journey import Judgment


class Labeled(nn.Module):
    """G(x, c_target): one network for all domains of one space; among several labeled sets, told whose attributes are meant."""

    def __init__(self, network: nn.Module, space: Space) -> None:
        super().__init__()
        self.network, self.space = network, space

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.network(image, self.space.code(target))  # type: ignore[no-any-return]


class Relative(nn.Module):
    """G(x, c_target - c_source): one network, told what shall change."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.network(image, target.label - source.label)  # type: ignore[no-any-return,operator]


def by_space(networks: Mapping[str, nn.Module]) -> nn.ModuleDict:
    """A network for each space. Raises UsageError for a space that torch's ModuleDict cannot name."""
    taken = dir(nn.ModuleDict())
    for name in networks:
        if not name or "." in name or name in taken:
            raise UsageError(
                f"a space cannot be called {name!r}: rename it, without dots, and not as a part of torch's ModuleDict."
            )
    return nn.ModuleDict(networks)


class PerTarget(nn.Module):
    """A generator for each target space; channels and sizes of the spaces may differ.

    generators: by target space. sources: target space -> the space that its generator takes; its own space is taken too
    where the channels are equal (the identity loss), anything else raises ValueError. Images of another size are brought
    to a canvas whose sides are the larger ones rounded up to multiples of 4, and to the target's size afterwards:
    bilinear, antialiased where it shrinks. (Padding with the background, and unpadded convolutions, are
    other fits, not built.)
    """

    def __init__(self, generators: nn.ModuleDict, images: Mapping[str, ImageSpec], sources: Mapping[str, str]) -> None:
        super().__init__()
        self.generators = generators
        self.images = dict(images)
        self.sources = dict(sources)
        self.canvas = tuple(4 * -(-max(spec.shape[side] for spec in images.values()) // 4) for side in (1, 2))

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        specs = self.images[source.space], self.images[target.space]
        allowed = source.space == self.sources[target.space] or (source.space == target.space and self.keeps_channels(target.space))
        if not allowed:
            raise ValueError(f"the generator into {target.space!r} does not take images of {source.space!r}.")
        translated = self.generators[target.space](fit(image, self.canvas))
        return fit(translated, (specs[1].height, specs[1].width))

    def keeps_channels(self, space: str) -> bool:
        """Whether the generator into the space takes images of the space itself: its source has as many channels."""
        return self.images[space].channels == self.images[self.sources[space]].channels


class Single(nn.Module):
    """A network from the first of two spaces to the second; any image is taken, as the identity losses need it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.network(image)  # type: ignore[no-any-return]


def fit(image: Tensor, size: tuple[int, ...]) -> Tensor:
    """The image at (height, width): itself where it is that already, else bilinear, antialiased where it shrinks."""
    if tuple(image.shape[2:]) == size:
        return image
    return F.interpolate(image, size, mode="bilinear", align_corners=False, antialias=True)


class Classifying(nn.Module):
    """A network with two heads: (score, logits)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        return Judgment(*self.network(image))


class PerSpace(nn.Module):
    """A discriminator for each space."""

    def __init__(self, discriminators: nn.ModuleDict) -> None:
        super().__init__()
        self.discriminators = discriminators

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        return Judgment(self.discriminators[domain.space](image))
