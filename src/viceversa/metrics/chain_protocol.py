"""Outputs of a translator for test images along the evaluation's chains of translations (docs/methods.md, Evaluation).

    x^(0) = x,  x^(j) = T(x^(j-1), t_j)    step_j = x^(j)    inv_k = T(x^(k), inv(c))    rec_k = T(x^(k), c)

Between two unlabeled spaces, k counts completed round trips: inv_k is the image in the other space after k round trips and one
translation, rec_k the image in the source space after k round trips. rec_0 is same-domain translation, which is undefined if the
channels differ. A one-way translator only has inv_0.

Every image between two translations passes a link: "float" leaves it unchanged, "8bit" rounds it, as if it were saved and opened
again. The other links are probes for hidden information. After rounding, "noise" adds Gaussian noise of 2 levels, "jpeg" compresses
with quality 75, and "blur" smooths with a Gaussian of half a pixel. They destroy what a person cannot see, and little else.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.routing import routing_of
from viceversa.data.dataset import Dataset
from viceversa.data.sets.chain_labels import ChainLabels, draw_chains, load_chains
from viceversa.images.fitting import in_bits
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels

Direction = Literal["inv", "rec", "step"]
Link = Literal["8bit", "float", "noise", "jpeg", "blur"]
LINKS: tuple[Link, ...] = ("8bit", "float")
PROBES: tuple[Link, ...] = ("noise", "jpeg", "blur")
DIRECTIONS: tuple[Direction, ...] = ("inv", "rec")

TranslateImages = Callable[[Tensor, Domain, Domain], Tensor]


@dataclass(frozen=True)
class Place:
    """Place of outputs: direction, number of cycles, and kind of links. Direction "step" is x^(cycles) itself."""

    direction: Direction
    cycles: int
    link: Link


@dataclass(frozen=True)
class Way:
    """Lengths of the chains: k = 0..cycles, steps 1..steps of the 8-bit chain, and rec_k, k >= 1, through the probes."""

    cycles: int = 3
    steps: int = 0
    probes: tuple[Link, ...] = ()

    @property
    def longest(self) -> int:
        return max(self.cycles, self.steps)


@dataclass(frozen=True, eq=False)
class Trial:
    """Images of one split of a data set with their targets, shared by all compared models.

    Args:
        sources: images (N, H, W, C) of the space `home`.
        numbers: their numbers (N,) in the split.
        labels, inverted: their labels and the opposite labels (N, K); None between spaces.
        targets: labels of the chain (steps, N, K); None between spaces.
    """

    dataset: Dataset
    home: str
    away: str
    sources: Pixels
    numbers: NDArray[np.int64]
    labels: Tensor | None = None
    inverted: Tensor | None = None
    targets: Tensor | None = None
    split: str = "test"
    _truths: dict[tuple[Direction, int], tuple[Pixels | None, NDArray[np.bool_]]] = field(default_factory=dict, init=False)

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def labeled(self) -> bool:
        """Whether images are translated between labels, not between two spaces."""
        return self.labels is not None

    def of(self, rows: Sequence[int]) -> Trial:
        """Return the trial of some images only."""
        chosen = list(rows)
        return replace(
            self,
            sources=self.sources[chosen],
            numbers=self.numbers[chosen],
            labels=None if self.labels is None else self.labels[chosen],
            inverted=None if self.inverted is None else self.inverted[chosen],
            targets=None if self.targets is None else self.targets[:, chosen],
        )

    def goal(self, place: Place) -> Tensor | None:
        """Return the labels (N, K) that outputs should have; None between spaces."""
        match place.direction:
            case "inv":
                return self.inverted
            case "rec":
                return self.labels
            case _:
                return None if self.targets is None else self.targets[place.cycles - 1]

    def asked_before(self, place: Place) -> Tensor | None:
        """Return the label requested before the final translation: the source's own label if there was none."""
        translations = place.cycles - (place.direction == "step")
        return self.labels if not translations or self.targets is None else self.targets[translations - 1]

    def truth(self, place: Place) -> Pixels | None:
        """Return the ground truth (N, H, W, C), or the sources for rec; unknown images are 0. None if none is known."""
        return self._edits(place)[0]

    def known(self, place: Place) -> NDArray[np.bool_]:
        """Return whether the ground truth of each image is known: (N,) Booleans."""
        return self._edits(place)[1]

    def _edits(self, place: Place) -> tuple[Pixels | None, NDArray[np.bool_]]:
        """`truth` and `known`."""
        everywhere = np.ones(len(self), np.bool_)
        if place.direction == "rec":
            return self.sources, everywhere
        if self.dataset.truth is None or (not self.labeled and place.direction == "step"):
            return None, ~everywhere
        key = (place.direction, place.cycles if place.direction == "step" else 0)
        if key not in self._truths:  # every batch needs it, and opening a cached set checks all pixels
            asked = (self.split, self.home, self.numbers, self.home if self.labeled else self.away, self.goal(place))
            known = everywhere if self.dataset.known is None else self.dataset.known(*asked)
            self._truths[key] = (self.dataset.truth(*asked) if known.any() else None), known
        return self._truths[key]


