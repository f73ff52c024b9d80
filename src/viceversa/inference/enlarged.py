"""Outputs at full size: translations of enlarged images, for networks that accept more than one size."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from viceversa.core.domains import Domain
from viceversa.core.method import Method
from viceversa.errors import is_out_of_memory
from viceversa.images.fitting import fitted, in_bits
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels
from viceversa.inference.apply import ends
from viceversa.inference.full_size import generator_of
from viceversa.metrics.chain_protocol import Trial

FACTOR, COUNT = 4, 4
"""Factor of height and width, and number of images. Together they have as many pixels as 64 images at the trained size."""


def enlarged(pixels: Pixels) -> Pixels:
    """Enlarge the first images (N, H, W, C) uint8 by `FACTOR`, bicubic. They are as smooth as a large picture."""
    size = pixels.shape[1] * FACTOR, pixels.shape[2] * FACTOR
    whole: NDArray[np.uint8] = np.stack([fitted(np.asarray(image), size) for image in in_bits(pixels[:COUNT], 8)]).astype(np.uint8)
    return whole


@torch.no_grad()
def made_at_full_size(method: Method, task: Trial) -> Pixels | None:
    """Return the translation inv_0 of enlarged sources: (n, H, W, C) uint8; None if the network accepts one size only, or memory is
    full.

    A data set keeps images at the trained size, not their files. An enlarged image is like a large picture for the network: norms
    see more pixels, and areas are smooth, which makes a grid most visible.
    """
    found = []
    for number, (image, source) in enumerate(zip(enlarged(task.sources), task.sources[:COUNT], strict=True)):
        home, away = (
            Domain(space, None if labels is None else labels[number : number + 1])
            for space, labels in ((task.home, task.labels), (task.away, task.inverted))
        )
        here, there = ends(method, normalized(torch.tensor(np.array(source)[None])), home, away)
        try:
            made = generator_of(method.translator, here, there)(normalized(torch.tensor(image[None])))
        except (RuntimeError, ValueError, MemoryError) as error:
            if number and not is_out_of_memory(error):
                raise
            return None
        if made.shape[2:] != image.shape[:2]:
            return None
        found.append(quantized(made)[0])
    return np.stack(found)
