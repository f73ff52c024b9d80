"""Pictures in and out: files, Pillow's images and arrays as pixels, and pixels as Pillow's images."""

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
"""An image: Pillow's of any mode, a file's path, an array (H, W) or (H, W, C) of uint8, uint16 or floats in [0, 1], or layers."""

_LOG = logging.getLogger(__name__)


def layers_of(picture: Picture, most_pixels: int = MOST_PIXELS) -> Layers:
    """A picture upright with all that is in it: the one way in for images from Python.

    most_pixels: of a file, counting every four channels; larger ones are taken for decompression bombs. Logs a warning for a file
    of several pages or frames, of which the first is taken. Raises UsageError, BadImage for a file.
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
    """A picture upright, in so many channels, on the background (0..255) where it is transparent: (H, W, channels) in its depth.

    Raises UsageError, BadImage for a file and for other channels.
    """
    layers = layers_of(picture, most_pixels)
    try:
        return layers.flat(channels, background)
    except ValueError as error:
        other = "" if channels in (1, 3) else f"; its file is TIFF or .npy, and an array is (height, width, {channels})"
        raise BadImage(f"cannot use {layers.name}: {error}{other}.") from None


def mask_of(picture: Picture, most_pixels: int = MOST_PIXELS) -> Pixels:
    """A mask upright, black where it is transparent: (H, W, 1 or 3). Raises UsageError, BadImage for a file."""
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
    """What Pillow can hold of an image: gray in its depth, else what can be seen, in 8 bits, with its alpha and color profile."""
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