Outputs = Callable[[Trial, Way], Iterator[tuple[slice, dict[Place, Pixels]]]]
"""A function (trial, way) that yields batches: their rows, and the output images at all places, uint8."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A model to measure.

    Args:
        outputs: makes its outputs.
        read: labels that its own discriminator predicts, (n, H, W, C) -> (n, K); None without one.
        full_size: its outputs for a few enlarged sources of a trial, or None.
        training: its settings in training, see `trainings`.
    """

    outputs: Outputs
    read: Callable[[Pixels], Tensor] | None = None
    full_size: Callable[[Trial], Pixels | None] | None = None
    training: Mapping[str, str] = field(default_factory=dict)


def translating(translate: TranslateImages, read: Callable[[Pixels], Tensor] | None = None, *, returns: bool = True) -> Candidate:
    """Return a translator as a candidate, whose outputs are made on demand. returns: whether it translates both ways."""
    return Candidate(partial(outputs, translate, returns=returns), read)


def trial(dataset: Dataset, samples: int | None = None, split: str = "test") -> Trial:
    """Return the first `samples` images of a split (None: all) of the first space, with the data set's stored chains.

    Raises UsageError for data with several labeled sets.
    """
    home, away = routing_of(dataset.space).ends
    images = dataset.splits[split][home]
    count = min(len(images), samples or len(images))
    sources, numbers = in_bits(images.pixels[:count], 8), np.arange(count)
    if images.labels is None:
        return Trial(dataset, home, away, sources, numbers, split=split)
    stored = load_chains(dataset.name) if split == "test" else None
    chains: ChainLabels = stored or draw_chains(images.labels, dataset.space, 0)
    labels, inverted, targets = images.labels[:count], chains.inverted[:count], chains.targets[:, :count]
    return Trial(dataset, home, away, sources, numbers, labels, inverted, targets, split)


def outputs(
    translate: TranslateImages, task: Trial, way: Way, batch: int = 100, *, returns: bool = True
) -> Iterator[tuple[slice, dict[Place, Pixels]]]:
    """Yield batches of the outputs at all places of the way, uint8 for every link; only inv_0 for a one-way translator.

    The float chain rounds its last image only. At k = 0 there is no link, so "float" and "8bit" share one array.
    """
    follow = _among_labels if task.labeled else _between_spaces if returns else _one_way
    for start in range(0, len(task), batch):
        rows = slice(start, min(start + batch, len(task)))
        with torch.no_grad():
            made = dict(follow(translate, task, rows, way))
        unlinked = {place.direction: pixels for place, pixels in made.items() if place.cycles == 0}
        yield rows, made | {Place(direction, 0, link): pixels for direction, pixels in unlinked.items() for link in LINKS}


def route(task: Trial, direction: Direction, cycles: int) -> list[Domain]:
    """Return the target domains of a chain, in order."""
    if task.targets is None:
        legs = [Domain(task.away), Domain(task.home)] * (cycles + 1)
        return legs[: 2 * cycles + (direction == "inv")] or [Domain(task.home)]
    before = [Domain(task.home, label) for label in task.targets[:cycles]]
    return before if direction == "step" else [*before, Domain(task.home, task.inverted if direction == "inv" else task.labels)]


