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
from viceversa.metrics.features import between
from viceversa.metrics.perceptual import vgg16_directions
from viceversa.networks.perception import Perception, load_perception


@cache
def vgg16(weights: Path) -> Perception:
    """Load the network. Raises UsageError for a file without one."""
    return load_perception(weights)


def perceptual_vgg16(network: Perception, images: Pixels, others: Pixels) -> NDArray[np.float64]:
    """The distance of metrics/perceptual.py at the images' own size: (N, H, W, 3) twice -> (N,), from 0 to 10."""
    seen, wanted = (vgg16_directions(network, torch.tensor(each).permute(0, 3, 1, 2).float() / 255) for each in (images, others))
    return np.asarray(between(seen, wanted).double())
