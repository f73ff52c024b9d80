"""Adapters: every generator becomes a call (image, source, target) -> image, every discriminator a call (image, domain) ->
judgment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.journey import Judgment
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError


class Labeled(nn.Module):
    """Generator G(x, c_target): one network for all domains of a space. Among several labeled sets, its input says whose
    attributes are meant."""

    def __init__(self, network: nn.Module, space: Space) -> None:
        super().__init__()
        self.network, self.space = network, space

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.network(image, self.space.code(target))  # type: ignore[no-any-return]


class Relative(nn.Module):
    """Generator G(x, c_target - c_source): one network whose input is the change of the label."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.network(image, target.label - source.label)  # type: ignore[no-any-return,operator]


def by_space(networks: Mapping[str, nn.Module]) -> nn.ModuleDict:
    """Return the networks, one for each space, as a ModuleDict. Raises UsageError for a space name that ModuleDict cannot hold."""
    taken = dir(nn.ModuleDict())
    for name in networks:
        if not name or "." in name or name in taken:
            raise UsageError(
                f"a space cannot be called {name!r}: use a name without dots that is not an attribute of torch.nn.ModuleDict."
            )
    return nn.ModuleDict(networks)


class PerTarget(nn.Module):
    """One generator for each target space. Channels and sizes of the spaces may differ.

    For identity losses, a generator also takes images of its own space, in the channels of its source (see `in_channels`).

    Args:
        generators: generators by target space.
        images: pixels of each space.
        sources: target space -> space that its generator takes.
        how: how different sizes are handled (see Fit), on the canvas of all spaces.
    """

    def __init__(
        self, generators: nn.ModuleDict, images: Mapping[str, ImageSpec], sources: Mapping[str, str], how: Fit = "resize"
    ) -> None:
        super().__init__()
        self.generators = generators
        self.images = dict(images)
        self.sources = dict(sources)
        self.how = how
        self.canvas = canvas_of(images)

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        """Translate images (N, C, H, W) of the source space. Raises ValueError for a source space that the generator does not
        take."""
        specs = self.images[source.space], self.images[target.space]
        staying = source.space == target.space and self.takes_own(target.space)
        if not staying and source.space != self.sources[target.space]:
            raise ValueError(f"the generator into {target.space!r} does not take images of {source.space!r}.")
        generator, size = self.generators[target.space], specs[1].shape[1:]
        image = in_channels(image, self.images[self.sources[target.space]].channels) if staying else image
        match self.how:
            case "resize":
                return fit(generator(fit(image, self.canvas)), size)
            case "pad_crop":
                return cropped_to(generator(padded(image, self.canvas, specs[0].background)), size)
            case "valid_conv":
                return generator(image)  # type: ignore[no-any-return]

    def at_its_size(self, image: Tensor, target: Domain) -> Tensor:
        """Return the generator's output for images of any size, at the canvas' scale."""
        return self.generators[target.space](image)  # type: ignore[no-any-return]

    def takes_own(self, space: str) -> bool:
        """Return whether the generator into the space takes images of that space, too. It does not if the generator itself changes
        sizes."""
        return self.how != "valid_conv" or self.images[space].shape[1:] == self.images[self.sources[space]].shape[1:]

    def keeps_channels(self, space: str) -> bool:
        """Return whether the generator into the space takes images of that space in all their channels."""
        return self.takes_own(space) and self.images[space].channels == self.images[self.sources[space]].channels


class Coded(nn.Module):
    """Two generators: G_AB(x, z) into the second of two spaces, where z is the target's style, and G_BA(x) into the first.

    Images of different sizes are resized to a common canvas.
    """

    def __init__(self, forth: nn.Module, back: nn.Module, space: Space) -> None:
        super().__init__()
        self.forth, self.back, self.space, self.canvas = forth, back, space, canvas_of(space.images)

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return fit(self.at_its_size(fit(image, self.canvas), target), self.space.images[target.space].shape[1:])

    def at_its_size(self, image: Tensor, target: Domain) -> Tensor:
        """Return the generator's output for images of any size, at the canvas' scale."""
        return self.forth(image, target.style) if target.space == self.space.pair[1] else self.back(image)  # type: ignore[no-any-return]


class Single(nn.Module):
    """One generator from the first of two spaces to the second. For identity losses it also takes images of the second space, in
    the channels of the first (see `in_channels`)."""

    def __init__(self, network: nn.Module, channels: int) -> None:
        super().__init__()
        self.network, self.channels = network, channels

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.network(in_channels(image, self.channels))  # type: ignore[no-any-return]


