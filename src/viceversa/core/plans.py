"""Plans: what a step works on. A plan turns the loader's batch into subjects, and calls no network."""

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
    """What losses are computed on: a Journey, or a method's own."""

    def begin(self, graph: bool) -> Self:
        """Ready for one phase, with or without a graph through the translator."""
        ...


@dataclass(frozen=True)
class Need:
    """A batch of real images that the loader must bring under `name`, from the space of that name.

    balanced: every label is as likely as the others, by drawing with replacement, where labels are few.
    alike: the name of another need; row by row, another image with the label of that one's image.
    beside: the name of another need, of a space whose images are in the same order: row by row the other image of the pair,
    mirrored, moved and augmented as that one's.
    """

    name: str
    space: str
    balanced: bool = False
    alike: str | None = None
    beside: str | None = None


Augment = Callable[[Critic, Draws], Critic]
"""A discriminator -> one that changes images at random before it judges them."""


def unchanged(critic: Critic, draws: Draws) -> Critic:
    """Return the discriminator itself."""
    return critic


class Plan(Protocol):
    """Shared by identity: phases that hold the same plan share its subjects in a step."""

    @property
    def needs(self) -> tuple[Need, ...]: ...

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Subject]: ...


@dataclass(frozen=True, eq=False)
class Retarget:
    """Each image goes to the labels of other images of its batch.

    c_i = c_source[permutation_i], one permutation for each link of a chain, drawn when asked for; so targets follow the
    joint distribution of labels. shared: one image's label for the whole batch instead, as in the multicyclic author's code.
    Of several labeled sets, each brings a batch and a journey of its own, and their losses are added.
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
        """Names of several labeled sets; empty for one space. Every step needs them."""
        return tuple(routing_of(self.space).sets)

    def _journey(self, real: Example, draws: Draws) -> Journey:
        def route(number: int) -> Domain:
            return relabeled(real, f"target {number}", draws, shared=self.shared)

        critic = self.augment(self.discriminate, draws)
        return Journey(real, route, translate=self.translate, discriminate=critic, draws=draws)


def relabeled(real: Example, name: str, draws: Draws, *, shared: bool = False) -> Domain:
    """The domain of the batch's labels in another order (or, shared, of one of them), drawn by name."""
    labels = real.domain.label if real.batch_labels is None else real.batch_labels
    if labels is None or real.domain.label is None:
        raise ValueError("retargeting needs labeled images.")
    order = (draws.choice if shared else draws.order)(name, real.domain.label)
    return Domain(real.domain.space, labels[order])


@dataclass(frozen=True, eq=False)
class BackAndForth:
    """Between two spaces, both ways: two journeys, x -> Y -> X -> ... and y -> X -> Y -> ....

    Each journey's example is the other one's real image, for the discriminator of the space it enters. Every second
    target is the journey's own source, the same object, so that the return leg is made once.
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
        """Of one image there, back to its own domain, and so on; `other` is the discriminator's example."""
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
    """From the first of two spaces to the second: one journey, whose example is the second's real image."""

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
    """From x to the other space, with its own y as the example. critic: of x and an image of the other space, channels together."""

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
