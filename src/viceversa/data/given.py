"""Images given from Python, Pillow's and numpy's, with the values that the same image has when it is read from its file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viceversa.data.formats import by_pillow, exif_of, orientation_of
from viceversa.data.formats import reason as in_words
from viceversa.data.layers import Layers, unpacked
from viceversa.data.stored import by_numpy
from viceversa.errors import UsageError

_STRAIGHT = {"RGBa": "RGBA", "La": "LA", "RGBX": "RGB", "HSV": "RGB"}
"""Modes that no file has, and those with the same colors that files have."""


def layers_in(picture: Image.Image | NDArray[Any]) -> Layers:
    """The image, upright: Pillow's current frame, or an array (H, W) or (H, W, C) of which no channel is alpha.

    uint8 and Pillow's modes of 8 bits stay 8 bits. uint16, the modes "I;16" and "I" (0..65535), floats and the mode "F" (0..1)
    become 16 bits, as PNG, TIFF and .npy files of them do. Raises UsageError for other types, modes and values.
    """
    if isinstance(picture, np.ndarray):
        what, remedy = f"an array {picture.shape} of {picture.dtype}", "give uint8, uint16, or floats in [0, 1]"
    else:
        what = f"Pillow's image of mode {picture.mode!r}"
        remedy = "scale them" if picture.mode in ("I", "F") else "convert it to 'L', 'LA', 'RGB' or 'RGBA'"
    try:
        return unpacked(by_numpy(picture) if isinstance(picture, np.ndarray) else by_pillow(*_upright(picture)))
    except Exception as error:  # a file that Pillow has not read yet may hold anything
        raise UsageError(f"cannot use {what}: {in_words(error)}; {remedy}.") from error


def _upright(picture: Image.Image) -> tuple[Image.Image, int]:
    """The image in a mode that files have, and its orientation, 1..8, which Pillow undoes for TIFF alone, in loading."""
    picture.load()
    orientation = orientation_of(exif_of(picture))
    if picture.mode == "I":
        return _in_16_bits(picture), orientation
    return (picture.convert(_STRAIGHT[picture.mode]) if picture.mode in _STRAIGHT else picture), orientation


def _in_16_bits(picture: Image.Image) -> Image.Image:
    """The mode "I" as "I;16". Raises ValueError for values that it cannot hold."""
    values = np.asarray(picture)
    if values.size and not (values.min() >= 0 and values.max() <= 65535):
        raise ValueError(f"its values are from {values.min()} to {values.max()}, not in 0..65535")
    image = Image.fromarray(values.astype(np.uint16))
    image.info = dict(picture.info)
    return image
