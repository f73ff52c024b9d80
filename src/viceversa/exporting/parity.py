"""Agreement of an exported model with PyTorch: in one step, and in a chain of four translations through 8-bit images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.space import Space
from viceversa.errors import UsageError
from viceversa.images.fitting import in_bits
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.recipes import dataset_of
from viceversa.runs.record import Record

STEPS, IMAGES = 4, 16
LEVELS, SHARE = 1, 0.999
"""Required agreement: at least this share of pixels differ by at most this number of levels."""


@dataclass(frozen=True)
class Agreement:
    """Agreement of two stacks of images.

    Args:
        share: share of pixels that differ by at most 1 level in every channel.
        most: largest difference in levels.
    """

    share: float
    most: int

    @property
    def holds(self) -> bool:
        return self.share >= SHARE

    def __str__(self) -> str:
        return f"{100 * self.share:.3f} % of pixels within {LEVELS} level of PyTorch, all within {self.most}"

    def and_(self, other: Agreement) -> Agreement:
        """Return the worse of both."""
        return Agreement(min(self.share, other.share), max(self.most, other.most))


@dataclass(frozen=True)
class Parity:
    """Agreement in one step and in a chain.

    Args:
        one: agreement in one step.
        chain: agreement in a chain; None if an output cannot be an input.
        images: the images used, in words.
    """

    one: Agreement
    chain: Agreement | None
    images: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The results in words: one line for the step, one for the chain."""
        chain = f"not possible: {self.images} change their channels or size" if self.chain is None else str(self.chain)
        return f"one step: {self.one} ({self.images})", f"chain of {STEPS} through 8 bits: {chain}"

    def check(self) -> None:
        """Raise UsageError if more than 0.1 % of pixels differ by more than 1 level."""
        for line, part in zip(self.lines, (self.one, self.chain), strict=True):
            if part is not None and not part.holds:
                raise UsageError(f"the exported graph differs from PyTorch, so nothing was written: {line}.")


Leg = tuple[Domain, Domain]


def parity(model: Model, exported: Model, targets: Sequence[str]) -> Parity:
    """Compare an exported model with its original, on test images of its data, or on noise if the data is missing.

    Args:
        model: the original.
        exported: the exported model.
        targets: target spaces of its files.
    """
    found, images = [], ""
    for target in targets:
        pixels, label, images = _examples(model, model.routing.departure("", target))
        legs = _legs(model, target, label, len(pixels))
        pairs = zip(_chain(model, pixels, legs), _chain(exported, pixels, legs), strict=True)
        found.append([agreement(*pair) for pair in pairs])
    one, chain = (_worst([each[number] for each in found]) for number in (0, -1))
    return Parity(one, chain if all(len(each) == STEPS for each in found) else None, images)


def agreement(one: Pixels, other: Pixels) -> Agreement:
    """Return the agreement of two stacks (N, H, W, C) of images."""
    apart = np.abs(one.astype(np.int64) - other.astype(np.int64)).max(-1)
    return Agreement(float((apart <= LEVELS).mean()), int(apart.max()))


def _worst(found: Sequence[Agreement]) -> Agreement:
    worst = found[0]
    for each in found[1:]:
        worst = worst.and_(each)
    return worst


def _chain(model: Model, pixels: Pixels, legs: Sequence[Leg]) -> list[Pixels]:
    made = [pixels]
    for here, there in legs:
        made.append(model.translate_pixels(made[-1], here, there))
    return made[1:]


def _legs(model: Model, target: str, label: Tensor, count: int) -> list[Leg]:
    """Return the translations of a chain; a single one if its output cannot be translated again."""
    ends = model.routing.departure("", target), target
    labeled = partial(_among_labels, model.space, *ends, label, count)
    return model.routing.choose(labels=labeled, spaces=partial(_between_spaces, model, *ends), sets=labeled)()


def _among_labels(space: Space, source: str, target: str, label: Tensor, count: int) -> list[Leg]:
    """Return translations from the images' labels to drawn ones, one after the other."""
    part = space.part(target)
    drawn = [space.widened(part.draw(count, seeded("export", number)), target) for number in range(STEPS)]
    return [*pairwise([Domain(source, label), *(Domain(target, each) for each in drawn)])]


def _between_spaces(model: Model, source: str, target: str) -> list[Leg]:
    """Return translations forth and back, or repeatedly forth for a one-way method."""
    forth, back = (Domain(source), Domain(target)), (Domain(target), Domain(source))
    if model.method.returns:
        return [forth, back] * (STEPS // 2)
    return [forth] * (STEPS if model.space.images[source].shape == model.space.images[target].shape else 1)


def _examples(model: Model, space: str) -> tuple[Pixels, Tensor, str]:
    """Return images of a space in 8 bits, their labels (N, K), and what they are in words."""
    if (found := _test_images(model.record, space)) is not None:
        return found
    spec, width = model.space.images[space], model.space.label_width
    noise = np.random.default_rng(0).integers(0, 256, (IMAGES, spec.height, spec.width, spec.channels), np.uint8)
    label = model.space.draw(IMAGES, seeded("export", "noise")) if width else torch.zeros(IMAGES, 0)
    return noise, label, f"{IMAGES} images of noise"


def _test_images(record: Record, space: str) -> tuple[Pixels, Tensor, str] | None:
    """Return test images of the run's data, as `_examples` does; None if the data cannot be opened."""
    try:
        dataset = None if record.dataset == "imported" else dataset_of(record.recipe, trained=record.space)
    except UsageError:
        return None
    if dataset is None or dataset.space != record.space or not len(images := dataset.splits["test"][space]):
        return None
    pixels = in_bits(images.pixels[:IMAGES], 8)
    label = torch.zeros(len(pixels), 0) if images.labels is None else images.labels[: len(pixels)]
    return pixels, label, f"{len(pixels)} test images of {dataset.name}"
