"""Images of any size inside a graph: padded to what a network takes, and fitted to what a labeller takes.

Sizes are symbols while a graph is traced, so they are computed without asking how large they are.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from viceversa.core.space import ImageSpec


def padded(image: Tensor, spec: ImageSpec, multiple: int) -> Tensor:
    """(N, C, H, W) with sides that are multiples, and as long as the run's at least.

    What is missing is a reflection, below and to the right, as for images at full size (inference/full_size.py).
    """
    for axis, least in ((2, spec.height), (3, spec.width)):
        units: int = torch.sym_max((image.shape[axis] + multiple - 1) // multiple, -(-least // multiple))  # type: ignore[no-untyped-call]
        image = image.index_select(axis, _reflected(image.shape[axis], multiple * units))
    return image


def _reflected(side: int, whole: int) -> Tensor:
    """For each of `whole` places the pixel of `side` that a reflection puts there: 0 1 2 1 0 1 2 ... for 3."""
    period = torch.full((1,), 2 * side - 2).clamp(min=1)  # 1 pixel is its own reflection
    places = torch.arange(whole) % period
    return torch.minimum(places, period - places)


def fitted(image: Tensor, spec: ImageSpec, crop: int | None) -> Tensor:
    """(N, C, H, W) -> (N, C, height, width): the middle, cut out and resized as `images.fitting.fitted` does it, but bilinear."""
    height, width = image.shape[2:]
    rows = crop or (2 * width * spec.height + spec.width) // (2 * spec.width)
    columns = crop or (2 * height * spec.width + spec.height) // (2 * spec.height)
    middle = image.index_select(2, _middle(height, rows)).index_select(3, _middle(width, columns))
    return F.interpolate(middle, (spec.height, spec.width), mode="bilinear", align_corners=False, antialias=True)


def _middle(side: int, most: int) -> Tensor:
    """The pixels in the middle, `most` at most; the tracer would not know the length of a slice."""
    part: int = torch.sym_min(side, most)  # type: ignore[no-untyped-call]
    return torch.arange(part) + (side - part) // 2
