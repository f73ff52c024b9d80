"""Validation of a training at its checkpoints: keep the best checkpoint, and report signs of a failing training.

It takes a limited share of the time. Only the main process validates, and validation does not affect the training.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from pydantic import ValidationError

from viceversa.core.method import Method
from viceversa.data.dataset import Dataset
from viceversa.device import CPU
from viceversa.errors import UsageError, printable
from viceversa.files import write_atomically
from viceversa.metrics.health import signs
from viceversa.metrics.rows import TRUSTED
from viceversa.progress import say
from viceversa.recipes.settings import Training
from viceversa.runs.selection import Validation, best_validation, keep_best
from viceversa.training.examination import Examination, examination

SHARE, FIRST = 0.05, 60.0
"""Share of the training's time for validation, and the seconds before the first one."""
EARLY = 300
"""Number of steps before which no sign is reported: an early training always looks bad."""
LOG = "validation.jsonl"


@dataclass(eq=False)
class Allowance:
    """Time budget of work during a training, such as validation.

    Args:
        passed, spent: seconds of the training and of this work in earlier processes.
        share: share of the training's time for this work.
        first: seconds of the training before it starts.
    """

    passed: float = 0.0
    spent: float = 0.0
    share: float = field(default_factory=lambda: SHARE)
    first: float = field(default_factory=lambda: FIRST)
    _began: float = field(default_factory=time.monotonic, init=False)

    @property
    def elapsed(self) -> float:
        """Seconds of the training so far."""
        return self.passed + time.monotonic() - self._began

    def affords(self, seconds: float = 0.0) -> bool:
        """Return whether this many more seconds may be spent now."""
        return self.elapsed >= self.first and self.spent + seconds <= self.share * self.elapsed

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Count the time of the block."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.spent += time.monotonic() - started


class Validator:
    """Validation of the training in a run's folder, created when the training begins or continues.

    RUN/validation.jsonl has one line for each validation, so that the time spent, the best value and reported signs survive a
    resume.

    Args:
        run: folder of the run.
        dataset: data set.
        settings: settings of the training.
        device: device of the networks.
        awaits: whether the run's labeller is in training; the metric may need it.
        quiet: print only warnings.
    """

    def __init__(
        self,
        run: Path,
        dataset: Dataset,
        settings: Training,
        device: torch.device = CPU,
        *,
        awaits: bool = False,
        quiet: bool = False,
    ) -> None:
        self.run, self.dataset, self.settings, self.device, self.quiet = run, dataset, settings, device, quiet
        self._awaits, self._reader = awaits, 0
        known = mended_judgments(run / LOG)
        self._last = known[-1] if known else None
        self._best = best_validation(run)
        self._allowance = Allowance(self._last.elapsed, self._last.spent) if self._last else Allowance()
        self._examination: Examination | None = None
        self._expected = self._last.seconds if self._last else None
        self._impossible = False

    def judge(self, step: int, method: Method, averages: Method, *, last: bool) -> Validation | None:
        """Validate the checkpoint of a step if there is time; keep it if it is the best, and report what is wrong.

        Args:
            step: step of the checkpoint.
            method: method with the trained weights.
            averages: method that translates.
            last: whether it is the last checkpoint, for which earlier validations leave time.

        Raises:
            OSError: If the run's folder cannot be written.
        """
        if self._impossible or not self._allowance.affords():
            return None
        try:
            with self._allowance.spending():
                found = self._examined(step, method, averages, 1 if last else 2)
        except UsageError as error:
            self._impossible = True
            say(f"viceversa: the training runs without validation and keeps no best checkpoint: {error}")
            return None
        if found is None:
            return None
        return self._noted(found.model_copy(update={"elapsed": self._allowance.elapsed, "spent": self._allowance.spent}))

    def _examined(self, step: int, method: Method, averages: Method, times: int) -> Validation | None:
        """Return the result of an examination; None if the time does not suffice for `times` examinations."""
        if self._examination is None or (self._examination.measure is None and self._reader != self._latest_reader()):
            self._reader, before = self._latest_reader(), self._examination
            self._examination = examination(self.run, self.dataset, self.settings, self.device)
            if before is None or before.metric != self._examination.metric:
                self._explain(self._examination)
                self._expected = None if before else self._expected
        if self._expected is None:
            self._expected = self._examination.seconds(averages)
        if not self._allowance.affords(times * self._expected):
            return None
        started = time.monotonic()
        value, measures = self._examination(method, averages)
        self._expected = time.monotonic() - started
        metric = None if value is None else self._examination.metric
        return Validation(step=step, metric=metric, value=value, measures=measures, seconds=self._expected)

    def _noted(self, judgment: Validation) -> Validation:
        """Report and write a result."""
        steady = dict(judgment.measures)
        if "separation" in steady:  # a discriminator may be ahead once without consequence
            steady["separation"] = min(steady["separation"], self._last.measures.get("separation", 0.0) if self._last else 0.0)
        seen = signs(steady) if judgment.step >= EARLY else []
        judgment = judgment.model_copy(update={"signs": tuple(sign.name for sign in seen)})
        for sign in seen:
            if self._last is None or sign.name not in self._last.signs:
                say(f"viceversa: {sign.line(judgment.step, steady)}")
        if judgment.beats(self._best):
            keep_best(self.run, judgment)
            self._best = judgment
        with (self.run / LOG).open("a") as file:
            file.write(judgment.model_dump_json() + "\n")
        self._last = judgment
        return judgment

    def _latest_reader(self) -> int:
        """Return the time at which the run's labeller was written; 0 if there is none."""
        path = self.run / "labeller.safetensors"
        return path.stat().st_mtime_ns if path.exists() else 0

    def _explain(self, chosen: Examination) -> None:
        """Print one line if the metric is not the one asked for."""
        if chosen.metric == self.settings.best or self.quiet:
            return
        lack = "no ground truth" if chosen.metric == "change_and_return" else "neither ground truth nor labels for a labeller"
        if chosen.metric == "none" and (self._awaits or self._reader):
            lack = f"no ground truth, and no labeller yet that is right for {TRUSTED:.0%} of the labels of held-out images"
        then = (
            "no best checkpoint is kept, only the last"
            if chosen.metric == "none"
            else f"{chosen.metric} chooses the best checkpoint"
        )
        say(f"viceversa: {printable(self.dataset.name)} has {lack}: {then}.")


def judgments(path: Path) -> list[Validation]:
    """Return the earlier results, without lines that cannot be parsed or are incomplete. The file is only read."""
    return [judgment for line in _lines(path) if (judgment := _judgment(line))]


def mended_judgments(path: Path) -> list[Validation]:
    """Return the earlier results, and remove lines that cannot be parsed or are incomplete from the file."""
    lines = _lines(path)
    whole = [line for line in lines if _judgment(line)]
    if len(whole) < len(lines):
        write_atomically(path, b"".join(whole))
    return judgments(path)


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


def _judgment(line: bytes) -> Validation | None:
    try:
        return Validation.model_validate_json(line) if line.endswith(b"\n") else None
    except ValidationError:
        return None
