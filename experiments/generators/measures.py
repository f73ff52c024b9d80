"""Measures of a translator between two spaces whose ground truth is known, beside the baselines of the same images.

`kernel_vgg16` is the kernel distance (arXiv 1801.01401) of mean activations of VGG-16's relu4_3 and relu5_3, 1,024 numbers, of 200
images at most, resized to 64 px; `perceptual_vgg16` is that of experiments/photos. No network here has trained a translator.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from experiments.photos.vgg16 import perceptual_vgg16
from experiments.photos.vgg16 import vgg16 as loaded
from viceversa.core.domains import Domain
from viceversa.data.dataset import Dataset
from viceversa.errors import UsageError
from viceversa.images.fitting import shown
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.metrics.distances import kernel
from viceversa.metrics.grids import grids
from viceversa.metrics.similarity import psnr, ssim
from viceversa.networks.perception import Perception

MOST = 300
"""Images of a direction that are measured, at most."""
LAYERS = ("relu4_3", "relu5_3")
SIDE, LOOKED_AT = 64, 200

Translate = Callable[[Pixels, str, str], Pixels]
"""(images, their space, target space) -> the images translated."""
Read = Callable[[Pixels, str, str], dict[str, float]]
"""(translations, the space of their sources, target space) -> shares that were read right."""


def vgg16_file() -> Path:
    """File of VGG-16's weights, in the folder that VICEVERSA_ASSETS names. Raises UsageError without it."""
    file = Path(os.environ.get("VICEVERSA_ASSETS", "")) / "weights" / "vgg16_imagenet_features.safetensors"
    if not file.is_file():
        raise UsageError(f"VGG-16 judges here, and {str(file)!r} does not exist: set VICEVERSA_ASSETS to a folder that has it.")
    return file


def vgg16() -> Perception:
    """VGG-16."""
    return loaded(vgg16_file())


@torch.no_grad()
def vgg16_features(images: Pixels) -> NDArray[np.float32]:
    """The first LOOKED_AT of (N, H, W, C) -> (N, 1024)."""
    found, images = [], images[:LOOKED_AT]
    for start in range(0, len(images), 32):
        picture = torch.tensor(np.ascontiguousarray(shown(images[start : start + 32]))).permute(0, 3, 1, 2).float() / 255
        resized = F.interpolate(picture, [SIDE, SIDE], mode="bilinear", align_corners=False, antialias=True).expand(-1, 3, -1, -1)
        seen = vgg16()(resized, LAYERS)
        found.append(torch.cat([seen[layer].mean((2, 3)) for layer in LAYERS], 1))
    return torch.cat(found).numpy()


def kernel_vgg16(images: Pixels, real: Pixels) -> float:
    """Kernel distance of images to real ones, whose features are scaled to a root mean square of 1; it has no unit."""
    wanted = vgg16_features(real)
    scale = np.sqrt(np.square(wanted).mean())
    found = kernel(vgg16_features(images) / scale, wanted / scale)
    assert found is not None
    return found[0]


def by_model(model: Model, seed: int = 0) -> Translate:
    """A model's translations, in 8 bits."""
    return lambda pixels, here, there: model.translate_pixels(pixels, Domain(here), Domain(there), Manner(seed=seed))


def untouched(pixels: Pixels, here: str, there: str) -> Pixels:
    """The baseline that does nothing."""
    return pixels


def measured(
    translate: Translate, dataset: Dataset, split: str, read: Read | None = None, *, returns: bool = True, full: bool = True
) -> dict[str, Any]:
    """Measures of each direction by its name, as "plain to glasses", and of its way back.

    Args:
        translate: the translator.
        split: images of it are measured, MOST at most.
        read: what a labeller reads in the translations of the first images of a space, as further measures.
        returns: whether it translates both ways.
        full: also measure distances by VGG-16, and grids.
    """
    first, second = dataset.space.pair
    found = {}
    for here, there in ((first, second), (second, first)) if returns else ((first, second),):
        source = np.asarray(dataset.splits[split][here].pixels[:MOST])
        assert dataset.truth is not None
        true = np.asarray(dataset.truth(split, here, np.arange(len(source)), there, None))
        made = translate(source, here, there)
        facts: dict[str, Any] = {"images": len(source), **closeness(made, true, "")}
        if returns:
            facts |= closeness(translate(made, there, here), source, "return_")
            facts |= closeness(translate(source, here, here), source, "same_")
        if read:
            facts |= read(made, here, there)
        if full:
            facts |= seen(made, true)
        found[f"{here} to {there}"] = facts
    return found


def closeness(made: Pixels, true: Pixels, prefix: str) -> dict[str, float]:
    """Mean PSNR in dB and SSIM to the true images; the PSNR of the median image, as a mean is lifted by perfect ones."""
    each = psnr(made, true)
    return {
        f"{prefix}psnr": round(float(each.mean()), 2), f"{prefix}psnr_median": round(float(np.median(each)), 2),
        f"{prefix}ssim": round(float(ssim(made, true).mean()), 4),
    }  # fmt: skip


def seen(made: Pixels, true: Pixels) -> dict[str, float]:
    """What VGG-16 sees of translations and true images, and the largest grid."""
    largest = round(max(grids(made, true).values(), default=1.0), 2)
    made, true = made[:LOOKED_AT], true[:LOOKED_AT]
    color = [np.broadcast_to(each, (*each.shape[:3], 3)) if each.shape[3] == 1 else each for each in (made, true)]
    near = np.concatenate(
        [perceptual_vgg16(vgg16(), *(part[start : start + 50] for part in color)) for start in range(0, len(made), 50)]
    )
    found = {"kernel_vgg16": round(kernel_vgg16(made, true), 4), "perceptual_vgg16": round(float(near.mean()), 4)}
    return found | {"grid": largest}
