"""The data loader: the batch of a step, as a function of the seed and the step only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws, seeded
from viceversa.core.plans import Need
from viceversa.data.augmentation import NO_AUGMENTATION, Augment, augmented
from viceversa.data.dataset import Images
from viceversa.device import sent
from viceversa.errors import UsageError
from viceversa.images.normalizing import cropped, enlarged_to, flipped, normalized, shifted

MOST_LABELS = 1000
"""Maximum number of different labels that can be balanced."""


@dataclass(eq=False)
class Loader:
    """Batches of real images by step. It has no state, so that an exact resume needs nothing from it.

    An epoch passes once through the largest space that is needed, in an order shuffled for each need. Images of smaller spaces are
    drawn with replacement, so that pairs are never fixed (as in CycleGAN's code). The last batch of an epoch is smaller. With
    several processes, each takes adjacent rows of every batch.

    Args:
        images: training images by space.
        needs: batches that the plans need.
        batch: number of images in a batch, over all processes.
        seed: seed of the order and of the augmentation.
        device: device of the batches.
        resize_to: enlarge images to this side, and cut out a random part of their own size (286 for 256 px in CycleGAN's code).
        flip: mirror half of the images.
        shift: largest random shift in pixels; the border is repeated.
        augment: further augmentation.
        rank: number of this process.
        processes: number of processes.
        least: minimum number of rows of a process; a last batch of an epoch with fewer is left out.
    """

    images: Mapping[str, Images]
    needs: tuple[Need, ...]
    batch: int
    seed: int
    device: torch.device
    resize_to: int | None = None
    flip: bool = False
    shift: int = 0
    augment: Augment = NO_AUGMENTATION
    rank: int = 0
    processes: int = 1
    least: int = 1
    _orders: dict[str, tuple[int, Tensor]] = field(default_factory=dict, init=False)
    _known_groups: dict[str, list[Tensor]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for need in self.needs:
            if need.space not in self.images or not len(self.images[need.space]):
                raise UsageError(f"the data has no training images of {need.space!r}.")
            _, height, width, channels = self.images[need.space].pixels.shape
            self.augment.check(channels)
            side = min(height, width)
            if self.resize_to is not None and not side < self.resize_to <= 2 * side:
                raise UsageError(
                    f"resize_to={self.resize_to} does not go with images of {height}x{width} pixels: take {side + 1} to {2 * side}."
                )
            if self.shift >= min(height, width):
                large = f"shift={self.shift} is too large for images of {height}x{width} pixels"
                raise UsageError(f"{large}: choose a smaller shift.")
        self.count = max(len(self.images[need.space]) for need in self.needs)
        if self.batch < self.least * self.processes:
            raise UsageError(f"a batch of {self.batch} images cannot be shared by {self.processes} processes.")
        last = self.count % self.batch
        self.steps_per_epoch = self.count // self.batch + (last >= self.least * self.processes)
        for need in self.needs:
            if need.beside and len(self.images[need.space]) != len(self.images[self._named(need.beside).space]):
                raise UsageError(f"this method needs pairs of images, but {need.space!r} has a different number of images.")

    def rows(self, step: int) -> tuple[int, int, int]:
        """Return the first and last row (exclusive) of this process in the step's batch, and the size of the whole batch."""
        total = min(self.batch, self.count - (step % self.steps_per_epoch) * self.batch)
        return total * self.rank // self.processes, total * (self.rank + 1) // self.processes, total

    def __call__(self, step: int) -> tuple[dict[str, Example], Draws]:
        """Return the step's batch, name of a need -> images on the device, and the step's random draws."""
        start, stop, total = self.rows(step)
        draws = Draws(self.seed, step, start=start, total=total)
        return {need.name: self._example(need, step, draws, slice(start, stop)) for need in self.needs}, draws

    def _example(self, need: Need, step: int, draws: Draws, mine: slice) -> Example:
        images = self.images[need.space]
        places = self._places(need, step)
        source = need.beside or need.name  # both images of a pair are moved in the same way
        pixels = sent(torch.from_numpy(np.ascontiguousarray(images.pixels[places[mine].numpy()])), self.device)
        batch = normalized(pixels)
        if self.resize_to is not None:
            batch = _part_of_enlarged(batch, self.resize_to, draws.uniform(f"crop {source}", batch, 2))
        if self.flip:
            batch = flipped(batch, draws.uniform(f"flip {source}", batch) < 0.5)
        if self.shift:
            moves = draws.uniform(f"shift {source}", batch, 2)
            batch = shifted(batch, (moves * (2 * self.shift + 1)).long() - self.shift, self.shift)
        if self.augment.is_on:
            batch = augmented(batch, self.augment, draws, source)
        labels = None if images.labels is None else sent(images.labels[places], self.device)
        return Example(batch, Domain(need.space, None if labels is None else labels[mine]), labels)

    def _places(self, need: Need, step: int) -> Tensor:
        """Return the positions of the whole batch's images in the need's space."""
        epoch, number = divmod(step, self.steps_per_epoch)
        if need.beside:
            return self._places(self._named(need.beside), step)
        if need.alike:
            return self._others(need, self._places(self._named(need.alike), step), step)
        if self._orders.get(need.name, (-1,))[0] != epoch:
            generator, size = seeded(self.seed, "order", need.name, epoch), len(self.images[need.space])
            if need.balanced:
                order = _balanced(self._groups(need.space), self.count, generator)
            elif size == self.count:
                order = torch.randperm(size, generator=generator)
            else:
                order = torch.randint(size, (self.count,), generator=generator)
            self._orders[need.name] = (epoch, order)
        return self._orders[need.name][1][number * self.batch : (number + 1) * self.batch]

    def _named(self, name: str) -> Need:
        return next(need for need in self.needs if need.name == name)

    def _groups(self, space: str) -> list[Tensor]:
        """Return the positions of the images for each label that occurs."""
        if space not in self._known_groups:
            labels = self.images[space].labels
            if labels is None:
                raise UsageError(f"this method balances labels, and the images of {space!r} have none.")
            kinds, which = torch.unique(labels, dim=0, return_inverse=True)
            if len(kinds) > MOST_LABELS:
                raise UsageError(f"{len(kinds)} different labels cannot be balanced: name fewer attributes with `attributes`.")
            self._known_groups[space] = [(which == number).nonzero()[:, 0] for number in range(len(kinds))]
        return self._known_groups[space]

    def _others(self, need: Need, places: Tensor, step: int) -> Tensor:
        """Return for each image another one with the same label, or the image itself if it is the only one."""
        generator, found = seeded(self.seed, "alike", need.name, step), places.clone()
        shares = torch.rand(len(places), generator=generator, dtype=torch.float64)
        for group in self._groups(need.space):
            for row in torch.isin(places, group).nonzero()[:, 0].tolist():
                others = group[group != places[row]] if len(group) > 1 else group
                found[row] = others[int(shares[row] * len(others))]
        return found


@dataclass(eq=False)
class Ahead:
    """A loader that prepares the next batch in a thread during the current step. The batches are the same."""

    loader: Loader
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), init=False)
    _next: tuple[int, Future[tuple[dict[str, Example], Draws]]] | None = field(default=None, init=False)

    def __call__(self, step: int) -> tuple[dict[str, Example], Draws]:
        """Return the same as the loader."""
        prepared = self._next[1] if self._next and self._next[0] == step else self._thread.submit(self.loader, step)
        found = prepared.result()
        self._next = step + 1, self._thread.submit(self.loader, step + 1)
        return found


def _part_of_enlarged(images: Tensor, side: int, shares: Tensor) -> Tensor:
    """Enlarge images to a shorter side, and cut out a part of their own size. shares: how far down and right, (N, 2) in [0, 1)."""
    large, (height, width) = enlarged_to(images, side), images.shape[2:]
    down, right = large.shape[2] - height, large.shape[3] - width
    corners = [(share * (last + 1)).long().clamp(max=last) for share, last in zip(shares.T, (down, right), strict=True)]
    return cropped(large, torch.stack(corners, 1), (height, width))


def _balanced(groups: Sequence[Tensor], count: int, generator: torch.Generator) -> Tensor:
    """Return `count` positions, drawn with replacement so that all groups are equally likely."""
    which = torch.randint(len(groups), (count,), generator=generator).tolist()
    shares = torch.rand(count, generator=generator, dtype=torch.float64).tolist()
    return torch.stack([groups[group][int(share * len(groups[group]))] for group, share in zip(which, shares, strict=True)])


def unique_needs(plans: Iterable[tuple[Need, ...]]) -> tuple[Need, ...]:
    """Return the needs of several plans, each once."""
    return tuple(dict.fromkeys(need for needs in plans for need in needs))
