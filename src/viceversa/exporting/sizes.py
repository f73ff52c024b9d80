"""Images of any size inside a graph: padded to what a network takes, resized between spaces, and fitted to what a labeller takes.

Sizes are symbols while a graph is traced, so they are computed without asking how large they are.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from viceversa.core.space import ImageSpec

Size = tuple[int, int]
"""Height and width."""


def resized(image: Tensor, size: Size) -> Tensor:
    """(N, C, H, W) at another size; itself where it has that size whatever image there is. See `adapters.fit`."""
    if image.shape[2:] == size:
        return image
    return F.interpolate(image, size, mode="bilinear", align_corners=False, antialias=True)


def scaled(image: Tensor, before: Size, after: Size) -> Size:
    """The size of an image on the scale on which the size `before` becomes `after`."""
    height, width = (
        side if old == new else torch.sym_max((2 * side * new + old) // (2 * old), 1)  # type: ignore[no-untyped-call]
        for side, old, new in zip(image.shape[2:], before, after, strict=True)
    )
    return height, width


def padded(image: Tensor, size: Size, multiple: int) -> Tensor:
    """(N, C, H, W) with sides that are multiples, and as long as those of the size at least.

    What is missing is a reflection, below and to the right, as for images at full size (inference/full_size.py).
    """
    for axis, least in zip((2, 3), size, strict=True):
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
