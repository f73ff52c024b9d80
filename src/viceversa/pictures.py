"""Pictures made of pictures: grids with captions."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from viceversa.files import write_atomically

Cell = NDArray[np.uint8] | None


def grid(rows: Sequence[Sequence[Cell]], captions: Sequence[str], row_titles: Sequence[str] = (), scale: int | None = None) -> Image.Image:
    """Images (H, W, C) uint8 in rows under captions; small ones enlarged by whole numbers to about 96 pixels."""
    cells = [cell for row in rows for cell in row if cell is not None]
    side = max(max(cell.shape[:2]) for cell in cells)
    factor = scale or max(1, -(-96 // side))
    step, top, left = side * factor + 6, 26, 110 if row_titles else 6
    sheet = Image.new("RGB", (left + step * len(captions), top + step * len(rows)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for column, caption in enumerate(captions):
        draw.text((left + column * step + step / 2 - 3, top / 2), caption, "black", font, anchor="mm")
    for line, row in enumerate(rows):
        if row_titles:
            draw.text((left - 8, top + line * step + step / 2), row_titles[line], "black", font, anchor="rm")
        for column, cell in enumerate(row):
            if cell is not None:
                picture = Image.fromarray(cell.squeeze()).convert("RGB")
                picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
                sheet.paste(picture, (left + column * step, top + line * step))
    return sheet


def save_png(image: Image.Image, path: Path) -> None:
    """Writes the picture, whole or not at all."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    write_atomically(path, buffer.getvalue())
