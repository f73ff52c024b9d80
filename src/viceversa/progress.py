"""Messages and progress for the user: lines on standard error, which are also written to the log of a training.

Progress is a bar on a terminal. Otherwise, as in a log file or a notebook, it is a plain line from time to time.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from logging.handlers import MemoryHandler
from pathlib import Path
from types import TracebackType
from typing import TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from viceversa.errors import printable

LOGGER = logging.getLogger("viceversa")
LOGGER.setLevel(logging.DEBUG)
LOGGER.propagate = False

FORMAT = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S")


class _StandardError(logging.StreamHandler[TextIO]):
    """Handler that writes to the current sys.stderr, which notebooks, progress bars and tests replace."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _File(logging.FileHandler):
    """Log file whose write errors are ignored: a full disk is reported when results are written."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        pass

    def close(self) -> None:
        with suppress(OSError):
            super().close()


LOGGER.addHandler(_StandardError())


def say(text: str, *, quiet: bool = False) -> None:
    """Print a line on standard error, and append it to the log of the running training. quiet: write to the log only."""
    LOGGER.log(logging.DEBUG if quiet else logging.INFO, "%s", text)


@contextmanager
def logged() -> Iterator[Callable[[Path], None]]:
    """Collect the lines that are said in the block, for a log file.

    The block receives a function. Called with a file, it appends all lines to the file, including those said before; it raises
    OSError. Without a call, the lines are dropped.
    """
    kept = MemoryHandler(sys.maxsize, flushLevel=sys.maxsize)
    LOGGER.addHandler(kept)
    with ExitStack() as undo:
        undo.callback(LOGGER.removeHandler, kept)

        def append(path: Path) -> None:
            file = _File(path, encoding="utf-8", errors="backslashreplace")
            file.setFormatter(FORMAT)
            for record in kept.buffer:
                file.handle(record)
            LOGGER.removeHandler(kept)
            LOGGER.addHandler(file)
            undo.callback(file.close)
            undo.callback(LOGGER.removeHandler, file)

        yield append


Item = TypeVar("Item")
Seconds = Callable[[], float]
"""Clock: function that returns seconds since any start."""

CONSOLE = Console(stderr=True)
SHORTEST, LONGEST = 10.0, 60.0
"""Minimum and maximum seconds between plain lines."""


def animated() -> bool:
    """Return whether progress bars can be animated. They cannot in a file, in a notebook (not a terminal for rich), and with
    TERM=dumb."""
    return CONSOLE.is_terminal and not CONSOLE.is_dumb_terminal


class Lines:
    """Timing of plain progress lines: after 10 s, then every 10 to 60 s, less often the longer the work takes.

    On a terminal, which has a bar, and if quiet, the lines are written to the log of a training only.
    """

    def __init__(self, *, quiet: bool = False, clock: Seconds = time.monotonic) -> None:
        self._quiet, self._clock = quiet, clock
        self._began = clock()
        self._next = self._began + SHORTEST

    @property
    def seconds(self) -> float:
        """Seconds since the start of the work."""
        return self._clock() - self._began

    def due(self) -> bool:
        """Return whether a line is due. If so, the next one is scheduled."""
        if self._clock() < self._next:
            return False
        self._next = self._clock() + min(LONGEST, max(SHORTEST, self.seconds / 10))
        return True

    def say(self, text: str) -> None:
        """Print a line."""
        say(printable(text), quiet=self._quiet or animated())


class Bar:
    """Progress of work: a bar on a terminal, removed at the end of the block; otherwise plain lines.

    Args:
        title: what is done.
        total: number of items; None if unknown.
        start: number of items done before, which do not count for the speed.
        quiet: show nothing.
        clock: clock for the plain lines.
    """

    def __init__(
        self, title: str, total: int | None, *, start: int = 0, quiet: bool = False, clock: Seconds = time.monotonic
    ) -> None:
        columns = (
            TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(),
            TimeRemainingColumn(),
        )  # fmt: skip
        self._progress = Progress(*columns, console=CONSOLE, transient=True, disable=quiet or not animated())
        self._title, self._total = _plain(title), total
        self._start = start
        self._task = self._progress.add_task(self._title, total=total, completed=start)
        self._lines = Lines(quiet=quiet, clock=clock)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def show(self, done: int, *, title: str | None = None, total: int | None = None) -> None:
        """Show progress.

        Args:
            done: number of items done.
            title: a new title.
            total: a new total.
        """
        self._title = self._title if title is None else _plain(title)
        self._total = self._total if total is None else total
        self._progress.update(self._task, completed=done, total=self._total, description=self._title)
        if self._lines.due():
            self._lines.say(so_far(self._title, done, self._total, self._lines.seconds, self._start))


def watched(
    items: Iterable[Item], title: str, *, total: int | None = None, quiet: bool = False, clock: Seconds = time.monotonic
) -> Iterator[Item]:
    """Yield the items, while a bar or plain lines show how many are done and how long the others will take."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with Bar(title, total, quiet=quiet, clock=clock) as bar:
        done = 0
        for item in items:
            bar.show(done)
            yield item
            done += 1
        bar.show(done)


def _plain(title: str) -> str:
    """Return the title on one line; in quotes if it has unprintable characters."""
    return title if title.isprintable() else repr(title)


def so_far(title: str, done: int, total: int | None, seconds: float, start: int = 0) -> str:
    """Return the progress in words, such as "images: 1,200 of 3,000, 40 %, 25 s left".

    Args:
        title: what is done.
        done: number of items done.
        total: number of items; None if unknown.
        seconds: seconds spent on all but the first `start` items.
        start: number of items done before.
    """
    if not total:
        return f"{title}: {done:,} in {duration(seconds)}"
    left = f", {duration(seconds / (done - start) * (total - done))} left" if done > start else ""
    return f"{title}: {done:,} of {total:,}, {100 * done // total} %{left}"


def duration(seconds: float) -> str:
    """Return a duration in words, such as "45 s", "12 min", "1 h 20 min" or "2 d 3 h", rounded."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours} h"


def time_after(seconds: float, now: datetime | None = None) -> str:
    """Return the time of day after the given seconds, such as "14:35"; with the date if it is another day."""
    now = now or datetime.now()
    then = now + timedelta(seconds=seconds)
    return f"{then:%H:%M}" if then.date() == now.date() else f"{then:%Y-%m-%d %H:%M}"
