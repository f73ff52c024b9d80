"""Perceptual distances by a named network at a stated size: `perceptual_lite0` and `perceptual_vgg16`.

The distance is the sum over taps of the mean over positions of |f / |f| - g / |g||^2: LPIPS (arXiv 1801.03924, eq. 1) with unit
weights instead of learned ones. Numbers are comparable only for the same network and size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from viceversa.device import CPU
from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels
from viceversa.metrics.features import as_input, directions
from viceversa.networks.lite0 import load_lite0
from viceversa.networks.perception import Perception, load_perception

VGG16_TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
"""Layers of LPIPS with VGG-16; here each has weight 1."""


@dataclass(frozen=True, eq=False)
class PerceptualNetwork:
    """A network for perceptual distances.

    Args:
        name: name of the measure.
        look: images (N, H, W, C) uint8 -> for each tap, the normalized channels at each position (N, c, h, w).
    """

    name: Literal["perceptual_lite0", "perceptual_vgg16"]
    look: Callable[[Pixels], list[Tensor]]


def lite0_at(side: int, device: torch.device = CPU) -> PerceptualNetwork:
    """Return EfficientNet-Lite0, which comes with the package. Images are resized to side x side pixels."""
    return PerceptualNetwork("perceptual_lite0", partial(_by_lite0, side=side, device=device))


def vgg16_at(side: int, weights: Path, device: torch.device = CPU) -> PerceptualNetwork:
    """Return VGG-16 from a safetensors file (networks/perception.py). Images are resized to side x side pixels.

    Raises UsageError if the file cannot be read.
    """
    network = load_perception(weights).on(device)
    if not set(VGG16_TAPS) <= network.layers.keys():
        raise UsageError(f"{str(weights)!r} holds {network.name}, not VGG-16.")
    return PerceptualNetwork("perceptual_vgg16", partial(_by_vgg16, network=network, side=side, device=device))


@torch.no_grad()
def vgg16_directions(network: Perception, images: Tensor) -> list[Tensor]:
    """Return the directions at VGG-16's taps of images (N, 3, H, W) in [0, 1]."""
    found = network(images, VGG16_TAPS)
    return directions(found[tap] for tap in VGG16_TAPS)


@torch.no_grad()
def _by_lite0(images: Pixels, side: int, device: torch.device) -> list[Tensor]:
    return directions(load_lite0(device)(as_input(images, side, device))[0])


def _by_vgg16(images: Pixels, network: Perception, side: int, device: torch.device) -> list[Tensor]:
    return vgg16_directions(network, (as_input(images, side, device) + 1) / 2)
