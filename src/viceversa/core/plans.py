"""Plans: the subjects of a training step. A plan turns the loader's batch into subjects; it calls no network."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, Self

import torch
from torch import Tensor

from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.journey import Critic, Journey, Judgment, Translator
from viceversa.core.routing import routing_of
from viceversa.core.space import Space

Batch = Mapping[str, Example]


class Subject(Protocol):
    """What losses are computed on: a Journey, or a class of a method's own."""

    def begin(self, graph: bool) -> Self:
        """Return the subject for one phase, with or without a graph through the translator."""
        ...


@dataclass(frozen=True)
class Need:
    """Batch of real images that the loader provides.

    Args:
        name: key in the batch.
        space: space of the images.
        balanced: draw with replacement so that every label is equally likely, for rare labels.
        alike: name of another need; each row is another image with the label of that need's row.
        beside: name of another need whose space has the paired images in the same order; each row is the other image of the pair,
            with the same mirroring, shift and augmentation.
    """

    name: str
    space: str
    balanced: bool = False
    alike: str | None = None
    beside: str | None = None


Augment = Callable[[Critic, Draws], Critic]
"""Function that wraps a discriminator so that it changes images at random before it judges them."""


def unchanged(critic: Critic, draws: Draws) -> Critic:
    """Return the discriminator itself."""
    return critic


class Plan(Protocol):
    """Interface of plans. Phases that hold the same plan object share its subjects in a step."""

    @property
    def needs(self) -> tuple[Need, ...]: ...

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Subject]: ...


@dataclass(frozen=True, eq=False)
class Retarget:
    """Plan in which each image gets the labels of other images of its batch as targets.

    c_i = c_source[permutation_i], with one permutation per link of a chain, drawn when it is needed. Targets therefore follow the
    joint distribution of labels. Several labeled sets have a batch and a journey each, and their losses are added.

    Args:
        space: space of the data.
        translate: the generator.
        discriminate: the discriminator.
        augment: augmentation of the discriminator.
        shared: whether the whole batch gets the label of one image, as in the code of the multicyclic loss's author.
    """

    space: Space
    translate: Translator = field(kw_only=True)
    discriminate: Critic = field(kw_only=True)
    augment: Augment = field(default=unchanged, kw_only=True)
    shared: bool = field(default=False, kw_only=True)

    @property
    def needs(self) -> tuple[Need, ...]:
        return tuple(Need(name, name) for name in self.sets) or (Need("real", self.space.only),)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        if not self.sets:
            return [self._journey(batch["real"], draws)]
        return [self._journey(batch[name], draws.within(name)) for name in self.sets]

    @cached_property
    def sets(self) -> Collection[str]:
        """Names of several labeled sets; empty for one space. Cached because every step needs them."""
        return tuple(routing_of(self.space).sets)

    def _journey(self, real: Example, draws: Draws) -> Journey:
        def route(number: int) -> Domain:
            return relabeled(real, f"target {number}", draws, shared=self.shared)

        critic = self.augment(self.discriminate, draws)
        return Journey(real, route, translate=self.translate, discriminate=critic, draws=draws)


def relabeled(real: Example, name: str, draws: Draws, *, shared: bool = False) -> Domain:
    """Return the domain of the batch's labels in another order.

    Args:
        real: labeled images.
        name: name of the random draw.
        draws: random numbers of the step.
        shared: use the label of one image for all.

    Raises:
        ValueError: If the images have no labels.
    """
    labels = real.domain.label if real.batch_labels is None else real.batch_labels
    if labels is None or real.domain.label is None:
        raise ValueError("retargeting needs labeled images.")
    order = (draws.choice if shared else draws.order)(name, real.domain.label)
    return Domain(real.domain.space, labels[order])


@dataclass(frozen=True, eq=False)
class BackAndForth:
    """Plan between two spaces in both directions, with two journeys: x -> Y -> X -> ... and y -> X -> Y -> ....

    Each journey's example is the real image of the other one, for the discriminator of the space that it enters. Every second
    target is the source of the journey, as the same object, so that the translation back is made once.
    """

    space: Space
    translate: Translator = field(kw_only=True)
    discriminate: Critic = field(kw_only=True)
    augment: Augment = field(default=unchanged, kw_only=True)

    @property
    def needs(self) -> tuple[Need, ...]:
        return tuple(Need(name, name) for name in self.space.pair)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        first, second = (batch[name] for name in self.space.pair)
        pairs = (first, second), (second, first)
        return [self.journey(real, Domain(other.domain.space), other, draws) for real, other in pairs]

    def journey(self, real: Example, there: Domain, other: Example, draws: Draws) -> Journey:
        """Return the journey from an image's domain to another domain, back, and so on.

        Args:
            real: the images.
            there: the other domain.
            other: real images for the discriminator.
            draws: random numbers of the step.
        """
        own = draws.within(real.domain.space)
        return Journey(
            real,
            lambda number: real.domain if number % 2 else there,
            translate=self.translate,
            discriminate=self.augment(self.discriminate, own),
            draws=own,
            examples=(other,),
        )


@dataclass(frozen=True, eq=False)
class OneWay:
    """Plan from the first of two spaces to the second, with one journey. Its example is the real image of the second space."""

    space: Space
    translate: Translator = field(kw_only=True)
    discriminate: Critic = field(kw_only=True)
    augment: Augment = field(default=unchanged, kw_only=True)

    @property
    def needs(self) -> tuple[Need, ...]:
        first, second = self.space.pair
        return Need(first, first), Need(second, second)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        first, second = (batch[name] for name in self.space.pair)
        there = Domain(second.domain.space)
        return [
            Journey(
                first,
                lambda number: there,
                translate=self.translate,
                discriminate=self.augment(self.discriminate, draws),
                draws=draws,
                examples=(second,),
            )
        ]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Plan from x to the other space, with the paired image y as example.

    The critic gets x and an image of the other space, concatenated along the channels.
    """

    space: Space
    translate: Translator = field(kw_only=True)
    critic: Callable[[Tensor], Tensor] = field(kw_only=True)
    augment: Augment = field(default=unchanged, kw_only=True)

    @property
    def needs(self) -> tuple[Need, ...]:
        first, second = self.space.pair
        return Need(first, first), Need(second, second, beside=first)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        x, y = (batch[name] for name in self.space.pair)

        together = self.augment(lambda both, domain: Judgment(self.critic(both)), draws)

        def beside(image: Tensor, domain: Domain) -> Judgment:
            return together(torch.cat([x.image, image], 1), domain)

        return [Journey(x, lambda number: y.domain, translate=self.translate, discriminate=beside, draws=draws, examples=(y,))]
