"""Plans: what a step works on. A plan turns the loader's batch into subjects, and calls no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from viceversa.domains import Domain, Example, Space
from viceversa.draws import Draws
from viceversa.journey import Critic, Journey, Translator

Batch = Mapping[str, Example]


class Subject(Protocol):
    """What losses are computed on: a Journey, or a method's own."""

    def begin(self, graph: bool) -> Self:
        """Ready for one phase, with or without a graph through the translator."""
        ...


@dataclass(frozen=True)
class Need:
    """A batch of real images that the loader must bring under `name`, from the space of that name."""

    name: str
    space: str


class Plan(Protocol):
    """Shared by identity: phases that hold the same plan share its subjects in a step."""

    @property
    def needs(self) -> tuple[Need, ...]: ...

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Any]: ...


@dataclass(frozen=True, eq=False)
class Retarget:
    """Each image goes to the labels of other images of its batch.

    c_i = c_source[permutation_i], one permutation for each link of a chain, drawn when asked for; so targets follow the
    joint distribution of labels. shared: one image's label for the whole batch instead, as in the multicyclic author's code.
    """

    space: Space
    translate: Translator = field(kw_only=True)
    discriminate: Critic = field(kw_only=True)
    shared: bool = field(default=False, kw_only=True)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("real", self.space.only),)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        real = batch["real"]

        def route(number: int) -> Domain:
            return relabeled(real, f"target {number}", draws, shared=self.shared)

        return [Journey(real, route, translate=self.translate, discriminate=self.discriminate, draws=draws)]


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

    @property
    def needs(self) -> tuple[Need, ...]:
        return tuple(Need(name, name) for name in self.space.pair)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        first, second = (batch[name] for name in self.space.pair)
        return [self._journey(first, second, draws), self._journey(second, first, draws)]

    def _journey(self, real: Example, other: Example, draws: Draws) -> Journey:
        there = Domain(other.domain.space)
        return Journey(
            real,
            lambda number: real.domain if number % 2 else there,
            translate=self.translate,
            discriminate=self.discriminate,
            draws=draws.within(real.domain.space),
            examples=(other,),
        )
