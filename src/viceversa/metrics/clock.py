"""Measurement of the time that the parts of an evaluation take."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Clock:
    """Clock of an evaluation: seconds of each part, and CPU seconds of all threads since its creation."""

    seconds: dict[str, float] = field(default_factory=dict)
    _began: tuple[float, float] = field(default_factory=lambda: (time.perf_counter(), time.process_time()), init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    @contextmanager
    def part(self, name: str, threads: int = 1) -> Iterator[None]:
        """Count the time of the block. If `threads` threads count at once, the seconds are divided by their number."""
        started = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[name] = self.seconds.get(name, 0.0) + (time.perf_counter() - started) / threads

    def each(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items and count the time to make them."""
        iterator, end = iter(items), object()
        while True:
            with self.part(name):
                item = next(iterator, end)
            if item is end:
                return
            yield item  # type: ignore[misc]  # the end marker is not yielded

    def total(self) -> tuple[float, float]:
        """Return the seconds since the creation, and the CPU seconds."""
        return time.perf_counter() - self._began[0], time.process_time() - self._began[1]

    def in_words(self) -> str:
        """Return such as "412 s (700 s of processors): features 61 %, translation 20 %, ..."; parts below 1 % are left out."""
        total, processors = self.total()
        shares = {name: 100 * seconds / total for name, seconds in self.seconds.items()}
        shares["other work"] = 100 - sum(shares.values())
        known = sorted(((share, name) for name, share in shares.items() if share >= 1), reverse=True)
        return f"{total:.0f} s ({processors:.0f} s of processors): {', '.join(f'{name} {share:.0f} %' for share, name in known)}"
