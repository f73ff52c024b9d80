"""The loader: for each step, a batch of what the method needs, as a function of the seed and the step alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from viceversa.data.augment import flipped, normalized, shifted
from viceversa.data.augmentation import Augment, augmented
from viceversa.data.dataset import Images
from viceversa.domains import Domain, Example
from viceversa.draws import Draws, seeded
from viceversa.errors import UsageError
from viceversa.plans import Need


@dataclass(eq=False)
class Loader:
    """Batches of real images by step; nothing of it needs to be saved for an exact resume.

    An epoch goes once through the largest space that is needed, in an order shuffled for each need; images of smaller
    spaces are drawn with replacement, so that pairs are never fixed (as CycleGAN's code). The last batch of an epoch is
    smaller. With several processes, each takes its neighboring rows of every batch.

    flip: mirror half of the images; shift: move them by up to so many pixels, the border continued; augment: what else.
    """

    images: Mapping[str, Images]
    needs: tuple[Need, ...]
    batch: int
    seed: int
    device: torch.device
    flip: bool = False
    shift: int = 0
    augment: Augment = Augment()
    rank: int = 0
    processes: int = 1
    _orders: dict[str, tuple[int, Tensor]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for need in self.needs:
            if need.space not in self.images or not len(self.images[need.space]):
                raise UsageError(f"the data has no training images of {need.space!r}.")
            _, height, width, channels = self.images[need.space].pixels.shape
            self.augment.check(channels)
            if self.shift >= min(height, width):
                raise UsageError(f"shift={self.shift} moves images of {height}x{width} pixels out of themselves: take less.")
        self.count = max(len(self.images[need.space]) for need in self.needs)
        if self.batch < self.processes:
            raise UsageError(f"a batch of {self.batch} images cannot be shared by {self.processes} processes.")
        last = self.count % self.batch
        self.steps_per_epoch = self.count // self.batch + (last >= self.processes)

    def rows(self, step: int) -> tuple[int, int, int]:
        """First and last row (exclusive) of this process in the step's batch, and the rows of the whole batch."""
        total = min(self.batch, self.count - (step % self.steps_per_epoch) * self.batch)
        return total * self.rank // self.processes, total * (self.rank + 1) // self.processes, total

    def __call__(self, step: int) -> tuple[dict[str, Example], Draws]:
        """The step's batch by the names of the needs, on the device, and the step's draws."""
        start, stop, total = self.rows(step)
        draws = Draws(self.seed, step, start=start, total=total)
        return {need.name: self._example(need, step, draws, slice(start, stop)) for need in self.needs}, draws

    def _example(self, need: Need, step: int, draws: Draws, mine: slice) -> Example:
        images = self.images[need.space]
        places = self._places(need, step)
        pixels = torch.from_numpy(np.ascontiguousarray(images.pixels[places[mine].numpy()])).to(self.device)
        batch = normalized(pixels)
        if self.flip:
            batch = flipped(batch, draws.uniform(f"flip {need.name}", batch) < 0.5)
        if self.shift:
            moves = draws.uniform(f"shift {need.name}", batch, 2)
            batch = shifted(batch, (moves * (2 * self.shift + 1)).long() - self.shift, self.shift)
        if self.augment.is_on:
            batch = augmented(batch, self.augment, draws, need.name)
        labels = None if images.labels is None else images.labels[places].to(self.device)
        return Example(batch, Domain(need.space, None if labels is None else labels[mine]), labels)

    def _places(self, need: Need, step: int) -> Tensor:
        """Which images of the need's space the whole batch holds."""
        epoch, number = divmod(step, self.steps_per_epoch)
        if self._orders.get(need.name, (-1,))[0] != epoch:
            generator, size = seeded(self.seed, "order", need.name, epoch), len(self.images[need.space])
            whole = size == self.count
            order = torch.randperm(size, generator=generator) if whole else torch.randint(size, (self.count,), generator=generator)
            self._orders[need.name] = (epoch, order)
        return self._orders[need.name][1][number * self.batch : (number + 1) * self.batch]


def unique_needs(plans: Iterable[tuple[Need, ...]]) -> tuple[Need, ...]:
    """The needs of several plans, each once."""
    return tuple(dict.fromkeys(need for needs in plans for need in needs))
