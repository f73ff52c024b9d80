"""Baselines: "editors" that ignore the instruction. They show what saving or resizing alone does to an image, turn by turn."""

from __future__ import annotations

import io
import math
from functools import partial

from PIL import Image

from viceversa.errors import UsageError, quoted
from viceversa.multiturn.editors.editor import Edit, Editor

_FORMATS = ("jpeg", "webp")


def nothing(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
    """Return the image unchanged."""
    return image


def resaving(spec: str) -> Editor:
    """Return an editor that saves the image with loss and opens it again.

    Args:
        spec: "jpeg:QUALITY" or "webp:QUALITY"; the quality is an integer from 1 to 100.

    Raises UsageError for another text.
    """
    kind, _, quality = spec.partition(":")
    if kind not in _FORMATS or not (quality.isascii() and quality.isdigit() and 1 <= int(quality) <= 100):
        forms = "resave:jpeg:QUALITY or resave:webp:QUALITY with an integer from 1 to 100"
        raise UsageError(f"{quoted(f'resave:{spec}')}: write {forms}, as in resave:jpeg:75.")
    return partial(_resaved, kind, int(quality))


def resizing(spec: str) -> Editor:
    """Return an editor that reduces the image by a factor and enlarges it back to its size, both bicubic.

    Args:
        spec: the factor, a number above 1.

    Raises UsageError for another text.
    """
    try:
        factor = float(spec)
    except ValueError:
        factor = math.nan
    if not 1 < factor < math.inf:
        raise UsageError(f"{quoted(f'resize:{spec}')}: write resize:FACTOR with a number above 1, as in resize:2.")
    return partial(_resized, factor)


def _resaved(kind: str, quality: int, image: Image.Image, edit: Edit, seed: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, kind.upper(), quality=quality)
    with Image.open(buffer) as saved:
        return saved.convert(image.mode)  # WebP has no gray


def _resized(factor: float, image: Image.Image, edit: Edit, seed: int) -> Image.Image:
    width, height = (max(1, round(side / factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC).resize(image.size, Image.Resampling.BICUBIC)
