"""Images and labels on which a labeller is trained and measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viceversa.core.draws import Draws, seeded
from viceversa.core.space import Space
from viceversa.data.dataset import Dataset
from viceversa.images.fitting import in_bits
from viceversa.images.normalizing import flipped, shifted
from viceversa.images.pixels import Pixels

MOST_IMAGES, MOST_EDITS = 20_000, 500


@dataclass(frozen=True, eq=False)
class Examples:
    """Selected images of each space, one space after the other, with labels (N, K). Images are in 8 bits and read on demand."""

    pixels: Sequence[Pixels]
    rows: Sequence[NDArray[np.int64]]
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: slice | NDArray[np.int64]) -> Pixels:
        numbers, start = np.arange(len(self))[which], 0
        found = np.empty((len(numbers), *self.pixels[0].shape[1:]), np.uint8)
        for pixels, rows in zip(self.pixels, self.rows, strict=True):
            mine = (numbers >= start) & (numbers < start + len(rows))
            found[mine] = in_bits(pixels[rows[numbers[mine] - start]], 8)
            start += len(rows)
        return found


def disturbed(images: Tensor, draws: Draws) -> Tensor:
    """Augment images with flips, shifts of up to two pixels, and noise of up to a tenth of the range.

    The labeller thus learns to read translated images, which are not quite real.
    """
    images = flipped(images, draws.uniform("flip", images) < 0.5)
    images = shifted(images, (draws.uniform("shift", images, 2) * 5).long() - 2, 2)
    strength = 0.2 * draws.uniform("strength", images, 1, 1, 1)
    return images + strength * draws.normal("noise", images, *images.shape[1:])


def examples_of(dataset: Dataset, split: str, space: Space) -> Examples:
    """Return images of a split with their labels; evenly chosen if there are many."""
    spaces = [dataset.splits[split][name] for name in space.images]
    counted = [min(len(images), MOST_IMAGES // len(spaces)) for images in spaces]
    chosen = [np.linspace(0, len(images) - 1, count).round().astype(int) for images, count in zip(spaces, counted, strict=True)]
    pixels = [images.pixels for images in spaces]
    if (labels := spaces[0].labels) is not None:
        return Examples(pixels, chosen, labels[chosen[0]])
    counts = torch.tensor([len(rows) for rows in chosen])
    return Examples(pixels, chosen, torch.eye(len(counts)).repeat_interleave(counts, 0))


def edits_of(dataset: Dataset, batch: int) -> Iterator[tuple[Pixels, Tensor]]:
    """Yield batches of ground-truth edits of the first test images, to opposite labels or the other space, with labels (n, K).

    Data without ground truth yields nothing.
    """
    if dataset.truth is None:
        return
    source = next(iter(dataset.space.images))
    images = dataset.splits["test"][source]
    positions = np.arange(min(MOST_EDITS, len(images)))
    if images.labels is None:
        target, labels, wanted = dataset.space.pair[1], None, torch.eye(2)[[1] * len(positions)]
    else:
        target, labels = source, dataset.space.invert(images.labels[: len(positions)], seeded("labeller", "edits"))
        wanted = labels
    if dataset.known is not None:
        known = dataset.known("test", source, positions, target, labels)
        positions, wanted, labels = positions[known], wanted[known], None if labels is None else labels[known]
    for first in range(0, len(positions), batch):
        part = slice(first, first + batch)
        yield dataset.truth("test", source, positions[part], target, None if labels is None else labels[part]), wanted[part]
