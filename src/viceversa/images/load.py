"""Convert pictures (files, Pillow images, arrays) to pixels, and pixels to Pillow images."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viceversa.errors import UsageError, quoted
from viceversa.images.decoding import MOST_PIXELS, BadImage, TooLarge
from viceversa.images.fitting import shown
from viceversa.images.in_memory import layers_in
from viceversa.images.layers import Layers, read_layers
from viceversa.images.pixels import Pixels

Picture = Image.Image | str | Path | NDArray[Any] | Layers
"""An image: a Pillow image of any mode, the path of a file, an array (H, W) or (H, W, C) of uint8, uint16 or floats in [0, 1], or
Layers."""

_LOG = logging.getLogger(__name__)


def layers_of(picture: Picture, most_pixels: int = MOST_PIXELS) -> Layers:
    """Return a picture, upright, as layers. All images from Python pass through this function.

    Logs a warning for a file with several pages or frames; the first one is used.

    Args:
        picture: the picture.
        most_pixels: limit of a file's size, in which four channels count as one pixel; larger images are taken for decompression
            bombs.

    Raises:
        UsageError: For other types.
        BadImage: For a file that cannot be read.
    """
    match picture:
        case Layers():
            return picture
        case Image.Image() | np.ndarray():
            return layers_in(picture)
        case str() | Path():
            layers = _read(Path(picture), most_pixels)
            if layers.more:
                _LOG.warning("%s has more than one page or frame: the first one is used.", quoted(str(picture)))
            return layers
        case _:
            kinds = "a path, a Pillow image, or an array"
            raise UsageError(f"an image must be {kinds}, not {quoted(type(picture).__name__)}.")


def pixels_of(picture: Picture, channels: int, background: int, most_pixels: int = MOST_PIXELS) -> Pixels:
    """Return a picture, upright, without transparency: (H, W, channels) in its bit depth.

    Args:
        picture: the picture.
        channels: number of channels.
        background: gray level behind transparent parts, 0 to 255.
        most_pixels: limit of a file's size.

    Raises:
        UsageError: For other types.
        BadImage: For a file that cannot be read or has other channels.
    """
    layers = layers_of(picture, most_pixels)
    try:
        return layers.flat(channels, background)
    except ValueError as error:
        other = "" if channels in (1, 3) else f"; its file is TIFF or .npy, and an array is (height, width, {channels})"
        raise BadImage(f"cannot use {layers.name}: {error}{other}.") from None


def mask_of(picture: Picture, most_pixels: int = MOST_PIXELS) -> Pixels:
    """Return a mask, upright, black where it is transparent: (H, W, 1 or 3). Raises UsageError; BadImage for a file."""
    layers = layers_of(picture, most_pixels)
    if layers.colors.shape[2] not in (1, 3):
        raise UsageError(f"the mask has {layers.colors.shape[2]} channels ({layers.name}): give one in gray or color.")
    return layers.flat(None, 0)


def _read(path: Path, most_pixels: int) -> Layers:
    try:
        return read_layers(path, most_pixels=most_pixels)
    except TooLarge as error:
        raise TooLarge(f"{str(error).removesuffix('.')}: if you trust the file, allow more with `most_pixels`.") from error


def seen(layers: Layers) -> Image.Image:
    """Return an image as a Pillow image with alpha and color profile. 16-bit gray without alpha keeps its depth; all else has 8
    bits, in gray or RGB."""
    colors, alpha = layers.colors, layers.alpha
    if colors.dtype == np.uint16 and colors.shape[2] == 1 and alpha is None:
        image = Image.fromarray(colors[..., 0])
    else:
        pixels = shown(colors)
        pixels = pixels if alpha is None else np.concatenate([pixels, shown(alpha)], 2)
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    if layers.fitting:
        image.info["icc_profile"] = layers.fitting
    return image
