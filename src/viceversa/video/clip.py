"""Clips as data: what is known before reading, and frames that are read one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viceversa.errors import UsageError
from viceversa.video.coding import Coding

Picture8 = NDArray[np.uint8]
"""Picture of a frame: (H, W, 3), or (H, W, 1) if a run's images are gray."""


class CutShort(UsageError):  # noqa: N818
    """Error for a clip that cannot be read further; earlier frames can be used. Its message gives the reason."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a clip.

    Args:
        pixels: (H, W, C) uint8, upright.
        start, length: time in ticks of the clip; the length is at least 1.
    """

    pixels: Picture8
    start: int
    length: int


@dataclass(frozen=True, eq=False)
class Clip:
    """A video file, an animated GIF or a folder of images.

    Args:
        path: the file or folder.
        height, width: size in pixels, upright.
        read: function that yields its frames, from the first one at each call; raises CutShort after the last readable frame.
        tick: seconds of a unit of time.
        rate: average number of frames per second.
        count: number of frames; 0 if unknown.
        begin: tick at which the file's own time begins.
        coding: coding of its colors.
        halved: whether color has half the resolution.
        aspect: width of a pixel divided by its height.
        loops: how often a GIF is shown, 0 for endlessly.
        sound: whether it has sound.
    """

    path: Path
    height: int
    width: int
    read: Callable[[], Iterator[Frame]]
    tick: Fraction
    rate: Fraction
    count: int = 0
    begin: int = 0
    coding: Coding = field(default_factory=Coding)
    halved: bool = True
    aspect: Fraction = Fraction(1)
    loops: int = 0
    sound: bool = False


def checked_frame(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Yield the frames while they have the same size. Raises CutShort when the size changes."""
    first: tuple[int, ...] = ()
    for number, frame in enumerate(frames):
        shape = frame.pixels.shape
        first = first or shape
        if shape != first:
            raise CutShort(f"frame {number + 1} has {shape[1]}x{shape[0]} pixels, the first {first[1]}x{first[0]}")
        yield frame
