"""Training of a labeller: at once when it is needed, or in small units beside a translator's training.

The state is kept in the cache, so runs and evaluations on the same data continue from it.
"""

from __future__ import annotations

import copy
import io
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from torch import Tensor

from viceversa.core.draws import Draws, seeded
from viceversa.core.routing import routing_of
from viceversa.core.space import Space
from viceversa.data.cache.packing import cache_directory, make_writable
from viceversa.data.dataset import Dataset
from viceversa.device import CPU
from viceversa.errors import UsageError
from viceversa.files import write_atomically
from viceversa.images.normalizing import normalized
from viceversa.images.pixels import Pixels
from viceversa.metrics.labeller import Labeller, accuracy, load_labeller, network_for, write_labeller
from viceversa.metrics.labeller_examples import Examples, disturbed, edits_of, examples_of
from viceversa.progress import Bar

VERSION = 2
ROUNDS, ENOUGH = (1, 2, 4, 8), 0.995
"""Epochs of each round of training, and the validation accuracy after which no further round is needed."""
BATCH, RATE, FEWEST_STEPS = 64, 3e-3, 50
KEEP_EVERY = 10.0
"""Seconds of work after which an unfinished training is written to the cache."""


@dataclass(eq=False)
class LabellerTraining:
    """Training of a labeller, one small unit of work at a time.

    It has rounds of more and more epochs, until the validation accuracy is high enough; the best round counts. The result depends
    only on the data and the device, not on the processes that train it. No global random number is drawn.

    Args:
        number, step: number of the round, and the step within it.
        best: best of the finished rounds.
        found: the labeller, once it is finished.
    """

    dataset: Dataset
    rounds: Sequence[int] = ROUNDS
    device: torch.device = CPU
    number: int = field(default=0, init=False)
    step: int = field(default=0, init=False)
    best: Labeller | None = field(default=None, init=False)
    found: Labeller | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.space, self.path = _asked(self.dataset), cached_path(self.dataset.name, self.rounds)
        make_writable(self.path.parent)
        self._examples = examples_of(self.dataset, "train", self.space)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeded("labeller", self.dataset.name).initial_seed())
            self._network = network_for(self.space).to(self.device)
        self._begin_round()
        self._units, self._kept, self._whole = self._work(), time.monotonic(), True
        self._take_up()

    @property
    def steps(self) -> int:
        """Number of steps of the round."""
        return self._steps_of(self.number)

    @property
    def done(self) -> int:
        """Number of steps done in all rounds."""
        return sum(map(self._steps_of, range(self.number))) + self.step

    @property
    def total(self) -> int:
        """Number of steps of all rounds. The last rounds may not be needed."""
        return sum(map(self._steps_of, range(len(self.rounds))))

    @property
    def in_words(self) -> str:
        """Return such as "round 2 of 4"."""
        return f"round {min(self.number + 1, len(self.rounds))} of {len(self.rounds)}"

    def advance(self) -> bool:
        """Do one unit: a training step, or predictions for a batch. Return whether there are more.

        After the last unit, the labeller is in the cache.
        """
        if self.found is None:
            self._whole = False
            more = next(self._units, False)
            self._whole = True
            if not more or time.monotonic() - self._kept > KEEP_EVERY:
                self.keep()
        return self.found is None

    def seconds(self) -> float:
        """Estimate the seconds of a unit from predictions for a few images."""
        few, now = self._examples[: min(4, self._batch)], Labeller(self._network.eval(), self.space, 0.0, None)
        for _ in range(2):  # the first call is slower
            started = time.perf_counter()
            now.read(few)
        return (time.perf_counter() - started) * 3 * self._batch / len(few)

    def keep(self) -> None:
        """Write the state to the cache, or continue from the cache if that is further. An interrupted unit is not kept."""
        if not self._whole:
            return
        self._kept = time.monotonic()
        if self.found is not None:
            write_labeller(self.found, self.path)
            _unfinished(self.path).unlink(missing_ok=True)
        elif not self._take_up():
            buffer = io.BytesIO()
            torch.save(self._state(), buffer)
            write_atomically(_unfinished(self.path), buffer.getvalue())

    def _steps_of(self, number: int) -> int:
        return self.rounds[number] * max(self._per_epoch, FEWEST_STEPS) if number < len(self.rounds) else 0

    @property
    def _batch(self) -> int:
        return min(BATCH, len(self._examples))

    @property
    def _per_epoch(self) -> int:
        return len(self._examples) // self._batch

    def _begin_round(self) -> None:
        """Start a round, whose learning rate rises and falls once."""
        steps = self.steps or self._steps_of(0)  # after the last round there are no steps
        self._optimizer = torch.optim.AdamW(self._network.parameters(), RATE, weight_decay=1e-2)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(self._optimizer, RATE, total_steps=steps)

    def _work(self) -> Iterator[bool]:
        """Do the remaining units, one for each item."""
        while self.number < len(self.rounds) and (self.best is None or self.best.accuracy < ENOUGH):
            while self.step < self.steps:
                self._learn()
                yield True
            now = Labeller(self._network.eval(), self.space, 0.0, None, finished=False)
            measured = (yield from _measured(now, _batches(examples_of(self.dataset, "validation", self.space)))) or 0.0
            if self.best is None or measured > self.best.accuracy:
                self.best = replace(now, network=copy.deepcopy(self._network), accuracy=measured)
            self.number, self.step = self.number + 1, 0
            self._begin_round()
            yield True
        assert self.best is not None
        on_test = yield from _measured(self.best, _batches(examples_of(self.dataset, "test", self.space)))
        on_edits = yield from _measured(self.best, edits_of(self.dataset, BATCH))
        self.found = Labeller(self.best.network, self.space, on_test or 0.0, on_edits)

    def _learn(self) -> None:
        """Take a step on a batch."""
        epoch, place = divmod(self.step, self._per_epoch)
        order = torch.randperm(len(self._examples), generator=seeded("labeller", self.number, epoch))
        order = order[place * self._batch : (place + 1) * self._batch]
        pixels = torch.from_numpy(self._examples[order.numpy()]).to(self.device)
        images = disturbed(normalized(pixels), Draws(self.number, self.step))
        loss = self.space.classification(self._network.train()(images), self._examples.labels[order].to(self.device))
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._schedule.step()
        self.step += 1

    def _state(self) -> dict[str, object]:
        """Return the state from which an unfinished training continues."""
        return {
            "place": (self.number, self.step),
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "best": None if self.best is None else (self.best.network.state_dict(), self.best.accuracy),
        }

    def _take_up(self) -> bool:
        """Continue from the state in the cache if that is finished or further; return whether it is."""
        if self.path.exists():
            self.found = load_labeller(self.path, self.device)
            _unfinished(self.path).unlink(missing_ok=True)
            return True
        state = _unfinished_state(self.path, self.device)
        if state is None or tuple(state["place"]) <= (self.number, self.step):
            return False
        self.number, self.step = state["place"]
        self._network.load_state_dict(state["network"])
        self._begin_round()
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        if state["best"] is not None:
            best = copy.deepcopy(self._network)
            best.load_state_dict(state["best"][0])
            self.best = Labeller(best.eval(), self.space, state["best"][1], None, finished=False)
        self._units = self._work()
        return True


