"""Training of the run's labeller during the translator's training, in a small share of the time.

Only the main process trains it, and it does not affect the translator's training. If it is unfinished at the end of the run, its
state is kept in the cache. Other runs on the same data, and every later use of the labeller, continue from there.
"""

from __future__ import annotations

import time
from pathlib import Path

import torch

from viceversa.data.dataset import Dataset
from viceversa.device import CPU
from viceversa.errors import UsageError
from viceversa.metrics.labeller import FILE, Labeller, load_labeller, write_labeller
from viceversa.metrics.labeller_training import LabellerTraining, cached_path
from viceversa.metrics.rows import TRUSTED
from viceversa.progress import say
from viceversa.training.validation import Allowance

SHARE, FIRST = 0.05, 10.0
"""Share of the training's time that the labeller may take, and the seconds before it starts."""


class Labelling:
    """Training of the labeller of a run's data in small units. From its first round on, a copy is in the run's folder.

    Args:
        run: folder of the run.
        dataset: data set.
        device: device of the labeller.
        quiet: print only warnings.
    """

    def __init__(self, run: Path, dataset: Dataset, device: torch.device = CPU, *, quiet: bool = False) -> None:
        self.run, self.dataset, self.device, self.quiet = run, dataset, device, quiet
        self.allowance = Allowance(share=SHARE, first=FIRST)
        self._training: LabellerTraining | None = None
        self._expected = 0.0
        self._written: Labeller | None = None
        self._over = False

    def advance(self) -> None:
        """Continue as long as the time allows. If nothing can be written, report it once, and stop only this training."""
        while not self._over and self.allowance.affords(self._expected):
            with self.allowance.spending():
                try:
                    self._unit()
                except (UsageError, OSError) as error:
                    self._give_up(error)

    def close(self) -> None:
        """Store an unfinished labeller, and report it."""
        if self._training is None or self._over:
            return
        try:
            self._training.keep()
        except OSError as error:
            self._give_up(error)
        if not self.quiet and not self._over:
            place = f"the labeller is not finished ({self._training.in_words})"
            say(f"viceversa: {place}: the next command that needs the labeller, such as translate or evaluate, finishes it.")

    def _give_up(self, error: Exception) -> None:
        self._over = True
        say(f"viceversa: the labeller is not trained: {error}")

    def _unit(self) -> None:
        if self._training is None:
            self._training = LabellerTraining(self.dataset, device=self.device)
            self._expected = self._training.seconds()
            return
        started = time.monotonic()
        self._over = not self._training.advance()
        self._expected = time.monotonic() - started
        latest = self._training.found or self._training.best
        if latest is not None and latest is not self._written:
            self.run.stat()  # raises if the folder was removed, so that it is not made again
            write_labeller(latest, self.run / FILE)
            self._written = latest
            if latest.finished and not self.quiet:
                say(f"viceversa: {line_of_labeller(latest)}.")


def labelling(run: Path, dataset: Dataset, device: torch.device = CPU, *, quiet: bool = False) -> Labelling | None:
    """Return the training of the run's labeller; None if the run has a finished one, or the cache, from which it is copied now.

    A damaged labeller is reported and not changed. Raises OSError if the run's folder cannot be written.

    Args:
        run: folder of the run.
        dataset: data set.
        device: device of the labeller.
        quiet: print only warnings.
    """
    path, cached = run / FILE, cached_path(dataset.name)
    try:
        if path.exists() and load_labeller(path).finished:
            return None
        if not cached.exists():
            return Labelling(run, dataset, device, quiet=quiet)
        labeller = load_labeller(cached)
    except UsageError as error:
        say(f"viceversa: {error}")
        return None
    write_labeller(labeller, path)
    if not quiet:
        say(f"viceversa: {line_of_labeller(labeller)}.")
    return None


def line_of_labeller(labeller: Labeller) -> str:
    """Return a line such as "the labeller's accuracy is 0.985 on held-out images", and what a low accuracy means."""
    told = f"the labeller's accuracy is {labeller.accuracy:.3f} on held-out images"
    return told if labeller.trusted else f"{told}, below {TRUSTED}: what it reads is not reported as if it were right"