def linked(image: Tensor, link: Link, numbers: Iterable[int], step: int) -> Tensor:
    """Return images (N, C, H, W) in [-1, 1] after a link. Noise depends on the image's number in the split and the step."""
    if link == "float":
        return image
    pixels: Pixels = quantized(image)
    if link == "noise":
        noise = [torch.randn(image.shape[1:], generator=seeded("probe", int(number), step)) for number in numbers]
        return linked(normalized(torch.from_numpy(pixels)) + torch.stack(noise).to(image.device) * 2 / 127.5, "8bit", numbers, step)
    if link == "jpeg":
        pixels = np.stack([np.asarray(_compressed(each), np.uint8) for each in pixels])
    image = normalized(torch.from_numpy(pixels))
    return linked(_smoothed(image), "8bit", numbers, step) if link == "blur" else image


def _among_labels(translate: TranslateImages, task: Trial, rows: slice, way: Way) -> Iterator[tuple[Place, Pixels]]:
    """Before the first link all chains are one."""
    assert task.labels is not None and task.inverted is not None and task.targets is not None
    home, opposite = Domain(task.home, task.labels[rows]), Domain(task.home, task.inverted[rows])
    source = normalized(torch.tensor(task.sources[rows]))
    yield Place("inv", 0, "8bit"), quantized(translate(source, home, opposite))
    yield Place("rec", 0, "8bit"), quantized(translate(source, home, home))
    if not way.longest:
        return
    targets = [Domain(task.home, target) for target in task.targets[: way.longest, rows]]
    first = translate(source, home, targets[0])
    for link in (*LINKS, *way.probes):
        image, last = first, way.longest if link == "8bit" else way.cycles
        for number, here in enumerate(targets[:last], 1):
            if number > 1:
                image = translate(image, targets[number - 2], here)
            image = linked(image, link, task.numbers[rows], number - 1)
            if link == "8bit" and number <= way.steps:
                yield Place("step", number, link), quantized(image)
            if number <= way.cycles and link in LINKS:
                yield Place("inv", number, link), quantized(translate(image, here, opposite))
            if number <= way.cycles:
                yield Place("rec", number, link), quantized(translate(image, here, home))


def _between_spaces(translate: TranslateImages, task: Trial, rows: slice, way: Way) -> Iterator[tuple[Place, Pixels]]:
    """Before the first link all chains are one."""
    home, away = Domain(task.home), Domain(task.away)
    source = normalized(torch.tensor(task.sources[rows]))
    if task.dataset.space.images[task.home].channels == task.dataset.space.images[task.away].channels:
        yield Place("rec", 0, "8bit"), quantized(translate(source, home, home))
    first = translate(source, home, away)
    yield Place("inv", 0, "8bit"), quantized(first)
    for link in (*LINKS, *way.probes):
        there = first
        for number in range(way.cycles):
            image = translate(linked(there, link, task.numbers[rows], 2 * number), away, home)
            yield Place("rec", number + 1, link), quantized(image)
            if link in LINKS or number + 1 < way.cycles:
                there = translate(linked(image, link, task.numbers[rows], 2 * number + 1), home, away)
            if link in LINKS:
                yield Place("inv", number + 1, link), quantized(there)


def _one_way(translate: TranslateImages, task: Trial, rows: slice, way: Way) -> Iterator[tuple[Place, Pixels]]:
    source = normalized(torch.tensor(task.sources[rows]))
    yield Place("inv", 0, "8bit"), quantized(translate(source, Domain(task.home), Domain(task.away)))


def _compressed(pixels: Pixels) -> Pixels:
    """Return an image (H, W, C) after JPEG of quality 75; by channel if it has neither 1 nor 3."""
    if pixels.shape[2] not in (1, 3):
        return np.concatenate([_compressed(pixels[..., [channel]]) for channel in range(pixels.shape[2])], 2)
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "JPEG", quality=75)
    return np.asarray(Image.open(buffer)).reshape(pixels.shape)


def _smoothed(image: Tensor) -> Tensor:
    """Smooth with a Gaussian of sigma 0.5 px: weights exp(-2 d^2) at distances -1, 0, 1 along both axes; borders are repeated."""
    weights = torch.exp(-2 * torch.tensor([-1.0, 0, 1]).square())
    kernel = (weights[:, None] * weights / weights.sum() ** 2).expand(image.shape[1], 1, 3, 3)
    return F.conv2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), kernel, groups=image.shape[1])
