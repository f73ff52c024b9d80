"""Pictures made of several images: grids with captions, and differences."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from viceversa.files import write_atomically
from viceversa.images.pixels import Pixels

Cell = NDArray[np.uint8] | None

_SIDE = 96
_GAP = 6
_TITLE = 140
_FONT = 13


def grid(
    rows: Sequence[Sequence[Cell]], captions: Sequence[str], row_titles: Sequence[str] = (), scale: int | None = None
) -> Image.Image:
    """Draw images in rows under captions, as RGB on white.

    An image smaller than the largest one is enlarged by the largest whole number that fits, and centered. Captions and row titles
    are wrapped.

    Args:
        rows: images (H, W, C) uint8, C = 1 or 3; None leaves a place empty.
        captions: one for each column.
        row_titles: one for each row.
        scale: whole number by which the largest image is enlarged; by default to at least 96 pixels.
    """
    longest = max(max(cell.shape[:2]) for row in rows for cell in row if cell is not None)
    side = longest * (scale or -(-_SIDE // longest))
    draw, font = ImageDraw.Draw(Image.new("RGB", (1, 1))), ImageFont.load_default(_FONT)
    heads = [_wrapped(caption, side, font) for caption in captions]
    titles = [_wrapped(title, _TITLE, font) for title in row_titles]
    top = _GAP + max((round(draw.multiline_textbbox((0, 0), head, font)[3]) + _GAP for head in heads if head), default=0)
    left = _GAP + max((round(draw.multiline_textbbox((0, 0), title, font)[2]) + _GAP for title in titles if title), default=0)
    step, across = side + _GAP, max(len(captions), *map(len, rows))
    sheet = Image.new("RGB", (left + step * across, top + step * len(rows)), "white")
    draw = ImageDraw.Draw(sheet)
    for column, head in enumerate(heads):
        draw.multiline_text((left + column * step + side / 2, top - _GAP), head, "black", font, anchor="md", align="center")
    for line, title in enumerate(titles):
        draw.multiline_text((left - _GAP, top + line * step + side / 2), title, "black", font, anchor="rm", align="right")
    for line, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell is not None:
                picture = _enlarged(cell, side)
                inset_x, inset_y = (side - picture.width) // 2, (side - picture.height) // 2
                sheet.paste(picture, (left + column * step + inset_x, top + line * step + inset_y))
    return sheet


def difference(image: Pixels, other: Pixels) -> Pixels:
    """Return |image - other|, averaged over channels and rounded: two (H, W, C) uint8 or uint16 -> (H, W, 1), in the same levels.

    The result is 0 where nothing changed, and the highest level where black became white. It is not stretched, so that results can
    be compared. Raises ValueError if shapes or types differ.
    """
    if image.shape != other.shape or image.dtype != other.dtype:
        raise ValueError(f"images of {image.shape} {image.dtype} and {other.shape} {other.dtype} have no difference.")
    mean = np.abs(image.astype(np.int32) - other).mean(2, keepdims=True)
    levels: Pixels = np.rint(mean).astype(image.dtype)
    return levels


def png(image: Image.Image) -> bytes:
    """Return the picture as the content of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def save_png(image: Image.Image, path: Path) -> None:
    """Write the picture as PNG, atomically."""
    write_atomically(path, png(image))


def _enlarged(cell: NDArray[np.uint8], side: int) -> Image.Image:
    picture = Image.fromarray(cell[..., 0] if cell.shape[2] == 1 else cell).convert("RGB")
    factor = side // max(picture.size)
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def _wrapped(text: str, width: int, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> str:
    """Return the text in lines of at most `width` pixels, broken between words; a word is broken only if it is too wide for a
    line."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
            continue
        lines.append("")
        for letter in word:
            if font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return "\n".join(line for line in lines if line)
