"""What a translator makes of test images along the evaluation's chains (docs/methods.md, Evaluation).

    x^(0) = x,  x^(j) = T(x^(j-1), t_j)    inv_k = T(x^(k), inv(c))    rec_k = T(x^(k), c)

Between two unlabeled spaces, k counts completed round trips: inv_k is the image in the other space after k of them and
one leg, rec_k the image at home after k of them; rec_0 is same-domain translation, undefined where channels differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from viceversa.data.augment import normalized, quantized
from viceversa.data.chains import Chains, draw_chains, load_chains
from viceversa.data.dataset import Dataset, Pixels
from viceversa.data.fitting import in_bits
from viceversa.domains import Domain

Direction = Literal["inv", "rec"]
Link = Literal["8bit", "float"]
LINKS: tuple[Link, ...] = ("8bit", "float")
DIRECTIONS: tuple[Direction, ...] = ("inv", "rec")

Translate = Callable[[Tensor, Domain, Domain], Tensor]


@dataclass(frozen=True)
class Place:
    """Which outputs: after how many cycles, in which direction, through which links."""

    direction: Direction
    cycles: int
    link: Link


@dataclass(frozen=True, eq=False)
class Trial:
    """The test images of one data set, and where they are sent: shared by all models that are compared.

    sources (N, H, W, C) of the space `home`; labels, inverted (N, K) and targets (steps, N, K), or None between spaces.
    truth: the true edits of inv, (N, H, W, C), or None where the data does not know them.
    """

    dataset: Dataset
    home: str
    away: str
    sources: Pixels
    truth: Pixels | None
    labels: Tensor | None = None
    inverted: Tensor | None = None
    targets: Tensor | None = None

    def __len__(self) -> int:
        return len(self.sources)

    def first(self, count: int) -> Trial:
        """The same for the first `count` images only."""
        return replace(
            self,
            sources=self.sources[:count],
            truth=None if self.truth is None else self.truth[:count],
            labels=None if self.labels is None else self.labels[:count],
            inverted=None if self.inverted is None else self.inverted[:count],
            targets=None if self.targets is None else self.targets[:, :count],
        )

    def goal(self, direction: Direction) -> Tensor | None:
        """The label that an output of the direction should have: (N, K)."""
        return self.inverted if direction == "inv" else self.labels

    def asked_before(self, cycles: int) -> Tensor | None:
        """The label asked for last before the final translation: t_k, or the source's own at k = 0."""
        return self.labels if not cycles or self.targets is None else self.targets[cycles - 1]


def trial(dataset: Dataset, samples: int | None = None) -> Trial:
    """The first `samples` test images, all if None, on the data set's stored chains; sources of the first space."""
    home, away = (dataset.space.only,) * 2 if dataset.space.attributes else dataset.space.pair
    images = dataset.splits["test"][home]
    count = min(len(images), samples or len(images))
    positions, sources = np.arange(count), in_bits(images.pixels[:count], 8)
    if images.labels is None:
        truth = dataset.truth("test", home, positions, away, None) if dataset.truth else None
        return Trial(dataset, home, away, sources, truth)
    chains: Chains = load_chains(dataset.name) or draw_chains(images.labels, dataset.space, 0)
    inverted = chains.inverted[:count]
    truth = dataset.truth("test", home, positions, home, inverted) if dataset.truth else None
    return Trial(dataset, home, away, sources, truth, images.labels[:count], inverted, chains.targets[:, :count])


def outputs(translate: Translate, task: Trial, cycles: int, batch: int = 100) -> Iterator[tuple[slice, dict[Place, Pixels]]]:
    """Batch by batch, the outputs for k = 0..cycles in both directions through both links: uint8, whatever the link.

    The float chain rounds its last image only; the 8-bit chain rounds every image, as if it were saved and opened again.
    At k = 0 there is no link, and both have the same array.
    """
    follow = _among_labels if task.labels is not None else _between_spaces
    for start in range(0, len(task), batch):
        rows = slice(start, min(start + batch, len(task)))
        with torch.no_grad():
            made = {place: pixels for link in LINKS for place, pixels in follow(translate, task, rows, cycles, link)}
        unlinked = {place.direction: pixels for place, pixels in made.items() if place.cycles == 0}
        yield rows, made | {Place(direction, 0, link): pixels for direction, pixels in unlinked.items() for link in LINKS}


def _among_labels(translate: Translate, task: Trial, rows: slice, cycles: int, link: Link) -> Iterator[tuple[Place, Pixels]]:
    assert task.labels is not None and task.inverted is not None and task.targets is not None
    home, opposite = Domain(task.home, task.labels[rows]), Domain(task.home, task.inverted[rows])
    image, here = normalized(torch.tensor(task.sources[rows])), home
    for number in range(cycles + 1):
        yield Place("inv", number, link), quantized(translate(image, here, opposite))
        yield Place("rec", number, link), quantized(translate(image, here, home))
        if number < cycles:
            there = Domain(task.home, task.targets[number, rows])
            image, here = _linked(translate(image, here, there), link), there


def _between_spaces(translate: Translate, task: Trial, rows: slice, cycles: int, link: Link) -> Iterator[tuple[Place, Pixels]]:
    home, away = Domain(task.home), Domain(task.away)
    image = normalized(torch.tensor(task.sources[rows]))
    if task.dataset.space.images[task.home].channels == task.dataset.space.images[task.away].channels:
        yield Place("rec", 0, link), quantized(translate(image, home, home))
    for number in range(cycles + 1):
        there = translate(image, home, away)
        yield Place("inv", number, link), quantized(there)
        if number < cycles:
            image = translate(_linked(there, link), away, home)
            yield Place("rec", number + 1, link), quantized(image)
            image = _linked(image, link)


def _linked(image: Tensor, link: Link) -> Tensor:
    return normalized(torch.from_numpy(quantized(image))) if link == "8bit" else image
