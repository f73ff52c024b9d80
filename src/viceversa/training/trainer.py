"""The training loop: steps, checkpoints, logs and pictures, with an orderly end after errors and signals."""

from __future__ import annotations

import json
import math
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from viceversa.core.draws import seeded
from viceversa.core.method import Builder, Method
from viceversa.core.moving_average import warm
from viceversa.core.schedules import Progress
from viceversa.data.dataset import Dataset
from viceversa.device import in_words
from viceversa.errors import NotFiniteError, UsageError, is_out_of_memory, stopped
from viceversa.files import write_atomically
from viceversa.images.pictures import save_png
from viceversa.progress import say
from viceversa.recipes.settings import Training
from viceversa.runs.record import Record
from viceversa.runs.weights import latest_checkpoint
from viceversa.training.averages import STATISTICS, learned_at, renew_statistics, update_averages
from viceversa.training.checkpoints import restore_training, save_checkpoint
from viceversa.training.examination import evaluating
from viceversa.training.header import first_lines
from viceversa.training.labelling import Labelling
from viceversa.training.loader import Ahead, Loader, unique_needs
from viceversa.training.losses import RecentLosses, fetched
from viceversa.training.monitor import Monitor
from viceversa.training.next_calls import NextSteps, next_calls
from viceversa.training.pace import Pace
from viceversa.training.probe import Estimate, fitting_batch, measured
from viceversa.training.samples import sample_grid
from viceversa.training.step import Trainee, train_step
from viceversa.training.validation import Validator

if torch.distributed.is_available():
    # It takes the existing process group as default of its functions. An optimizer imports it. If that happened after the
    # group began, the group and its threads would outlive end_training, and a process might abort at its end.
    import torch.distributed.nn

LOG_EVERY, LOOK_EVERY = 10, 1.0
"""Steps between two lines of the log, and seconds after which losses are fetched in between."""
STATISTICS_BATCHES = 16
"""Number of batches from which averaged networks compute their batch statistics."""