def independent_labeller(
    dataset: Dataset, *, rounds: Sequence[int] = ROUNDS, device: torch.device = CPU, quiet: bool = False
) -> Labeller:
    """Return the data set's labeller from the cache, or train it now. Raises UsageError if there are no attributes to predict."""
    _asked(dataset)
    path = cached_path(dataset.name, rounds)
    make_writable(path.parent)
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            _finish(LabellerTraining(dataset, rounds, device), quiet)
    return load_labeller(path, device)


def save_labeller(dataset: Dataset, path: Path, *, quiet: bool = False) -> None:
    """Write a copy of the data set's labeller, at most 0.5 MB, with its accuracy in the file's metadata."""
    write_labeller(independent_labeller(dataset, quiet=quiet), path)


def cached_path(name: str, rounds: Sequence[int] = ROUNDS) -> Path:
    """Return the path of the finished labeller of a data set in the cache."""
    return cache_directory() / "labellers" / f"{name}-{VERSION}-{'-'.join(map(str, rounds))}.safetensors"


def _asked(dataset: Dataset) -> Space:
    """Return the space with the attributes to predict. Raises UsageError if there are none."""
    if (space := routing_of(dataset.space).question) is None:
        reason = "has neither attributes nor spaces of one size: there is nothing to read off its images"
        raise UsageError(f"{dataset.name} {reason}.")
    return space


def _finish(training: LabellerTraining, quiet: bool) -> None:
    """Train to the end, with a progress bar that names the round."""
    with Bar("labeller", training.total, start=training.done, quiet=quiet) as bar:
        try:
            while training.advance():
                bar.show(training.done, title=f"labeller, {training.in_words} at most")
        except KeyboardInterrupt:
            kept = "finished work is kept in the cache; the next command that needs the labeller continues its training"
            raise KeyboardInterrupt(f"interrupted in the training of the labeller, {training.in_words}: {kept}.") from None


def _batches(examples: Examples) -> Iterator[tuple[Pixels, Tensor]]:
    """Yield batches of images and their labels (n, K)."""
    for first in range(0, len(examples), BATCH):
        part = slice(first, first + BATCH)
        yield examples[part], examples.labels[part]


def _measured(labeller: Labeller, batches: Iterator[tuple[Pixels, Tensor]]) -> Generator[bool, None, float | None]:
    """Measure the accuracy batch by batch; return None without images."""
    right, count = 0.0, 0
    for pixels, labels in batches:
        right += len(labels) * accuracy(labeller.read(pixels), labels, labeller.space)
        count += len(labels)
        yield True
    return right / count if count else None


def _unfinished(path: Path) -> Path:
    """Return the path of the unfinished training of the labeller in `path`."""
    return path.with_suffix(".unfinished")


def _unfinished_state(path: Path, device: torch.device) -> dict[str, Any] | None:
    """Return the stored state, read as data only; None if it is missing or damaged."""
    try:
        state = torch.load(_unfinished(path), device, weights_only=True)
    except Exception:  # the file can contain anything
        return None
    return state if isinstance(state, dict) else None
