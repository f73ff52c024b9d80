"""Training of the run's labeller beside the translator, in a small share of the time.

Only the main process trains it, and it does not affect the translator's training. If it is unfinished at the end of the run, its
state is kept in the cache; other runs on the same data, and every later use of the labeller, continue from there.
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
"""The part of a training's time that the labeller may take, and the seconds before which nothing is done for it."""


class Labelling:
    """Trains the labeller of a run's data a unit at a time, and keeps a copy in the run's folder from its first round on."""

    def __init__(self, run: Path, dataset: Dataset, device: torch.device = CPU, *, quiet: bool = False) -> None:
        self.run, self.dataset, self.device, self.quiet = run, dataset, device, quiet
        self.allowance = Allowance(share=SHARE, first=FIRST)
        self._training: LabellerTraining | None = None
        self._expected = 0.0
        self._written: Labeller | None = None
        self._over = False

    def advance(self) -> None:
        """Go on for as long as the allowance lasts. Where nothing can be written, that is said once, and the training goes on."""
        while not self._over and self.allowance.affords(self._expected):
            with self.allowance.spending():
                try:
                    self._unit()
                except (UsageError, OSError) as error:
                    self._give_up(error)

    def close(self) -> None:
        """Keep what is unfinished, and say so."""
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
            self.run.stat()  # a folder that is gone does not come back
            write_labeller(latest, self.run / FILE)
            self._written = latest
            if latest.finished and not self.quiet:
                say(f"viceversa: {line_of_labeller(latest)}.")


def labelling(run: Path, dataset: Dataset, device: torch.device = CPU, *, quiet: bool = False) -> Labelling | None:
    """The training of the run's labeller; None where the run has a finished one, or the cache, from which it is copied now.

    A damaged one is named on standard error, and left as it is. Raises OSError where the run's folder cannot be written.
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
    """As in "the labeller's accuracy is 0.985 on held-out images", and what follows where it is low."""
    told = f"the labeller's accuracy is {labeller.accuracy:.3f} on held-out images"
    return told if labeller.trusted else f"{told}, below {TRUSTED}: what it reads is not reported as if it were right"
