"""Answers of editors: convert an answer to an image of mode "L" or "RGB", and shorten error messages to one line."""

from __future__ import annotations

import numpy as np
from PIL import Image

from viceversa.errors import UsageError, printable
from viceversa.images.decoding import decode
from viceversa.images.fitting import in_bits
from viceversa.images.formats import Embedded
from viceversa.images.load import layers_of
from viceversa.images.pixels import Pixels

_LONGEST = 300
_WHITE = 255


def answered(answer: object, editor: str) -> Image.Image:
    """Return the answer of an editor as an image of mode "L" or "RGB", on white where it is transparent.

    Args:
        answer: a Pillow image, or an array (H, W) or (H, W, C) of uint8.
        editor: name of the editor, for messages.

    Raises:
        UsageError: If the answer is anything else.
    """
    if not isinstance(answer, Image.Image) and not (isinstance(answer, np.ndarray) and answer.dtype == np.uint8):
        what = f"an array of {answer.dtype}" if isinstance(answer, np.ndarray) else type(answer).__name__
        raise UsageError(f"{editor} returned {what}, not a Pillow image or an array (height, width, channels) of uint8.")
    try:
        layers = layers_of(answer)
    except UsageError as error:
        raise UsageError(f"{editor} returned no usable image: {in_short(str(error))}") from None
    return _shown(layers.flat(None, _WHITE), editor)


def opened(content: bytes, editor: str) -> Image.Image:
    """Return the image in a file's content, as `answered` does. Raises UsageError if it is not an image."""
    try:
        pixels = decode(Embedded("answer", content), background=_WHITE)
    except UsageError as error:
        raise UsageError(f"{editor} returned no usable image: {in_short(str(error))}") from None
    return _shown(pixels, editor)


def in_short(text: str) -> str:
    """Return a text of any length as one line for a terminal: its first 300 characters."""
    words = printable(" ".join(text.split()))
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def _shown(pixels: Pixels, editor: str) -> Image.Image:
    colors = np.asarray(in_bits(pixels, 8), np.uint8)
    if colors.shape[2] not in (1, 3):
        raise UsageError(f"{editor} returned an image of {colors.shape[2]} channels, not of 1 or 3.")
    return Image.fromarray(colors[..., 0] if colors.shape[2] == 1 else colors)
