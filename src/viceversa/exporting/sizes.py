"""Images of any size inside a graph: padding for a network, resizing between spaces, and fitting for a labeller.

Sizes are symbols while a graph is traced, so they are computed without branching on their values.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from viceversa.core.space import ImageSpec

Size = tuple[int, int]
"""Height and width in pixels."""


def resized(image: Tensor, size: Size) -> Tensor:
    """Resize images (N, C, H, W), as `adapters.fit` does. An image is returned as it is if its size is fixed and equal."""
    if image.shape[2:] == size:
        return image
    return F.interpolate(image, size, mode="bilinear", align_corners=False, antialias=True)


def scaled(image: Tensor, before: Size, after: Size) -> Size:
    """Return the size of an image at the scale at which the size `before` becomes `after`."""
    height, width = (
        side if old == new else torch.sym_max((2 * side * new + old) // (2 * old), 1)  # type: ignore[no-untyped-call]
        for side, old, new in zip(image.shape[2:], before, after, strict=True)
    )
    return height, width


def padded(image: Tensor, size: Size, multiple: int) -> Tensor:
    """Pad images (N, C, H, W) to sides that are multiples of a number, and at least as long as those of `size`.

    The padding is a reflection, below and on the right, as for images at full size (inference/full_size.py).
    """
    for axis, least in zip((2, 3), size, strict=True):
        units: int = torch.sym_max((image.shape[axis] + multiple - 1) // multiple, -(-least // multiple))  # type: ignore[no-untyped-call]
        image = image.index_select(axis, _reflected(image.shape[axis], multiple * units))
    return image


def _reflected(side: int, whole: int) -> Tensor:
    """Return, for each of `whole` positions, the index among `side` pixels that a reflection has there: 0 1 2 1 0 1 2 ... for 3."""
    period = torch.full((1,), 2 * side - 2).clamp(min=1)  # a single pixel is its own reflection
    places = torch.arange(whole) % period
    return torch.minimum(places, period - places)


def fitted(image: Tensor, spec: ImageSpec, crop: int | None) -> Tensor:
    """Cut out the middle and resize it, as `images.fitting.fitted` does, but bilinearly: (N, C, H, W) -> (N, C, height, width)."""
    height, width = image.shape[2:]
    rows = crop or (2 * width * spec.height + spec.width) // (2 * spec.width)
    columns = crop or (2 * height * spec.width + spec.height) // (2 * spec.height)
    middle = image.index_select(2, _middle(height, rows)).index_select(3, _middle(width, columns))
    return F.interpolate(middle, (spec.height, spec.width), mode="bilinear", align_corners=False, antialias=True)


def _middle(side: int, most: int) -> Tensor:
    """Return the indices of the middle pixels, at most `most`. A slice is not possible, because the tracer would not know its
    length."""
    part: int = torch.sym_min(side, most)  # type: ignore[no-untyped-call]
    return torch.arange(part) + (side - part) // 2
