"""Differentiable augmentation (DiffAugment, arXiv 2006.10738): a discriminator sees real and generated images randomly changed.

The generator is trained through the changes, so it does not learn to draw them, and a discriminator remembers few images less.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Literal

import torch
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.journey import Critic, Judgment

Change = Literal["color", "translation", "cutout"]


@dataclass(frozen=True)
class DifferentiableAugmentation:
    """A discriminator -> the same one, whose every call sees its images after these changes, drawn anew for each image."""

    changes: tuple[Change, ...] = ()

    def __call__(self, critic: Critic, draws: Draws) -> Critic:
        if not self.changes:
            return critic
        calls = count()

        def changed(image: Tensor, domain: Domain) -> Judgment:
            own = draws.within(f"augmentation {next(calls)}")
            for name in self.changes:
                image = _CHANGES[name](image, own)
            return critic(image, domain)

        return changed


def color(image: Tensor, draws: Draws) -> Tensor:
    """Change brightness by U(-.5, .5), saturation U(0, 2) times around the channels' mean, contrast U(.5, 1.5) times around the
    image's mean."""
    brightness, saturation, contrast = (draws.uniform(name, image, 1, 1, 1) for name in ("brightness", "saturation", "contrast"))
    image = image + brightness - 0.5
    gray = image.mean(1, keepdim=True)
    image = gray + 2 * saturation * (image - gray)
    mean = image.mean((1, 2, 3), keepdim=True)
    return mean + (contrast + 0.5) * (image - mean)


def translation(image: Tensor, draws: Draws) -> Tensor:
    """Moved by up to an eighth of each side, in whole pixels; 0 comes in."""
    for dimension, name in ((2, "down"), (3, "across")):
        length = image.shape[dimension]
        most = round(length / 8)
        shift = (draws.uniform(name, image, 1) * (2 * most + 1)).floor().long() - most
        places = torch.arange(length, device=image.device) + shift
        inside = ((places >= 0) & (places < length)).to(image)
        shape = [len(image), 1, 1, 1]
        shape[dimension] = length
        index = places.clamp(0, length - 1).reshape(shape).expand_as(image)
        image = image.gather(dimension, index) * inside.reshape(shape)
    return image


def cutout(image: Tensor, draws: Draws) -> Tensor:
    """A rectangle of half of each side set to 0, its middle anywhere."""
    outside = []
    for dimension, name in ((2, "row"), (3, "column")):
        length = image.shape[dimension]
        middle = (draws.uniform(name, image, 1) * (length + 1)).floor()
        start = middle - length // 4
        places = torch.arange(length, device=image.device)
        shape = [len(image), 1, 1, 1]
        shape[dimension] = length
        outside.append(((places < start) | (places >= start + length // 2)).reshape(shape))
    return image * (outside[0] | outside[1]).to(image)


_CHANGES: Mapping[Change, Callable[[Tensor, Draws], Tensor]] = {"color": color, "translation": translation, "cutout": cutout}
