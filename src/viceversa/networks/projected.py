"""Projected discriminators (arXiv 2111.01007): small heads that judge the features of images in a frozen ImageNet network.

EfficientNet-Lite0 -> three taps of strides 4, 8, 16 -> frozen random mixing across channels and scales -> a head for each scale.
Gradients pass through the frozen network to the image, not to its weights. Distances in Lite0's features are circular for a
translator trained against these heads: judge it by ground truth, by an independent classifier, or by another network.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from viceversa.core.draws import seeded
from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError
from viceversa.networks.adapters import fit, in_channels
from viceversa.networks.perception import Sight
from viceversa.networks.slots import Slots

TAPS: Mapping[str, int] = {"block2": 24, "block4": 40, "block10": 112}
"""Blocks of EfficientNet-Lite0 with strides 4, 8 and 16, and their channels."""
MIXED = (64, 128, 256)
"""Channels of each tap after mixing across channels."""
SCALES = (64, 64, 128)
"""Channels of the projected features at strides 2, 4 and 8."""
SIDE = 8
"""Side of the maps to which the heads halve their features."""


class Projection(nn.Module):
    """Projection of images (N, 1 or 3, H, W) in [-1, 1] to features at strides 2, 4, 8 of `size` px, with 64, 64 and 128 channels.

        L_l: the taps;  M_l = W_l L_l;  F_3 = V_3 up2(M_3);  F_l = V_l up2(M_l + F_{l+1})

    W and V are 1x1 convolutions with random weights from a fixed seed; they are never trained and in no checkpoint. up2 is
    bilinear. Images are first resized to `size`. The paper uses 224; 128 costs a third of that. All discriminators of a method
    share one object.
    """

    def __init__(self, size: int = 128) -> None:
        super().__init__()
        self.size, self._sight = size, Sight()
        after = (*SCALES[1:], MIXED[-1])
        for level, (tapped, mixed) in enumerate(zip(TAPS.values(), MIXED, strict=True)):
            self.register_buffer(f"channels{level}", _kaiming(f"channels {level}", mixed, tapped), persistent=False)
            self.register_buffer(f"scales{level}", _kaiming(f"scales {level}", SCALES[level], after[level]), persistent=False)

    def forward(self, image: Tensor) -> list[Tensor]:
        picture = fit(in_channels(image, 3), (self.size, self.size))
        tapped = self._sight((picture + 1) / 2, TAPS)
        found: list[Tensor] = []
        for level, name in reversed(list(enumerate(TAPS))):
            mixed = F.conv2d(tapped[name], self.get_buffer(f"channels{level}"))
            total = mixed + found[0] if found else mixed
            enlarged = F.interpolate(total, scale_factor=2, mode="bilinear", align_corners=False)
            found.insert(0, F.conv2d(enlarged, self.get_buffer(f"scales{level}")))
        return found


def _kaiming(name: str, outputs: int, inputs: int) -> Tensor:
    """Return weights of a 1x1 convolution, (outputs, inputs, 1, 1), drawn from N(0, 2 / inputs)."""
    weights = torch.randn(outputs, inputs, 1, 1, generator=seeded("projection", name))
    return weights.mul_(math.sqrt(2 / inputs))


class ProjectedDiscriminator(nn.Module):
    """Projected discriminator: (N, C, H, W) -> raw scores of all heads (N, M), and with `classes` the logits (N, classes) of the
    deepest head.

    A head has strided 4x4 convolutions of widths w, 2w, 4w, ... down to 8x8, with spectral norm, group norm and leaky ReLU 0.2;
    then a 4x4 convolution to one channel. That gives M = 75 scores. The paper uses batch norm; group norm keeps the images of a
    batch independent.

    Args:
        projection: the shared projection.
        images: channels of each image in the input, such as (1, 3) for pix2pix's pair; their features are concatenated.
        width: width w.
        classes: number of label columns; 0 for no logits.
    """

    label_slots: ClassVar[Mapping[str, Slots]] = {"classes.weight": Slots(0, 1), "classes.bias": Slots(0, 1)}

    def __init__(self, projection: Projection, images: Sequence[int], *, width: int = 64, classes: int = 0) -> None:
        super().__init__()
        if not {*images} <= {1, 3}:
            raise UsageError(f"critic=projected sees gray or color images, not {max(images)} channels: set critic=patch.")
        self.projection, self.images = projection, tuple(images)
        self.trunks, self.scores = nn.ModuleList(), nn.ModuleList()
        for level, channels in enumerate(SCALES):
            halvings = (projection.size // 2 ** (level + 1) // SIDE).bit_length() - 1
            widths = [channels * len(images), *(width * 2**number for number in range(halvings))]
            self.trunks.append(nn.Sequential(*(_halving(before, after) for before, after in itertools.pairwise(widths))))
            self.scores.append(spectral_norm(nn.Conv2d(widths[-1], 1, 4)))
        self.classes = nn.Conv2d(widths[-1], classes, SIDE) if classes else None

    def forward(self, image: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        parts = [self.projection(part) for part in torch.split(image, list(self.images), 1)]
        seen = [trunk(torch.cat(scale, 1)) for trunk, *scale in zip(self.trunks, *parts, strict=True)]
        scores = torch.cat([score(each).flatten(1) for score, each in zip(self.scores, seen, strict=True)], 1)
        return scores if self.classes is None else (scores, self.classes(seen[-1]).flatten(1))


def _halving(before: int, after: int) -> nn.Sequential:
    convolution = spectral_norm(nn.Conv2d(before, after, 4, 2, 1, bias=False))
    return nn.Sequential(convolution, nn.GroupNorm(max(1, after // 8), after), nn.LeakyReLU(0.2))


def projected_discriminators(images: Mapping[str, ImageSpec], *, size: int, width: int) -> dict[str, nn.Module]:
    """Return a discriminator for each space; all share one projection."""
    projection = Projection(size)
    return {name: ProjectedDiscriminator(projection, (spec.channels,), width=width) for name, spec in images.items()}
