"""Pictures in and out: files, Pillow's images and arrays as pixels, and pixels as Pillow's images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from viceversa.data.dataset import Pixels
from viceversa.data.decoding import decode
from viceversa.data.fitting import shown
from viceversa.data.layers import Layers, read_layers
from viceversa.data.store import read_image
from viceversa.errors import UsageError

Picture = Image.Image | str | Path | Pixels
"""An image: Pillow's, a file's path, or an array (H, W, C) of uint8 or uint16."""


def pixels_of(picture: Picture, channels: int, background: int) -> Pixels:
    """A picture upright, in so many channels, on the background (0..255) where it is transparent: (H, W, channels) in its depth.

    Raises UsageError, BadImage for a file.
    """
    match picture:
        case Image.Image():
            return _flat(picture, channels, background)
        case np.ndarray():
            return _checked(picture, channels)
        case _:
            return read_image(Path(picture), channels, background)


def layers_of(picture: Picture, channels: int) -> Layers:
    """A picture upright with all that is in it. channels: of an array, which must have as many. Raises UsageError, BadImage."""
    match picture:
        case np.ndarray():
            return Layers(_checked(picture, channels))
        case Image.Image():
            upright = ImageOps.exif_transpose(picture)
            profile = upright.info.get("icc_profile") or b""
            if upright.mode.startswith("I;16"):
                return Layers(np.asarray(upright).astype(np.uint16)[..., None], None, profile)
            form = ("L" if upright.mode in ("1", "L", "LA", "La") else "RGB") + ("A" if upright.has_transparency_data else "")
            pixels = np.asarray(upright.convert(form)).reshape(upright.height, upright.width, len(form))
            split = len(form.removesuffix("A"))
            return Layers(pixels[..., :split], pixels[..., split:] if form.endswith("A") else None, profile)
        case _:
            return read_layers(Path(picture))


def mask_of(picture: Picture) -> Pixels:
    """A mask upright, black where it is transparent: (H, W, 1 or 3). Raises UsageError, BadImage for a file."""
    match picture:
        case Image.Image():
            return _flat(picture, 1 if picture.mode in ("1", "L", "LA") or picture.mode.startswith("I;16") else 3, 0)
        case np.ndarray():
            return _checked(picture, 3 if picture.ndim == 3 and picture.shape[2] == 3 else 1)
        case _:
            mask = decode(Path(picture))
            if mask.shape[2] not in (1, 3):
                raise UsageError(f"the mask {str(picture)!r} has {mask.shape[2]} channels: give one in gray or color.")
            return mask


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


def _flat(picture: Image.Image, channels: int, background: int) -> Pixels:
    """Pillow's image in gray or color, gray of 16 bits as such.

    Pillow's convert would cut 16-bit gray off at 255, and show the colors that transparency hides.
    """
    if channels not in (1, 3):
        raise UsageError(f"this run takes images of {channels} channels: give a file that has them.")
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        return np.repeat(np.asarray(picture).astype(np.uint16)[..., None], channels, 2)
    if picture.has_transparency_data:
        below = Image.new("RGBA", picture.size, (background,) * 3)
        picture = Image.alpha_composite(below, picture.convert("RGBA"))
    return np.asarray(picture.convert("L" if channels == 1 else "RGB")).reshape(picture.height, picture.width, channels)


def _checked(pixels: Pixels, channels: int) -> Pixels:
    if pixels.ndim != 3 or pixels.shape[2] != channels or pixels.dtype not in (np.uint8, np.uint16) or not pixels.size:
        what = f"{pixels.shape} of {pixels.dtype}"
        raise UsageError(f"an array is (height, width, {channels}) of uint8 or uint16 here, not {what}.")
    return pixels
