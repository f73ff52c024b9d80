"""Where the time of an evaluation goes."""

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
    """Seconds by part; of processors, all threads together, since it was made."""

    seconds: dict[str, float] = field(default_factory=dict)
    _began: tuple[float, float] = field(default_factory=lambda: (time.perf_counter(), time.process_time()), init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    @contextmanager
    def part(self, name: str, threads: int = 1) -> Iterator[None]:
        """Counts what passes inside; where `threads` do so at once, their seconds are divided among them."""
        started = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[name] = self.seconds.get(name, 0.0) + (time.perf_counter() - started) / threads

    def each(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """The items; what it takes to make them is counted."""
        iterator, end = iter(items), object()
        while True:
            with self.part(name):
                item = next(iterator, end)
            if item is end:
                return
            yield item  # type: ignore[misc]  # the end is no item

    def total(self) -> tuple[float, float]:
        """Seconds since it was made, and seconds of processors."""
        return time.perf_counter() - self._began[0], time.process_time() - self._began[1]

    def in_words(self) -> str:
        """As in "412 s (700 s of processors): features 61 %, translation 20 %, ..."; parts of less than 1 % are left out."""
        total, processors = self.total()
        shares = {name: 100 * seconds / total for name, seconds in self.seconds.items()}
        shares["other work"] = 100 - sum(shares.values())
        known = sorted(((share, name) for name, share in shares.items() if share >= 1), reverse=True)
        return f"{total:.0f} s ({processors:.0f} s of processors): {', '.join(f'{name} {share:.0f} %' for share, name in known)}"
