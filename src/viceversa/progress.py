"""What a person hears while work goes on: lines on standard error, kept in the log of a training, and how far the work has come.

Progress is a bar on a terminal; elsewhere, as in a log file or a notebook, a plain line now and then.
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
    """To the standard error of the moment: notebooks, progress bars and tests replace it."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _File(logging.FileHandler):
    """A log that cannot be written ends nothing: a full disk is reported where results are written."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        pass

    def close(self) -> None:
        with suppress(OSError):
            super().close()


LOGGER.addHandler(_StandardError())


def say(text: str, *, quiet: bool = False) -> None:
    """Print a line on standard error, and append it to the log of the training that runs. quiet: to the log only."""
    LOGGER.log(logging.DEBUG if quiet else logging.INFO, "%s", text)


@contextmanager
def logged() -> Iterator[Callable[[Path], None]]:
    """Keep what is said in the block. The block calls the function that it gets with a file: all lines are appended to it,
    those said before the call too. Without a call they are dropped. The function raises OSError."""
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
"""Seconds from any start."""

CONSOLE = Console(stderr=True)
SHORTEST, LONGEST = 10.0, 60.0
"""Seconds between plain lines."""


def animated() -> bool:
    """Whether bars can move. They cannot in a file, in a notebook (which rich does not take for a terminal), and in TERM=dumb."""
    return CONSOLE.is_terminal and not CONSOLE.is_dumb_terminal


class Lines:
    """When to say how far work has come: after 10 s, then every 10 to 60 s, more rarely the longer the work takes.

    On a terminal, which has a bar, and if quiet, the lines go to the log of a training only.
    """

    def __init__(self, *, quiet: bool = False, clock: Seconds = time.monotonic) -> None:
        self._quiet, self._clock = quiet, clock
        self._began = clock()
        self._next = self._began + SHORTEST

    @property
    def seconds(self) -> float:
        """Since the work began."""
        return self._clock() - self._began

    def due(self) -> bool:
        """Whether it is time for a line; if so, the next one waits."""
        if self._clock() < self._next:
            return False
        self._next = self._clock() + min(LONGEST, max(SHORTEST, self.seconds / 10))
        return True

    def say(self, text: str) -> None:
        """Say a line."""
        say(printable(text), quiet=self._quiet or animated())


class Bar:
    """How far work has come: a bar on a terminal, which goes when the block ends; elsewhere plain lines. quiet: neither.

    total: number of items, None if nobody knows. start: how many were done before, which says nothing of the speed.
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
        """`done` items are done, of another total or under another title if they are given."""
        self._title = self._title if title is None else _plain(title)
        self._total = self._total if total is None else total
        self._progress.update(self._task, completed=done, total=self._total, description=self._title)
        if self._lines.due():
            self._lines.say(so_far(self._title, done, self._total, self._lines.seconds, self._start))


def watched(
    items: Iterable[Item], title: str, *, total: int | None = None, quiet: bool = False, clock: Seconds = time.monotonic
) -> Iterator[Item]:
    """The items, while a bar or plain lines say how many are done and how long the others will take."""
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
    """The title on one line; in quotes, if some of it cannot be printed."""
    return title if title.isprintable() else repr(title)


def so_far(title: str, done: int, total: int | None, seconds: float, start: int = 0) -> str:
    """As in "images: 1,200 of 3,000, 40 %, 25 s left". seconds: for all but the first `start`, which were done before."""
    if not total:
        return f"{title}: {done:,} in {duration(seconds)}"
    left = f", {duration(seconds / (done - start) * (total - done))} left" if done > start else ""
    return f"{title}: {done:,} of {total:,}, {100 * done // total} %{left}"


def duration(seconds: float) -> str:
    """As in "45 s", "12 min", "1 h 20 min" or "2 d 3 h", rounded."""
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
    """The time of day in so many seconds, as in "14:35"; with the date if it is another day."""
    now = now or datetime.now()
    then = now + timedelta(seconds=seconds)
    return f"{then:%H:%M}" if then.date() == now.date() else f"{then:%Y-%m-%d %H:%M}"
