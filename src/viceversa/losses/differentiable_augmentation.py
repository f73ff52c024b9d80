"""Differentiable augmentation (DiffAugment, arXiv 2006.10738): a discriminator sees real and generated images randomly changed.

The generator is trained through the changes, so it does not learn to draw them. The discriminator overfits less if there are few
images.
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
    """Wrap a discriminator so that each call first changes its images at random.

    changes: in this order, drawn anew for each call and image; the numbers depend on how many calls a step made before.
    parts: channels of each image that an input consists of, as (1, 3) for pairs; both images of a pair are changed alike.
    """

    changes: tuple[Change, ...] = ()
    parts: tuple[int, ...] = ()

    def __call__(self, critic: Critic, draws: Draws) -> Critic:
        if not self.changes:
            return critic
        calls = count()

        def changed(image: Tensor, domain: Domain) -> Judgment:
            own = draws.within(f"augmentation {next(calls)}")
            parts = torch.split(image.float(), list(self.parts or [image.shape[1]]), 1)
            return critic(torch.cat([self._changed(part, own) for part in parts], 1).to(image.dtype), domain)

        return changed

    def _changed(self, image: Tensor, draws: Draws) -> Tensor:
        for name in self.changes:
            image = _CHANGES[name](image, draws)
        return image


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
    """Shift each image by up to 1/8 of each side, in whole pixels; fill with 0."""
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
    """Set a rectangle of half the height and width to 0, centered at random."""
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
