"""Conversion of one or many images of any kind to single images for the networks, and back to the given kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.errors import UsageError
from viceversa.images.layers import Layers
from viceversa.images.load import Picture, seen
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels

Pictures = Picture | Tensor | Sequence[Picture | Tensor]
"""One image, or many: a list of images, an array (N, H, W, C) of uint8 or uint16, or a tensor (N, C, H, W) of floats in [0, 1]."""


@dataclass(frozen=True, eq=False)
class Given:
    """Single images, and the function that converts their translations to the given kind."""

    pictures: list[Picture]
    returned: Callable[[Sequence[Layers]], Any]


def taken(given: Pictures) -> Given:
    """Return the given images one by one. Raises UsageError for arrays and tensors of other shapes, types and ranges.

    An image, an array (H, W, C) or a path gives a Pillow image; a tensor (C, H, W) a tensor; a list a list of these; an array or
    tensor of many images an array or tensor. Tensors are processed as images of 16 bits, and returned on their device.
    """
    match given:
        case Tensor():
            return _of_tensor(given)
        case np.ndarray() if given.ndim == 4:
            _check_some(len(given), given.shape)
            return Given(list(given), lambda layers: np.stack([each.colors for each in layers]))
        case list() | tuple():
            parts = [taken(each) for each in given]
            if any(len(part.pictures) != 1 for part in parts):
                given_alone = "give an array or tensor of several images directly, not in a list"
                raise UsageError(f"a list must hold single images: {given_alone}.")
            return Given(
                [part.pictures[0] for part in parts],
                lambda layers: [part.returned([each]) for part, each in zip(parts, layers, strict=True)],
            )
        case Image() | np.ndarray() | str() | Path():
            return Given([given], lambda layers: seen(layers[0]))
    kind = type(given).__name__
    also = "a tensor or a list of images also works"
    raise UsageError(f"an image must be a path, a Pillow image, or an array, not {kind!r}; {also}.")


def stacked(images: Sequence[Pixels]) -> Tensor:
    """Stack images (H, W, C) of one size, each with its own bit depth, to a batch (N, C, H, W) in [-1, 1]."""
    if len({image.dtype for image in images}) == 1:
        return normalized(torch.tensor(np.stack(images)))
    return torch.cat([normalized(torch.tensor(image[None])) for image in images])


def rows_of(domain: Domain, numbers: Tensor) -> Domain:
    """Return the domain of the images with these numbers. A label of one row is valid for all images."""
    if domain.label is None:
        return domain
    return replace(domain, label=domain.label.expand(len(numbers), -1) if len(domain.label) == 1 else domain.label[numbers])


def in_batches(compute: Callable[[Tensor], Tensor], count: int, size: int) -> Tensor:
    """Return compute(numbers) for the images 0 to count - 1, `size` numbers at a time; the last number fills up the last batch.

    A network that always gets the same number of images gives each image the same bits, whatever images are beside it: PyTorch
    chooses routines by the size of a batch, and they round differently.
    """
    firsts = range(0, count, size)
    return torch.cat([compute(torch.arange(first, first + size).clamp(max=count - 1)) for first in firsts])[:count]


def _of_tensor(images: Tensor) -> Given:
    """Return the images of a tensor: a batch, or one image. Raises UsageError."""
    one = images.ndim == 3
    if images.ndim not in (3, 4) or not images.is_floating_point():
        what = f"{tuple(images.shape)} of {str(images.dtype).removeprefix('torch.')}"
        raise UsageError(f"a tensor must have the shape (N, channels, height, width) and floats in [0, 1], not {what}.")
    _check_some(images.numel(), images.shape)
    values = images.detach().float().cpu()
    low, high = values.min().item(), values.max().item()
    if not (low >= 0 and high <= 1):
        found = f"not from {low:.4g} to {high:.4g}"
        raise UsageError(f"tensor values must be in [0, 1], {found}: if x is in [-1, 1], give (x + 1) / 2.")
    pixels = quantized((values[None] if one else values) * 2 - 1, 16)

    def returned(layers: Sequence[Layers]) -> Tensor:
        made = ((stacked([each.colors for each in layers]) + 1) / 2).to(images.device, images.dtype)
        return made[0] if one else made

    return Given(list(pixels), returned)


def _check_some(count: int, shape: Sequence[int]) -> None:
    if not count:
        raise UsageError(f"{tuple(shape)} holds no image: give at least one.")
