"""Notices on standard error of what images lose in a command. Each kind of loss has one line, for any number of images."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from viceversa.errors import printable, quoted
from viceversa.images.layers import Header, fits
from viceversa.images.save import missing


@dataclass(frozen=True)
class Notice:
    """One loss of one image. kind: the sentence up to the example; remedy: the end of the sentence."""

    kind: str
    example: str
    remedy: str = ""


def tell(notices: Iterable[Notice]) -> None:
    """Print a line for each kind: its first example, and how many other images have the same loss."""
    examples: dict[tuple[str, str], list[str]] = {}
    for notice in notices:
        examples.setdefault((notice.kind, notice.remedy), []).append(notice.example)
    for (kind, remedy), (first, *others) in examples.items():
        more = f" and {len(others)} more image{'s' * (len(others) > 1)}" if others else ""
        print(printable(f"{kind} {first}{more}{remedy}"), file=sys.stderr)


def lost_in_resizing(header: Header, size: tuple[int, int], middle: tuple[int, int], name: str) -> Iterator[Notice]:
    """Yield what an image loses if it is resized to the run's size. middle: height and width of the part cut out before."""
    (height, width), (top, across) = size, middle
    if (header.height, header.width) != size:
        yield Notice("resized", f"{header.size} -> {width}x{height}", "; --full-size keeps the size")
    if (header.height, header.width) != middle:
        yield Notice("cut out", f"the middle {across}x{top} of {quoted(name)}", "; --full-size keeps the whole image")
    if header.alpha:
        yield Notice("filled transparent parts with the background in", quoted(name), "; --full-size keeps them transparent")


def lost_in_reading(header: Header, channels: int, name: str) -> Iterator[Notice]:
    """Yield what a file contains but no result can hold. channels: number of channels of the result."""
    if header.more:
        yield Notice("used only the first page or frame of", quoted(name))
    if header.profile and not fits(header.profile, channels):
        yield Notice("dropped the color profile, which is for other channels, of", quoted(name))
    if header.exif:
        yield Notice("dropped the metadata (EXIF: date, camera, place) of", quoted(name))


def lost_in_writing(header: Header, path: Path, channels: int, *, alpha: bool) -> Iterator[Notice]:
    """Yield what a file of that name cannot hold. channels: of the result. alpha: whether the result has transparent parts."""
    if lost := missing(path, bits=header.bits, alpha=alpha, profile=fits(header.profile, channels)):
        yield Notice("dropped", f"{lost} of {quoted(path.name)}", "; .png and .tif keep it")
