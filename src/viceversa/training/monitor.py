"""Display of a running training: first lines, a progress bar or plain lines, pictures, and the run's page."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from viceversa.errors import printable
from viceversa.progress import Lines, Seconds, duration, say, time_after
from viceversa.runs.record import Record
from viceversa.training.bar import TrainingBar
from viceversa.training.header import spoken
from viceversa.training.next_calls import NextSteps, next_calls
from viceversa.training.page import View, write_page
from viceversa.training.timetable import Timetable

PROBE_STEPS, PROBE_SECONDS = 4, 10.0
"""Number of steps that are timed for the estimate, after a slower first one; or fewer, after this many seconds."""
LONG = 3 * 3600.0
"""Seconds of a training above which the estimate says how to make it shorter."""
PAGE_SECONDS, PAGE_SHARE = 20.0, 0.005
"""Minimum seconds between two versions of the page, and share of the training's time for writing it."""


class Monitor:
    """Display of a training in the run's folder and on standard error, in the main process only. It does not affect the training.

    Args:
        run: folder of the run.
        title: title of the page.
        facts: the first lines, without the time (header.first_lines).
        record: record of the run; None without a recipe, and then the page has no commands.
        start, until, steps: number of steps done before, at the end of this training, and in the whole schedule.
        sample_every: steps between sample pictures; None for a schedule by time.
        quiet: print nothing on standard error.
        introduce: print the first lines.
        next_steps: suggestions for the page.
        clock: clock of all times.
    """

    def __init__(
        self,
        run: Path,
        title: str,
        facts: Mapping[str, str],
        record: Record | None,
        *,
        start: int,
        until: int,
        steps: int,
        sample_every: int | None,
        quiet: bool = False,
        introduce: bool = True,
        next_steps: NextSteps = next_calls,
        clock: Seconds = time.monotonic,
    ) -> None:
        self.pictures = Timetable(sample_every, clock)
        self._run, self._title, self._facts, self._record = run, title, dict(facts), record
        self._step, self._until, self._steps = start, until, steps
        self._quiet, self._introduce, self._clock = quiet, introduce, clock
        self._next_steps = next_steps
        self._bar, self._lines = TrainingBar(start, until, quiet=quiet), Lines(quiet=quiet, clock=clock)
        self._losses: dict[str, float] = {}
        self._first: tuple[int, float] | None = None
        self._timed = False
        self._next_page = clock()

    def __enter__(self) -> Monitor:
        self._introduced(self._facts)
        self._bar.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.__exit__(kind, error, trace)
        if self._run.is_dir():  # a folder that was removed is not made again
            with suppress(OSError):
                self._write_page(self._ending(error), running=False)

    def advance(self, step: int, images: int, losses: Mapping[str, float], until: int | None = None) -> None:
        """Show progress.

        Args:
            step: number of steps done.
            images: number of images of the last step.
            losses: its losses.
            until: the last step, if it has changed.
        """
        self._step = step
        if until is not None and until != self._until:
            self._until = self._steps = until
            self._bar.lengthen(until)
        self._losses |= losses
        self._bar.advance(step, images, losses)
        if self._first is None:
            self._first = step, self._clock()
            return
        if not self._timed and (step - self._first[0] >= PROBE_STEPS or self._clock() - self._first[1] >= PROBE_SECONDS):
            self._timed = True
            self._facts["time"] = self._time_line()
            self._introduced({"time": self._facts["time"]})
        if self._lines.due():
            self._lines.say(self._line())

    def refresh(self) -> None:
        """Write the page if it is old. Raises OSError."""
        started = self._clock()
        if started >= self._next_page:
            self._write_page(f"{self._line()}." if self._first else "The first step is made.", running=True)
            ended = self._clock()
            self._next_page = ended + max(PAGE_SECONDS, (ended - started) / PAGE_SHARE)

    def _introduced(self, facts: Mapping[str, str]) -> None:
        for line in spoken(facts):
            say(printable(line), quiet=self._quiet or not self._introduce)

    def _write_page(self, state: str, *, running: bool) -> None:
        commands = self._next_steps(self._run, self._record, self._step >= self._steps) if self._record else {}
        write_page(self._run, View(self._title, self._facts, state, running, self._step, self._steps, commands))

    def _ending(self, error: BaseException | None) -> str:
        where = f"after step {self._step:,} of {self._steps:,}"
        if isinstance(error, Exception):
            return f"Ended {where}: {error}"
        if self._step >= self._steps:
            return f"Done: {self._steps:,} steps."
        return f"Stopped {where}." if self._step >= self._until and error is None else f"Interrupted {where}."

    @property
    def _pace(self) -> float:
        """Seconds per step, with everything done between steps; 0 until two steps are done."""
        if self._first is None or self._step == self._first[0]:
            return 0.0
        return (self._clock() - self._first[1]) / (self._step - self._first[0])

    def _time_line(self) -> str:
        left = self._pace * (self._until - self._step)
        told = f"about {self._pace:.3g} s a step; {self._until:,} steps take until {time_after(left)}, {duration(left)} from now"
        return told if left < LONG else f"{told}; sooner with fewer steps, a smaller size, or fewer other programs beside it"

    def _line(self) -> str:
        """Return a line such as "step 1,200 of 20,000, 6 %, 3.9 steps/s, 1 h 20 min left, generator/adversarial 0.71"."""
        pace = self._pace
        parts = [f"step {self._step:,} of {self._until:,}", f"{100 * self._step // self._until} %"]
        if pace:
            speed = f"{1 / pace:.3g} steps/s" if pace < 1 else f"{pace:.3g} s a step"
            parts += [speed, f"{duration(pace * (self._until - self._step))} left"]
        parts += [f"{name} {value:.3g}" for name, value in self._losses.items() if not name[-1].isdigit()]
        return ", ".join(parts)
