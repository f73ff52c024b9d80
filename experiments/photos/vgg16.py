"""`perceptual_vgg16`: a perceptual distance by a network that did not paint the targets.

The paintings of this experiment are optimized on EfficientNet-Lite0, so `perceptual_lite0` measures them by their own painter.
VGG-16 had no part in them. Weights: a safetensors file under torchvision's names, as `viceversa stylize --weights` takes it. With
torchvision, whose IMAGENET1K_FEATURES are Oxford's weights, as the tests' file is:

    from safetensors.torch import save_file
    from torchvision.models import VGG16_Weights, vgg16
    layers = vgg16(weights=VGG16_Weights.IMAGENET1K_FEATURES).features.state_dict()
    facts = {"mean": "0.48235,0.45882,0.40784", "scale": "255"}
    save_file({f"features.{name}": value for name, value in layers.items()}, "vgg16.safetensors", facts)
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from viceversa.images.pixels import Pixels
from viceversa.networks.perception import Perception, load_perception

TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
"""Layers of LPIPS with VGG-16 (arXiv 1801.03924); here each weighs 1."""


@cache
def vgg16(weights: Path) -> Perception:
    """Load the network. Raises UsageError for a file without one."""
    return load_perception(weights)


@torch.no_grad()
def perceptual_vgg16(network: Perception, images: Pixels, others: Pixels) -> NDArray[np.float64]:
    """Sum over taps of the mean over positions of |f / |f| - g / |g||^2, as `perceptual_lite0`: (N, H, W, 3) twice -> (N,).

    From 0 to 10, as features are not negative. Images are seen at their own size.
    """
    seen, wanted = (network(torch.tensor(each).permute(0, 3, 1, 2).float() / 255, TAPS) for each in (images, others))
    distance = torch.zeros(len(images))
    for tap in TAPS:
        ours, theirs = (each[tap] / (each[tap].norm(dim=1, keepdim=True) + 1e-10) for each in (seen, wanted))
        distance += (ours - theirs).square().sum(1).mean((1, 2))
    return np.asarray(distance.double())
