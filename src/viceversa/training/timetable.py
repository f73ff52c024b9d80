"""Schedule of sample pictures: at the start and the end of a training, and in between by steps or by time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from viceversa.progress import Seconds

FIRST, GROWTH, SHARE = 120.0, 1.1, 0.02
"""Seconds to the first picture after the start, the growth of that interval with each picture, and the part of the training's
time that pictures may take: an hour has 15 pictures, a day 45."""


class Timetable:
    """Schedule of pictures.

    Args:
        every: steps between pictures; None for a schedule by time.
        clock: its clock.
    """

    def __init__(self, every: int | None, clock: Seconds = time.monotonic) -> None:
        self._every, self._clock, self._interval = every, clock, FIRST
        self._next = clock() + FIRST

    def due(self, step: int, *, last: bool = False) -> bool:
        """Return whether a picture is due after `step` steps. last: whether the training ends there."""
        if step == 0 or last:
            return True
        return step % self._every == 0 if self._every else self._clock() >= self._next

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Measure the time of the picture made in the block, and schedule the next one."""
        started = self._clock()
        yield
        now = self._clock()
        self._next = now + max(self._interval, (now - started) / SHARE)
        self._interval *= GROWTH
