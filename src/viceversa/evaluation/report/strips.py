"""Strips of pictures for a self-contained page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image

from viceversa.images.fitting import shown
from viceversa.images.pictures import png
from viceversa.pages.document import escaped, pairs

if TYPE_CHECKING:
    from viceversa.evaluation.report.contents import CaptionedImage, Strip

_SIDE = 96
"""Least length in pixels of a picture's longer side; smaller pictures are enlarged by an integer factor."""


def strips_markup(strips: Sequence[Strip]) -> str:
    """Return strips of pictures as figures of a page."""
    return "".join(map(_strip, strips))


def _strip(strip: Strip) -> str:
    """Return one image: its facts, and a table of pictures."""
    heads = "".join(f'<th scope="col">{escaped(caption)}</th>' for caption in strip.captions)
    lines = "".join(
        f'<tr><th scope="row">{escaped(title)}</th>{"".join(f"<td>{_picture(each, title)}</td>" for each in pictures)}</tr>\n'
        for title, pictures in strip.rows
    )
    table = f"<table>\n<thead><tr><td></td>{heads}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table>"
    caption = f"<figcaption>{escaped(strip.title)}</figcaption>\n{pairs(strip.facts, 'asked')}"
    return f'<figure>{caption}<div class="scroll pictures" tabindex="0">\n{table}\n</div></figure>\n'


def _picture(picture: CaptionedImage | None, title: str) -> str:
    """Return a picture at its own size, which the browser enlarges, with notes below."""
    if picture is None:
        return ""
    seen = shown(picture.pixels)
    image = Image.fromarray(seen[..., 0] if seen.shape[2] == 1 else seen)
    scale = -(-_SIDE // max(image.size))
    source = f"data:image/png;base64,{base64.b64encode(png(image)).decode()}"
    notes = "".join(f"<small>{escaped(note)}</small>" for note in picture.notes)
    size = f'width="{image.width * scale}" height="{image.height * scale}"'
    return f'<img src="{source}" {size} alt="{escaped(" ".join((title, *picture.notes)))}">{notes}'
