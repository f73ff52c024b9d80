"""How the cost of some work grows with its size: a machine that is busy with something else changes nothing about it."""

from __future__ import annotations

import time
from collections.abc import Callable


def fourfold_cost(work: Callable[[int], Callable[[], object]], size: int) -> float:
    """Processor time of work of four times the size, divided by that of the size: 4 if it is linear, 16 if it is quadratic.

    work: size -> the work, prepared. The least time of three counts.
    """
    small, large = (min(_seconds(prepared) for _ in range(3)) for prepared in (work(size), work(4 * size)))
    return large / small


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
