"""A folder of images as a clip: read in the order of names, and written as PNG files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from viceversa.data.files.listing import listing
from viceversa.errors import UsageError
from viceversa.images.decoding import MOST_PIXELS, BadImage, describe, encode
from viceversa.images.fitting import shown
from viceversa.images.load import pixels_of
from viceversa.video.clip import Clip, CutShort, Frame, checked_frame
from viceversa.video.parts import Time

RATE = 25.0
"""Default frames per second of a folder."""


def open_sequence(folder: Path, rate: float | None, background: int, most_pixels: int = MOST_PIXELS) -> Clip:
    """Return the images of a folder as a clip.

    Args:
        folder: the folder.
        rate: frames per second.
        background: gray level behind transparent parts, 0 to 255.
        most_pixels: limit of an image's size.

    Raises:
        UsageError: If there are no images, the rate is not possible, or the first image cannot be read.
    """
    rate = RATE if rate is None else rate
    if not 0.01 <= rate <= 1000:
        raise UsageError(f"`fps={rate:g}`: give from 0.01 to 1000 frames a second.")
    files = images_of(folder)
    if not files:
        instead = listing(folder, deep=False).reason()
        raise UsageError(f"there are no images in {str(folder)!r}{instead}: give a folder that has some.")
    height, width, _, _ = describe(files[0], most_pixels=most_pixels)
    exact = Fraction(rate).limit_denominator(1001)

    def read() -> Iterator[Frame]:
        return checked_frame(_frames(files, background, most_pixels))

    return Clip(folder, height, width, read, 1 / exact, exact, count=len(files), halved=True)


def images_of(folder: Path) -> list[Path]:
    """Return the visible images directly in a folder, sorted by name; numbers are compared as numbers: 2.png before 10.png."""
    return sorted((folder / name for name in listing(folder, deep=False).images), key=_place)


def _place(file: Path) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", file.name)
    return [(int(part), "") if number % 2 else (-1, part) for number, part in enumerate(parts)]


def _frames(files: Sequence[Path], background: int, most_pixels: int) -> Iterator[Frame]:
    for number, file in enumerate(files):
        try:
            yield Frame(shown(pixels_of(file, 3, background, most_pixels)), number, 1)
        except BadImage as error:
            raise CutShort(str(error).removesuffix(".")) from None


@dataclass(frozen=True)
class ImageFolder:
    """Writer of a folder of PNG files, numbered from 1."""

    suffix: str = ".images"

    def write(self, frames: Iterable[Frame], path: Path, first: int) -> None:
        """Write a part of the files, in a folder."""
        path.mkdir()
        for number, frame in enumerate(frames, first + 1):
            encode(frame.pixels, path / f"{number:06d}.png")

    def join(self, parts: Sequence[Path], times: Iterable[Time], out: Path) -> None:
        """Move all files into one folder. Files moved before an interrupt stay."""
        out.mkdir(parents=True, exist_ok=True)
        for part in parts:
            for file in sorted(part.iterdir()):
                file.replace(out / file.name)
