"""Pillow's images as pixels."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from viceversa.data.dataset import Pixels
from viceversa.errors import UsageError


def pixels_of(picture: Image.Image, channels: int, background: int) -> Pixels:
    """A picture upright, in gray or color, on the background where it is transparent: (H, W, channels), gray of 16 bits as such.

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
