"""A clip as data: what is known of it before it is read, and its frames, which are read one after the other."""

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
"""(H, W, 3), or (H, W, 1) where a run's images are gray."""


class CutShort(UsageError):  # noqa: N818
    """A clip that cannot be read on; the frames before can. Says why."""


@dataclass(frozen=True, eq=False)
class Frame:
    """pixels: (H, W, C) uint8, upright. start, length: in ticks of the clip; the length is 1 at least."""

    pixels: Picture8
    start: int
    length: int


@dataclass(frozen=True, eq=False)
class Clip:
    """A video file, an animated GIF or a folder of images.

    read: its frames from the first on, each time anew; raises CutShort behind the last one that can be read. height, width:
    upright. tick: seconds of a unit of time. rate: frames a second, on average. count: how many there are, if that is known; else
    0. begin: ticks at which the file's own time begins. coding: of its colors. halved: whether color has half the resolution.
    aspect: of a pixel, width by height. loops: how often a GIF is shown, 0 for ever. sound: whether it has any.
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
    """The frames, as long as they are of one size. Raises CutShort where it changes."""
    first: tuple[int, ...] = ()
    for number, frame in enumerate(frames):
        shape = frame.pixels.shape
        first = first or shape
        if shape != first:
            raise CutShort(f"frame {number + 1} has {shape[1]}x{shape[0]} pixels, the first {first[1]}x{first[0]}")
        yield frame
