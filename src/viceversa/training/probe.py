"""Estimate of a training's operations, memory, time and disk space, measured on some of its steps."""

from __future__ import annotations

import os
import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import clear_frames
from typing import TYPE_CHECKING

import torch

from viceversa.core.method import Method
from viceversa.core.objective import weigh
from viceversa.core.schedules import Progress
from viceversa.device import peak_memory
from viceversa.errors import is_out_of_memory
from viceversa.progress import duration, time_after
from viceversa.training.checkpoints import KEPT, save_checkpoint
from viceversa.training.operations import Operations

if TYPE_CHECKING:
    from viceversa.training.trainer import Trainer

SEEN, TOGETHER = 100, 24
"""Kinds of steps are searched for at this many places of a training, in this many consecutive steps each."""
REPEATED = 3
PATIENCE = 60.0
"""Seconds, divided among the kinds, after which no step is repeated."""


@dataclass(frozen=True)
class Kind:
    """A kind of steps that compute the same losses: some of these steps, and their share of all steps."""

    steps: list[int]
    share: float


@dataclass(frozen=True)
class Estimate:
    """Estimated resources of a training.

    Args:
        operations, seconds: averages per step.
        fastest, slowest: seconds of a step of the fastest and the slowest kind.
        steps: number of steps of the whole training.
        memory: peak in bytes, on the device, or of this process on a CPU.
        checkpoint: bytes of one checkpoint.
        free: free bytes on the disk.
    """

    operations: float
    seconds: float
    fastest: float
    slowest: float
    steps: int
    memory: int
    checkpoint: int
    free: int

    @property
    def disk(self) -> int:
        """Maximum size in bytes of the checkpoints that are kept: the last ones and the best one, which has weights only."""
        return (KEPT + 1) * self.checkpoint

    def lines(self) -> list[str]:
        """Return the estimate in words."""
        kinds = f", {self.fastest:.3g} to {self.slowest:.3g} s by what is learned" if self.slowest > 1.2 * self.fastest else ""
        whole = self.seconds * self.steps
        return [
            f"operations: {self.operations:.3g} a step, of convolutions and matrix products",
            f"memory:     {_mebibytes(self.memory)} at the peak",
            f"time:       {self.seconds:.3g} s a step{kinds}; {self.steps:,} steps take {duration(whole)}, "
            f"until {time_after(whole)}; validation and pictures take more",
            f"disk:       {_mebibytes(self.disk)} of {_mebibytes(self.free)} that are free: {KEPT + 1} checkpoints",
        ]


def measured(trainer: Trainer, run: Path) -> Estimate:
    """Take some steps of every kind, and write a checkpoint into the trainer's folder. run: folder of the planned training.

    Raises UsageError if memory is exhausted.
    """
    steps, kinds = trainer.settings.steps, kinds_of(trainer.method, trainer.settings.steps, trainer.loader.steps_per_epoch)
    operations, seconds = list[float](), list[float]()
    for kind in kinds:
        with Operations() as counted:  # type: ignore[no-untyped-call]
            _step(trainer, kind.steps[0])  # also warms up
        operations.append(counted.total)
        times, until = list[float](), time.monotonic() + PATIENCE / len(kinds)
        for step in kind.steps:
            started = time.perf_counter()
            _step(trainer, step)
            times.append(time.perf_counter() - started)
            if time.monotonic() > until:
                break
        seconds.append(sum(times) / len(times))
    written = save_checkpoint(trainer.run, 1, trainer.trainee, trainer.averages)
    return Estimate(
        operations=sum(kind.share * each for kind, each in zip(kinds, operations, strict=True)),
        seconds=sum(kind.share * each for kind, each in zip(kinds, seconds, strict=True)),
        fastest=min(seconds),
        slowest=max(seconds),
        steps=steps,
        memory=peak_memory(trainer.device),
        checkpoint=sum(file.stat().st_size for file in written.iterdir()),
        free=shutil.disk_usage(next(folder for folder in [run, *run.absolute().parents] if folder.exists())).free,
    )


def kinds_of(method: Method, steps: int, steps_per_epoch: int) -> list[Kind]:
    """Return the kinds of a training's steps, by the losses that are computed: phases take turns, and weights are 0 at times."""
    found: dict[tuple[tuple[str, ...], ...], list[int]] = {}
    for step in _looked_at(steps):
        progress = Progress.at(step, steps, steps_per_epoch)
        found.setdefault(
            tuple(
                tuple(name for name, (weight, _) in phase.objective.terms.items() if weigh(weight, progress))
                for phase in method.phases
                if phase.when(progress)
            ),
            [],
        ).append(step)
    count = sum(map(len, found.values()))
    places = [(2 * number + 1) / (2 * REPEATED) for number in range(REPEATED)]
    return [Kind([each[int(len(each) * place)] for place in places], len(each) / count) for each in found.values()]


def fitting_batch(trainer: Trainer, error: BaseException) -> int | None:
    """Return a batch size that fits into memory, after the trainer's did not: a half of it, a quarter, and so on; None if none
    fits.

    The attempts may change the trainer's weights.

    Args:
        trainer: the trainer.
        error: the error, whose frames hold tensors.
    """
    kinds = kinds_of(trainer.method, trainer.settings.steps, trainer.loader.steps_per_epoch)
    clear_frames(error.__traceback__)  # they hold the tensors of the failed step
    for weight in trainer.method.networks.parameters():
        weight.grad = None
    batch = trainer.settings.batch // 2
    while batch >= trainer.loader.least:
        trainer.loader = replace(trainer.loader, batch=batch)
        trainer.batches = trainer.loader
        if _fits(trainer, kinds):
            return batch
        batch //= 2
    return None


def _fits(trainer: Trainer, kinds: Sequence[Kind]) -> bool:
    """Return whether a step of every kind can be taken. On a CPU a child process takes them, because libraries may crash there."""
    if trainer.device.type == "cpu":
        with warnings.catch_warnings(action="ignore"):  # a warning about threads; the child starts none
            child = os.fork()
        if child == 0:
            passed = 1
            with suppress(BaseException):
                torch.set_num_threads(1)
                _take(trainer, kinds)
                passed = 0
            os._exit(passed)
        return os.waitpid(child, 0)[1] == 0
    try:
        _take(trainer, kinds)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        clear_frames(error.__traceback__)
        return False
    finally:
        if trainer.device.type == "cuda":
            torch.cuda.empty_cache()
    return True


def _take(trainer: Trainer, kinds: Sequence[Kind]) -> None:
    for kind in kinds:
        _step(trainer, kind.steps[0])


def _looked_at(steps: int) -> Iterator[int]:
    """Yield step numbers: all, or consecutive ones at evenly spread places."""
    if steps <= SEEN * TOGETHER:
        yield from range(steps)
        return
    for place in range(SEEN):
        first = place * (steps - TOGETHER) // (SEEN - 1)
        yield from range(first, first + TOGETHER)


def _step(trainer: Trainer, step: int) -> None:
    """Take one step, and wait for the device."""
    trainer.step = step
    trainer.one_step()
    if trainer.device.type == "cuda":
        torch.cuda.synchronize(trainer.device)


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"
