"""GIF animations: read by Pillow, and written frame by frame, so that memory does not grow with their length."""

from __future__ import annotations

import io
import shutil
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from viceversa.errors import UsageError
from viceversa.images.load import pixels_of
from viceversa.video.clip import Clip, CutShort, Frame, Picture8, checked_frame
from viceversa.video.parts import Time, written_whole

TICK = Fraction(1, 1000)
UNSAID = 100
"""Duration in milliseconds of a frame that gives none, as in browsers."""
SHORTEST = 2
"""Shortest duration in hundredths of a second: browsers show shorter frames for a tenth of a second."""


def is_animation(path: Path) -> bool:
    """Return whether the file is a GIF with more than one frame."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if file.read(4) != b"GIF8":
            return False
    try:
        with Image.open(path) as image:
            image.seek(1)
    except (EOFError, OSError, ValueError, SyntaxError):
        return False
    return True


def open_animation(path: Path, background: int) -> Clip:
    """Return the animation, with a gray background, 0 to 255, behind transparent parts. Raises UsageError for a broken file."""
    try:
        with Image.open(path) as image:
            image.load()
            width, height = image.size
            loops = image.info.get("loop", 1)
            rate = 1000 / Fraction(image.info.get("duration") or UNSAID)
    except (OSError, ValueError, SyntaxError, EOFError, UnidentifiedImageError):
        raise UsageError(f"no frame of {str(path)!r} can be read: give another file.") from None
    return Clip(path, height, width, lambda: checked_frame(_frames(path, background)), TICK, rate, halved=False, loops=loops)


def _frames(path: Path, background: int) -> Iterator[Frame]:
    """Yield the frames with their own durations. Raises CutShort."""
    number, start = 0, 0
    with Image.open(path) as image:
        while True:
            try:
                image.seek(number)
                pixels = np.asarray(pixels_of(image, 3, background), np.uint8)
            except EOFError:
                break
            except (OSError, ValueError, SyntaxError) as error:
                raise CutShort(str(error)) from None
            length = round(image.info.get("duration") or UNSAID)
            yield Frame(pixels, start, length)
            number, start = number + 1, start + length
    if not _ended(path):
        raise CutShort("it has no end")


def _ended(path: Path) -> bool:
    """Return whether the file ends like a GIF; zeros after the end are ignored."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - 64))
        return file.read().rstrip(b"\0").endswith(b";")


@dataclass(frozen=True)
class Animation:
    """Writer of a GIF.

    Args:
        tick: seconds of a unit of time.
        loops: how often it is shown, 0 for endlessly.
        suffix: suffix of its parts.
    """

    tick: Fraction
    loops: int = 0
    suffix: str = ".frames"

    def write(self, frames: Iterable[Frame], path: Path, first: int) -> None:
        """Write a part of the file: width and height, then its frames, each with a palette of its own."""
        with path.open("wb") as file:
            for number, frame in enumerate(frames):
                height, width = frame.pixels.shape[:2]
                start, end = (round(100 * ticks * self.tick) for ticks in (frame.start, frame.start + frame.length))
                file.write(struct.pack("<HH", width, height) if number == 0 else b"")
                file.write(_coded(frame.pixels, max(SHORTEST, end - start)))

    def join(self, parts: Sequence[Path], times: Iterable[Time], out: Path) -> None:
        """Write the parts as one file."""
        with written_whole(parts[0].with_name("joined.gif"), out) as path, path.open("wb") as file:
            for number, each in enumerate(parts):
                with each.open("rb") as part:
                    size = part.read(4)
                    file.write(b"" if number else b"GIF89a" + size + b"\0\0\0" + self._repetition())
                    shutil.copyfileobj(part, file)
            file.write(b";")

    def _repetition(self) -> bytes:
        """Return Netscape's extension for repetition. A file without it is shown once."""
        return b"" if self.loops == 1 else b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", self.loops) + b"\0"


def _coded(pixels: Picture8, delay: int) -> bytes:
    """Return a frame of a GIF: its duration, its place, its palette, and its pixels as Pillow compresses them."""
    buffer = io.BytesIO()
    gray = pixels.shape[2] == 1
    image = Image.fromarray(pixels[..., 0] if gray else np.ascontiguousarray(pixels))
    image.convert("RGB").quantize(256).save(buffer, "GIF", interlace=0)
    content, at = buffer.getvalue(), 13
    bits = content[10] % 8  # bits of the palette's length, minus one
    palette = content[at : at + 3 * 2 ** (bits + 1)]
    at += len(palette)
    while content[at] == ord("!"):  # extensions: blocks that begin with their length
        at += 2
        while content[at]:
            at += content[at] + 1
        at += 1
    place, packed = content[at : at + 9], content[at + 10 : -1]
    return b"!\xf9\x04\x04" + struct.pack("<H", delay) + b"\0\0" + place + bytes([0x80 | bits]) + palette + packed