Fit = Literal["resize", "pad_crop", "valid_conv"]
"""How a generator handles spaces of different sizes.

resize: bilinear resizing to the canvas and to the target's size, antialiased where it shrinks. pad_crop: padding with the
background, and cutting out the middle. valid_conv: more padding in the first convolution, and less in the last one (see
`stretched`).
"""


def canvas_of(images: Mapping[str, ImageSpec]) -> tuple[int, int]:
    """Return the height and width that hold the images of all spaces, rounded up to multiples of 4."""
    height, width = (4 * -(-max(spec.shape[side] for spec in images.values()) // 4) for side in (1, 2))
    return height, width


def fit(image: Tensor, size: Sequence[int]) -> Tensor:
    """Return the image at (height, width): unchanged if it has this size, otherwise resized bilinearly, antialiased where it
    shrinks.

    Computed in float32, because torch's antialiasing does not support bfloat16 on every device.
    """
    if image.shape[2:] == tuple(size):
        return image
    return F.interpolate(image.float(), list(size), mode="bilinear", align_corners=False, antialias=True).to(image.dtype)


def in_channels(image: Tensor, channels: int) -> Tensor:
    """Convert images (N, 1 or 3, H, W) to (N, channels, H, W): color to luminance, gray to three equal channels.

    Raises ValueError for other numbers of channels.
    """
    match image.shape[1], channels:
        case have, wanted if have == wanted:
            return image
        case 3, 1:
            return luminance(image)
        case 1, 3:
            return image.expand(-1, 3, -1, -1)
        case have, wanted:
            raise ValueError(f"images of {have} channels cannot be brought to {wanted}.")


def luminance(image: Tensor) -> Tensor:
    """Return 0.299 R + 0.587 G + 0.114 B: (N, 3, H, W) -> (N, 1, H, W), with the same range. A gray image is returned as it is."""
    if image.shape[1] == 1:
        return image
    return (image * image.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)


def padded(image: Tensor, size: Sequence[int], background: float) -> Tensor:
    """Return the image in the middle of (height, width) of background. An odd remainder goes to the bottom and to the right."""
    down, across = size[0] - image.shape[2], size[1] - image.shape[3]
    return F.pad(image, (across // 2, across - across // 2, down // 2, down - down // 2), value=background)


def cropped_to(image: Tensor, size: Sequence[int]) -> Tensor:
    """Return the middle (height, width) of the image: the inverse of `padded`."""
    top, left = (image.shape[2] - size[0]) // 2, (image.shape[3] - size[1]) // 2
    return image[:, :, top : top + size[0], left : left + size[1]]


def stretched(network: nn.Sequential, source: ImageSpec, target: ImageSpec, canvas: tuple[int, int]) -> nn.Sequential:
    """Change the padding of a ResNet generator so that it translates from the source's size to the target's; return the same
    network.

    A first convolution padded by 5 instead of 3 goes from 28 to 32 px; a last one padded by 1 goes from 32 to 28 px.

    Args:
        network: the generator.
        source, target: pixels of the spaces.
        canvas: height and width of the canvas.

    Raises:
        UsageError: If the difference is odd or too large.
    """
    first, last = network[0], network[-1]
    assert isinstance(first, nn.Sequential) and isinstance(last, nn.Sequential)
    first[0] = nn.ReflectionPad2d(_pads(source, canvas, 1))
    last[0] = nn.ReflectionPad2d(_pads(target, canvas, -1))
    return network


def _pads(spec: ImageSpec, canvas: tuple[int, int], sign: int) -> tuple[int, int, int, int]:
    """Return padding on the left, right, top and bottom: 3 keeps the size of a 7x7 convolution; half of the difference is added or
    removed."""
    sides = spec.shape[1:]
    more = [whole - side for whole, side in zip(canvas, sides, strict=True)]
    pads = [3 + sign * (difference // 2) for difference in more]
    fits = [0 <= pad < side for pad, side in zip(pads, sides, strict=True)]
    if not all(fits) or any(difference % 2 for difference in more):
        sizes = f"{spec.height}x{spec.width} and {canvas[0]}x{canvas[1]}"
        rule = "the difference must be even and at most 6; otherwise set fit=resize"
        raise UsageError(f"valid convolutions cannot bridge {sizes} px: {rule}.")
    return pads[1], pads[1], pads[0], pads[0]


class Classifying(nn.Module):
    """Discriminator with two heads: (score, logits)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        return Judgment(*self.network(image))


class PerSpace(nn.Module):
    """One discriminator for each space."""

    def __init__(self, discriminators: nn.ModuleDict) -> None:
        super().__init__()
        self.discriminators = discriminators

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        return Judgment(self.discriminators[domain.space](image))
