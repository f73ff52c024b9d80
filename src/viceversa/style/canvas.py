"""Images in style transfer: reading, sizing, keeping their colors, and writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from viceversa.images.decoding import MOST_PIXELS
from viceversa.images.layers import Layers
from viceversa.images.load import Picture, pixels_of, seen
from viceversa.images.normalizing import normalized
from viceversa.images.pixels import Pixels
from viceversa.networks.adapters import luminance

SMALLEST = 32
"""Smallest side in pixels that all networks can process."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """The content image of a style transfer.

    Args:
        colored: the image (1, 3, H, W) in [0, 1].
        gray: its luminance (1, 1, H, W) if its colors are kept, otherwise None.
        alpha: transparency (1, 1, H, W) in [0, 1], if there is any.
        profile: ICC profile; empty if there is none. The result gets alpha and profile from here.
    """

    colored: Tensor
    gray: Tensor | None = None
    alpha: Tensor | None = None
    profile: bytes = b""

    @property
    def start(self) -> Tensor:
        """The image with which the painting starts: (1, 3, H, W)."""
        return self.colored if self.gray is None else self.gray.expand(-1, 3, -1, -1)

    def begun(self, picture: Tensor) -> Tensor:
        """Return another starting image (1, 3, H', W'): its luminance if colors are kept."""
        return picture if self.gray is None else luminance(picture).expand(-1, 3, -1, -1)

    def finished(self, picture: Tensor) -> Image.Image:
        """Return a picture as an image with the content's alpha. If colors are kept, its luminance is combined with the content's
        colors.

        The difference of luminances is added to red, green and blue, which leaves I and Q of YIQ unchanged (arXiv 1606.05897).
        """
        if self.gray is not None:
            colored = resized(self.colored, picture.shape[2:])
            picture = colored + luminance(picture) - luminance(colored)
        alpha = None if self.alpha is None else _bytes(resized(self.alpha, picture.shape[2:]))
        return seen(Layers(_bytes(picture), alpha, self.profile))


def canvas_for(content: Layers, keep_colors: bool) -> Canvas:
    """Return the canvas of a content image. Raises UsageError if it is neither gray nor color."""
    colored = tensor_of(content)
    alpha = None if content.alpha is None else tensor_of(Layers(content.alpha))[:, :1]
    return Canvas(colored, luminance(colored) if keep_colors else None, alpha, content.profile)


def tensor_of(picture: Picture, most_pixels: int = MOST_PIXELS) -> Tensor:
    """Return an image as (1, 3, H, W) in [0, 1], upright, on white where it is transparent. Raises UsageError."""
    pixels = pixels_of(picture, 3, 255, most_pixels)
    return (normalized(torch.tensor(pixels[None])) + 1) / 2


def _bytes(image: Tensor) -> Pixels:
    """Convert (1, C, H, W) in [0, 1] to (H, W, C) uint8."""
    return np.asarray((image[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy())


def sized(image: Tensor, side: int) -> Tensor:
    """Return the image with the given long side, and no side below SMALLEST: (1, C, H, W)."""
    height, width = image.shape[2:]
    factor = side / max(height, width)
    return resized(image, [max(SMALLEST, round(length * factor)) for length in (height, width)])


def resized(image: Tensor, size: Sequence[int]) -> Tensor:
    """Resize an image with bicubic interpolation, antialiased where it shrinks, and clamp it to [0, 1]."""
    if image.shape[2:] == tuple(size):
        return image
    return F.interpolate(image, list(size), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)


def with_range_of(gray: Tensor, other: Tensor) -> Tensor:
    """Return a luminance with the mean and standard deviation of another one, in [0, 1] (arXiv 1606.05897, eq. 4)."""
    return ((gray - gray.mean()) / gray.std(correction=0).clamp(min=1e-6) * other.std(correction=0) + other.mean()).clamp(0, 1)
