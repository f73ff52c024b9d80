"""GIF: animations read by Pillow, and written frame by frame, so that memory does not grow with their length."""

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
"""Milliseconds of a frame that says none, as browsers show it."""
SHORTEST = 2
"""Hundredths of a second: browsers show shorter frames for a tenth."""


def is_animation(path: Path) -> bool:
    """Whether it is a GIF of more than one frame."""
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
    """The animation; what is transparent shows the background, 0..255. Raises UsageError for a broken file."""
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
    """The frames with their own durations. Raises CutShort."""
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
    """Whether the file ends as a GIF does, zeros behind it aside."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - 64))
        return file.read().rstrip(b"\0").endswith(b";")


@dataclass(frozen=True)
class Animation:
    """Writes a GIF. tick: seconds of a unit of time. loops: how often it is shown, 0 for ever."""

    tick: Fraction
    loops: int = 0
    suffix: str = ".frames"

    def write(self, frames: Iterable[Frame], path: Path, first: int) -> None:
        """A part of the file: width and height, then its frames, each with a palette of its own."""
        with path.open("wb") as file:
            for number, frame in enumerate(frames):
                height, width = frame.pixels.shape[:2]
                start, end = (round(100 * ticks * self.tick) for ticks in (frame.start, frame.start + frame.length))
                file.write(struct.pack("<HH", width, height) if number == 0 else b"")
                file.write(_coded(frame.pixels, max(SHORTEST, end - start)))

    def join(self, parts: Sequence[Path], times: Iterable[Time], out: Path) -> None:
        """The parts as one file."""
        with written_whole(parts[0].with_name("joined.gif"), out) as path, path.open("wb") as file:
            for number, each in enumerate(parts):
                with each.open("rb") as part:
                    size = part.read(4)
                    file.write(b"" if number else b"GIF89a" + size + b"\0\0\0" + self._repetition())
                    shutil.copyfileobj(part, file)
            file.write(b";")

    def _repetition(self) -> bytes:
        """Netscape's extension; a file without it is shown once."""
        return b"" if self.loops == 1 else b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", self.loops) + b"\0"


def _coded(pixels: Picture8, delay: int) -> bytes:
    """A frame of a GIF: how long it is shown, where it is, its palette, and its pixels as Pillow packs them."""
    buffer = io.BytesIO()
    gray = pixels.shape[2] == 1
    image = Image.fromarray(pixels[..., 0] if gray else np.ascontiguousarray(pixels))
    image.convert("RGB").quantize(256).save(buffer, "GIF", interlace=0)
    content, at = buffer.getvalue(), 13
    bits = content[10] % 8  # of the palette's length, less one
    palette = content[at : at + 3 * 2 ** (bits + 1)]
    at += len(palette)
    while content[at] == ord("!"):  # extensions, in blocks that begin with their length
        at += 2
        while content[at]:
            at += content[at] + 1
        at += 1
    place, packed = content[at : at + 9], content[at + 10 : -1]
    return b"!\xf9\x04\x04" + struct.pack("<H", delay) + b"\0\0" + place + bytes([0x80 | bits]) + palette + packed
