"""Write images in the format that the file name says, as far as the format can hold them."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from pathlib import Path

from PIL import Image

from viceversa.errors import UsageError
from viceversa.files import write_atomically
from viceversa.images.decoding import SUFFIXES
from viceversa.images.fitting import shown
from viceversa.images.layers import Layers, write_layers
from viceversa.images.load import seen

_WHOLE = ("PNG", "TIFF")
"""Formats, by Pillow's names, that hold everything in an image."""
_WITH_ALPHA, _WITH_PROFILE = ("WEBP", "AVIF"), ("JPEG", "WEBP", "AVIF")
QUALITY = 95
"""Quality of JPEG, WebP and AVIF, up to 100."""


def names_image(path: Path) -> bool:
    """Return whether a path ends like the name of an image."""
    return path.suffix.lower() in {*SUFFIXES, *Image.registered_extensions()}


def format_of(path: Path) -> str:
    """Return Pillow's name of the format of a file name. Raises UsageError for a format that cannot be written."""
    form = Image.registered_extensions().get(path.suffix.lower(), "")
    if not _can_be_written(form):
        raise UsageError(f"{str(path)!r} is not the name of an image: end it with .png, .jpg or .tif.")
    return form


@cache
def _can_be_written(form: str) -> bool:
    try:
        Image.new("RGB", (1, 1)).save(io.BytesIO(), form)
    except (KeyError, OSError, ValueError):
        return False
    return True


def save_image(layers: Layers, path: Path) -> None:
    """Write the image atomically.

    PNG and TIFF hold everything. Other formats hold 8 bits, and lose what `missing` names; lost transparency becomes white. Raises
    UsageError for a format or a number of channels that cannot be written. Raises OSError.
    """
    form, channels = format_of(path), layers.colors.shape[2]
    if channels not in (1, 3) and form != "TIFF":
        raise UsageError(f"{str(path)!r} cannot hold {channels} channels: end the name with .tif.")
    if form in _WHOLE:
        write_layers(replace(layers, tiff=form == "TIFF"), path)
        return
    if layers.alpha is None or form not in _WITH_ALPHA:
        layers = Layers(shown(layers.flat(None, 255)), None, layers.profile)
    else:
        layers = Layers(shown(layers.colors), shown(layers.alpha), layers.profile)
    buffer = io.BytesIO()
    seen(layers).save(buffer, form, quality=QUALITY, icc_profile=layers.fitting if form in _WITH_PROFILE else None)
    write_atomically(path, buffer.getvalue(), flushed=False)


def missing(path: Path, *, bits: int, alpha: bool, profile: bool) -> str:
    """Return in words what a file of this name cannot hold of an image; empty if it holds everything.

    Args:
        path: the file.
        bits: 8 or 16.
        alpha: whether the image has transparency.
        profile: whether it has a color profile.
    """
    form = format_of(path)
    if form in _WHOLE:
        return ""
    lost = {"16 bits": bits == 16, "transparency": alpha and form not in _WITH_ALPHA}
    lost["a color profile"] = profile and form not in _WITH_PROFILE
    return ", ".join(name for name, is_lost in lost.items() if is_lost)
