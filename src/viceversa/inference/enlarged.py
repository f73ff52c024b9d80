"""Outputs at full size: what a translator makes of enlarged images, where its network takes more than one size."""

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
"""How many times as high and wide, and how many images: together as many pixels as 64 images at the trained size."""


def enlarged(pixels: Pixels) -> Pixels:
    """The first images (N, H, W, C) by `FACTOR`, bicubic: as smooth as a large picture is from pixel to pixel, uint8."""
    size = pixels.shape[1] * FACTOR, pixels.shape[2] * FACTOR
    whole: NDArray[np.uint8] = np.stack([fitted(np.asarray(image), size) for image in in_bits(pixels[:COUNT], 8)]).astype(np.uint8)
    return whole


@torch.no_grad()
def made_at_full_size(method: Method, task: Trial) -> Pixels | None:
    """The translation inv_0 of enlarged sources: (n, H, W, C) uint8; None where the network takes one size only, or memory is full.

    A data set keeps images at the trained size, not their files. An enlarged image is to the network what a large picture is: its
    norms see more pixels, and places are smooth, where a grid is seen best.
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