@dataclass(eq=False)
class Trainer:
    """Training of one method on one data set, in a run's folder.

    Args:
        run: folder of the run.
        build: function that builds the method. It is called twice, for the trained weights and for their moving averages.
        dataset: data set.
        settings: settings of the training.
        accelerator: processes of the training.
        device: device of this process.
        precision: "fp32" or "bf16".
        quiet: print only warnings.
        pace: length in seconds, instead of that of the settings.
        labelling: unfinished training of the run's labeller, which gets a share of the time.
        record: description of the run for its page and first lines; None without a recipe.
        introduce: print the first lines.
        next_steps: suggestions of next steps on the page.
    """

    run: Path
    build: Builder
    dataset: Dataset
    settings: Training
    accelerator: Accelerator
    device: torch.device
    precision: str
    quiet: bool = False
    pace: Pace | None = None
    labelling: Labelling | None = None
    record: Record | None = None
    introduce: bool = True
    next_steps: NextSteps = next_calls
    step: int = field(default=0, init=False)
    _saved: int = field(default=-1, init=False)
    _renewed: int = field(default=-1, init=False)
    _updates: Counter[str] = field(default_factory=Counter, init=False)
    _length: int | None = field(default=None, init=False)
    _recent: RecentLosses = field(default_factory=RecentLosses, init=False)
    _losses: dict[str, float] = field(default_factory=dict, init=False)
    _looked: float = field(default=-math.inf, init=False)

    def __post_init__(self) -> None:
        with self._within_memory():
            self.method = self._built()
            self.averages = self._built()
        self.loader = Loader(
            self.dataset.splits["train"],
            unique_needs(phase.plan.needs for phase in self.method.phases),
            batch=self.settings.batch,
            seed=self.settings.seed,
            device=self.device,
            resize_to=self.settings.resize_to,
            flip=self.settings.flip,
            shift=self.settings.shift,
            augment=self.settings.augment,
            least=2 if _takes_batch_statistics(self.method) else 1,
            rank=self.accelerator.process_index,
            processes=self.accelerator.num_processes,
        )
        self.batches = self.loader if self.device.type == "cpu" else Ahead(self.loader)
        average = self._average if self.accelerator.num_processes > 1 else None
        self.trainee = Trainee(self.method, average, autocast=self.precision == "bf16")
        if self.settings.compile:
            self.method.translator.compile()

    def resume(self) -> int:
        """Restore the run's last complete checkpoint, and return its step; 0 if there is none. Raises UsageError."""
        if checkpoint := latest_checkpoint(self.run, quiet=not self._leads):
            with self._within_memory():
                self.step = self._saved = restore_training(checkpoint, self.trainee, self.averages)
            for step in range(self.step if self.settings.average else 0):
                self._updates.update(learned_at(self.method, self.progress(self.settings.steps, step)))
        return self.step

    def train(self, until: int) -> None:
        """Train until `until` steps are done, and save a checkpoint.

        Raises:
            KeyboardInterrupt, Terminated: After SIGINT or SIGTERM, once a checkpoint is saved.
            NotFiniteError: If a loss is not a finite number. The last good checkpoint is kept.
            UsageError: If memory or the disk is full, or the run's folder is gone. The last good checkpoint is kept.
        """
        with _writing(self.run):
            self._start_logs()
            quiet = self.quiet or not self.introduce
            validation = self._validation(quiet) if self._leads else None
        end = self._end(until)
        monitor = self._monitor(end) if self._leads else None
        with _interruptible() as interrupted, monitor or nullcontext():
            if monitor:
                with _writing(self.run), self._within_memory():
                    self._show_start(monitor)
            told = None
            while self.step < end and not (told := self._told(interrupted)):
                with self._within_memory(stepping=True):
                    self.one_step()
                    end = self._end(until)
                    if self._to_be_logged(last=self.step == end) or time.monotonic() - self._looked > LOOK_EVERY:
                        self._look()
                if monitor:
                    monitor.advance(self.step, self._images(self.step - 1), self._losses, end)
                with _writing(self.run), self._within_memory():
                    self._after_step(validation, monitor, last=self.step == end)
                    if self.labelling:
                        self.labelling.advance()
            told = told or self._told(interrupted)  # a signal during the last step also ends the program
            if self._saved != self.step:
                self._save()
            if told and monitor and not self._picture.exists():
                with _writing(self.run), self._within_memory():
                    self._draw()
        self.accelerator.end_training()
        if told:
            raise stopped(
                told, f"interrupted after step {self.step} of {str(self.run)!r}, which is saved; continue with `resume=True`."
            )

    def estimate(self, run: Path) -> Estimate:
        """Estimate the resources of a training in the folder `run` from some steps, which change the weights. Raises UsageError."""
        with self._within_memory(stepping=True):
            return measured(self, run)

    def one_step(self) -> None:
        """Take one step of every phase and of the averages, without waiting for the device."""
        batch, draws = self.batches(self.step)
        progress = self.progress(self._length or self.settings.steps)
        self._recent.note(self.step, train_step(self.trainee, batch, draws, progress))
        if self.settings.average:
            learned = learned_at(self.method, progress)
            for name in learned.intersection(self.method.averaged):
                update_averages(self.averages, self.method, warm(self.settings.average, self._updates[name]), {name})
            self._updates.update(learned)
        self.step += 1

    def _look(self) -> None:
        """Fetch the losses since the last look. Raises NotFiniteError."""
        self._losses, self._looked = self._recent.fetch() or self._losses, time.monotonic()

    def _to_be_logged(self, *, last: bool) -> bool:
        return self.step % LOG_EVERY == 0 or last

    def progress(self, steps: int, step: int | None = None) -> Progress:
        """Return the progress of a training with this number of steps, now or at another step."""
        return Progress.at(self.step if step is None else step, steps, self.loader.steps_per_epoch)

    def _validation(self, quiet: bool) -> Validator:
        return Validator(self.run, self.dataset, self.settings, self.device, awaits=self.labelling is not None, quiet=quiet)

    def _after_step(self, validation: Validator | None, monitor: Monitor | None, *, last: bool) -> None:
        """Log, draw, save and validate after a step.

        The checkpoint comes after log and pictures: if the process is killed before it, the continued run repeats all of the step.
        """
        self.run.stat()
        if self._to_be_logged(last=last):
            self._log(self._losses)
        if monitor and monitor.pictures.due(self.step, last=last):
            with monitor.pictures.drawing():
                self._draw()
        if self.step % self.settings.checkpoint_every == 0 or last:
            self._save()
            if validation and (found := validation.judge(self.step, self.method, self.translating(), last=last)):
                self.accelerator.log({f"validation/{name}": value for name, value in found.numbers().items()}, step=self.step)
        if monitor:
            monitor.refresh()

    @property
    def _where(self) -> str:
        """The device, and the number of processes if there are several."""
        processes = self.accelerator.num_processes
        return f"{in_words(self.device)}, {processes} processes" if processes > 1 else in_words(self.device)

    def _monitor(self, until: int) -> Monitor:
        name = "a training" if self.record is None else self.record.title
        where = f"{self.precision}, batches of {self.settings.batch}"
        lines = first_lines(self.run, self.dataset, name, self.method.networks, self._where, where)
        return Monitor(
            self.run, f"{name} on {self.dataset.name}", lines, self.record, start=self.step, until=until,
            steps=self.settings.steps, sample_every=self.settings.sample_every, quiet=self.quiet, introduce=self.introduce,
            next_steps=self.next_steps,
        )  # fmt: skip

    def _show_start(self, monitor: Monitor) -> None:
        """Draw the outputs of the untrained model, and write the page."""
        if self.step == 0:
            with monitor.pictures.drawing():
                self._draw()
        monitor.refresh()

    def _draw(self) -> None:
        """Draw a sample picture, as a file and for TensorBoard. The networks are in evaluation mode and do not change."""
        method = self.translating()
        with evaluating(method):
            grid = sample_grid(method, self.dataset, self.settings.seed)
        self._picture.parent.mkdir(exist_ok=True)
        save_png(grid, self._picture)
        events = self.accelerator.get_tracker("tensorboard")
        events.log_images({"samples": np.asarray(grid)[None]}, step=self.step, dataformats="NHWC")

    @property
    def _picture(self) -> Path:
        """File of this step's sample picture."""
        return self.run / "samples" / f"{self.step:08d}.png"

    def translating(self) -> Method:
        """Return the method for translating: the averages, with their own batch statistics, and the other networks as trained."""
        averages = self.averages
        averaged = self.method.averaged if self.settings.average else ()
        for name, network in self.method.networks.items():
            if name not in averaged:
                averages.networks[name].load_state_dict(network.state_dict())
        if averaged and self._renewed != self.step:
            batches = map(self.batches, range(STATISTICS_BATCHES))
            renew_statistics(averages, batches, self.progress(self.settings.steps))
            self._renewed = self.step
        return averages

    @property
    def _leads(self) -> bool:
        return bool(self.accelerator.is_main_process)

    def _built(self) -> Method:
        torch.manual_seed(seeded(self.settings.seed, "weights").initial_seed())
        method = self.build(self.dataset.space)
        method.translator.to(self.device)
        method.networks.to(self.device)
        return method

    def _end(self, until: int) -> int:
        """Return the step to stop at. For a length in seconds it is an estimate, which also sets the schedule's length."""
        if self.pace is None:
            return until
        self._length = self.pace.steps(self.step)
        return self._length

    def _images(self, step: int) -> int:
        return self.loader.rows(step)[2]

    def _average(self, gradients: Iterable[Tensor]) -> None:
        """Average gradients over processes with one flat all-reduce. A process is weighted by its share of the batch's rows."""
        listed = list(gradients)
        start, stop, total = self.loader.rows(self.step)
        flat = torch.cat([gradient.reshape(-1) for gradient in listed]) * ((stop - start) * self.accelerator.num_processes / total)
        flat = self.accelerator.reduce(flat, "mean")
        for gradient, part in zip(listed, flat.split([gradient.numel() for gradient in listed]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def _told(self, received: list[int]) -> int | None:
        """Return the signal that any process received. All processes ask at the same step, so that none waits forever for
        another."""
        number = received[0] if received else 0
        if self.accelerator.num_processes > 1:
            number = int(self.accelerator.gather(torch.tensor([number], device=self.device)).max())
        return number or None

    def _save(self) -> None:
        self._check_numbers()
        if self._leads:
            save_checkpoint(self.run, self.step, self.trainee, self.translating())
        self._saved = self.step
        self.accelerator.wait_for_everyone()

    @contextmanager
    def _within_memory(self, *, stepping: bool = False) -> Iterator[None]:
        """Turn exhausted memory into a UsageError that names batch, image size and remedy.

        stepping: whether a step is taken. Then the remedy is a batch that fits; it is found by trying, which changes the trainer's
        weights.
        """
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            step, batch = self.step, self.settings.batch
            sizes = {f"{spec.width}x{spec.height}" for spec in self.dataset.space.images.values()}
            images = f"batches of {batch} images of {' and '.join(sorted(sizes))} pixels"
            kept = f"the checkpoint of step {self._saved} is intact" if self._saved > 0 else "there is no checkpoint yet"
            remedy = "take a smaller `batch` or `size`"
            if stepping and self.accelerator.num_processes == 1 and (self.device.type != "cpu" or hasattr(os, "fork")):
                fitting = fitting_batch(self, error)
                remedy = f"`batch={fitting}` fits" if fitting else "take a smaller `size`: no batch fits"
            raise UsageError(f"out of memory at step {step}, with {images}: {remedy}; {kept}.") from error

    def _check_numbers(self) -> None:
        """Raise NotFiniteError for losses, and for weights that became non-finite although all losses were finite."""
        self._look()
        weights = dict(self.method.networks.named_parameters())
        for name, finite in zip(weights, fetched([weight.isfinite().all() for weight in weights.values()]), strict=True):
            if not finite:
                raise NotFiniteError(f"the weight {name} is not finite after step {self.step - 1}.")

    def _start_logs(self) -> None:
        """Remove log lines after the checkpoint from which the run continues, and start the trackers."""
        path = self.run / "metrics.jsonl"
        if self._leads and path.exists():
            lines = path.read_bytes().splitlines(keepends=True)
            steps = [_step(line) for line in lines]
            if damaged := [line.endswith(b"\n") for line, step in zip(lines, steps, strict=True) if step is None].count(True):
                say(f"viceversa: {damaged} lines of {str(path)!r} cannot be read and are skipped.")
            kept = [line for line, step in zip(lines, steps, strict=True) if step is not None and step <= self.step]
            write_atomically(path, b"".join(kept))
        self.accelerator.init_trackers("events", init_kwargs={"tensorboard": {"purge_step": self.step + 1}})

    def _log(self, losses: Mapping[str, float]) -> None:
        if self._leads:
            with (self.run / "metrics.jsonl").open("a") as file:
                file.write(json.dumps({"step": self.step, **losses}) + "\n")
        self.accelerator.log(dict(losses), step=self.step)


def _takes_batch_statistics(method: Method) -> bool:
    """Return whether a layer uses statistics over the batch, which are undefined for a single image."""
    return any(isinstance(module, STATISTICS) for network in method.networks.values() for module in network.modules())


def _step(line: bytes) -> int | None:
    """Return the step of a log line; None if it cannot be parsed or is incomplete."""
    try:
        match json.loads(line):
            case {"step": int(step)} if line.endswith(b"\n"):
                return step
    except (ValueError, RecursionError):
        pass
    return None


@contextmanager
def _writing(run: Path) -> Iterator[None]:
    """Turn an error in writing a file, as on a full disk, into a UsageError."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write to {str(run)!r}: {error.strerror or error}.") from error


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Store Ctrl-C and SIGTERM in a list instead of raising. A second signal has its usual effect."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    previous: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, previous[number])

    for each in (signal.SIGINT, signal.SIGTERM):
        previous[each] = signal.signal(each, note)
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
