"""The progress bar of a training: images per second, time left, and the losses."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column

from viceversa.progress import CONSOLE, animated


class TrainingBar:
    """Progress bar on standard error, if that is a terminal.

    Args:
        start: number of steps done before.
        until: number of steps at the end.
        quiet: show nothing.
    """

    def __init__(self, start: int, until: int, *, quiet: bool = False) -> None:
        whole, rest = partial(Column, no_wrap=True), Column(no_wrap=True, overflow="ellipsis", ratio=1)
        columns = (
            BarColumn(20), MofNCompleteColumn(table_column=whole(min_width=2 * len(str(until)) + 1)),
            TimeElapsedColumn(table_column=whole(min_width=7)), TimeRemainingColumn(table_column=whole(min_width=7)),
            TextColumn("{task.fields[speed]}", table_column=whole(min_width=12)),
            TextColumn("{task.fields[losses]}", table_column=rest),
        )  # fmt: skip
        self._bar = Progress(*columns, console=CONSOLE, disable=quiet or not animated(), expand=True)
        self._task = self._bar.add_task("", total=until, completed=start, speed="", losses="")
        self._losses: dict[str, float] = {}
        self._since, self._images = time.perf_counter(), 0

    def __enter__(self) -> TrainingBar:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def lengthen(self, until: int) -> None:
        """Set a new number of steps."""
        self._bar.update(self._task, total=until)

    def advance(self, step: int, images: int, losses: Mapping[str, float]) -> None:
        """Show that `step` steps are done, the last one on `images` images."""
        self._losses |= losses
        self._images += images
        seconds = time.perf_counter() - self._since
        if seconds < 1:
            self._bar.update(self._task, completed=step)
            return
        shown = " ".join(f"{name.split('/')[0][0]}/{name.split('/')[1]} {value:.2f}" for name, value in self._shortest())
        self._bar.update(self._task, completed=step, speed=f"{self._images / seconds:.0f} images/s", losses=shown)
        self._since, self._images = time.perf_counter(), 0

    def _shortest(self) -> list[tuple[str, float]]:
        """Return the losses without repetitions along a chain."""
        return [(name, value) for name, value in self._losses.items() if not name[-1].isdigit()]
