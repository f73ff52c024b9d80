"""Images given from Python, as Pillow images or NumPy arrays, with the same values as if they were read from a file."""

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
"""Modes that no file is opened in, and file modes with the same colors."""


def layers_in(picture: Image.Image | NDArray[Any]) -> Layers:
    """Return the image, upright: Pillow's current frame, or an array (H, W) or (H, W, C) without an alpha channel.

    uint8 arrays and Pillow's 8-bit modes stay 8 bits. uint16, the modes "I;16" and "I" (0..65535), floats and the mode "F" (0..1)
    become 16 bits, as they do in PNG, TIFF and .npy files. Raises UsageError for other types, modes and values.
    """
    if isinstance(picture, np.ndarray):
        what, remedy = f"an array {picture.shape} of {picture.dtype}", "give uint8, uint16, or floats in [0, 1]"
    else:
        what = f"Pillow's image of mode {picture.mode!r}"
        remedy = "scale them" if picture.mode in ("I", "F") else "convert it to 'L', 'LA', 'RGB' or 'RGBA'"
    try:
        return unpacked(by_numpy(picture) if isinstance(picture, np.ndarray) else _loaded(picture))
    except Exception as error:  # Pillow may read the file only now, and decoders raise anything
        raise UsageError(f"cannot use {what}: {in_words(error)}; {remedy}.") from error


def _loaded(picture: Image.Image) -> Stored:
    """Return a Pillow image, opened. The orientation is read after loading, because Pillow turns TIFF itself while it loads."""
    picture.load()
    orientation = orientation_of(exif_of(picture))
    if picture.mode == "La":
        profile = picture.info.get("icc_profile") or b""
        return replace(upright(picture.size, 1, 8, lambda: np.asarray(picture), orientation, premultiplied=True), profile=profile)
    if picture.mode == "I":
        picture = _in_16_bits(picture)
    return by_pillow(picture.convert(_LIKE[picture.mode]) if picture.mode in _LIKE else picture, orientation)


def _in_16_bits(picture: Image.Image) -> Image.Image:
    """Convert the mode "I" to "I;16". Raises ValueError for values outside 0..65535."""
    values = np.asarray(picture)
    if values.size and not (values.min() >= 0 and values.max() <= 65535):
        raise ValueError(f"its values are from {values.min()} to {values.max()}, not in 0..65535")
    image = Image.fromarray(values.astype(np.uint16))
    image.info = dict(picture.info)
    return image
