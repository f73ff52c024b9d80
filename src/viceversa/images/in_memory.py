"""Images given from Python, Pillow's and numpy's, with the values that the same image has when it is read from its file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viceversa.errors import UsageError
from viceversa.images.formats import by_pillow, exif_of, orientation_of
from viceversa.images.formats import reason as in_words
from viceversa.images.layers import Layers, unpacked
from viceversa.images.stored import Stored, by_numpy, upright

_LIKE = {"RGBa": "RGBA", "RGBX": "RGB", "HSV": "RGB"}
"""Modes that no file is opened in, and those with the same colors that files are."""


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
        return unpacked(by_numpy(picture) if isinstance(picture, np.ndarray) else _loaded(picture))
    except Exception as error:  # a file that Pillow has not read yet may hold anything
        raise UsageError(f"cannot use {what}: {in_words(error)}; {remedy}.") from error


def _loaded(picture: Image.Image) -> Stored:
    """Pillow's image. Its orientation is looked for behind loading, in which Pillow turns TIFF itself."""
    picture.load()
    orientation = orientation_of(exif_of(picture))
    if picture.mode == "La":
        profile = picture.info.get("icc_profile") or b""
        return replace(upright(picture.size, 1, 8, lambda: np.asarray(picture), orientation, premultiplied=True), profile=profile)
    if picture.mode == "I":
        picture = _in_16_bits(picture)
    return by_pillow(picture.convert(_LIKE[picture.mode]) if picture.mode in _LIKE else picture, orientation)


def _in_16_bits(picture: Image.Image) -> Image.Image:
    """The mode "I" as "I;16". Raises ValueError for values that it cannot hold."""
    values = np.asarray(picture)
    if values.size and not (values.min() >= 0 and values.max() <= 65535):
        raise ValueError(f"its values are from {values.min()} to {values.max()}, not in 0..65535")
    image = Image.fromarray(values.astype(np.uint16))
    image.info = dict(picture.info)
    return image
