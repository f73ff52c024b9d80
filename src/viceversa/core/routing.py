"""Routing: the source and target domains of a translation, for each of the three kinds of space.

    routing = routing_of(space)                            once, from the space of the data
    name = routing.departure("", "glasses=yes")            name of the source space
    here = routing.start(label, "hair=blond")              source domain: the label that was read, with hair=blond
    there = routing.target(here, "glasses=yes")            target domain

The kinds are: one space with labels, two spaces without labels, and several labeled sets. No other module distinguishes them. Code
that needs a different function for each kind passes the three functions to `choose`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from viceversa.core.attributes import OneOf
from viceversa.core.domains import Domain
from viceversa.core.space import AnyAttribute, Space, Takes, Wish
from viceversa.errors import UsageError

Choice = TypeVar("Choice")


class Routing(Protocol):
    """Routing in one kind of space. Methods raise UsageError for names and values that the space does not have."""

    @property
    def space(self) -> Space: ...

    @property
    def ends(self) -> tuple[str, str]:
        """Source and target space of an evaluation; equal if images have labels."""

    @property
    def sets(self) -> Mapping[str, Space]:
        """The space of each labeled set by its name; empty for the other kinds."""

    @property
    def described(self) -> bool:
        """Whether a translation needs the label of its source image."""

    @property
    def takes(self) -> Takes:
        """Kind of data that a method for this space takes."""

    @property
    def question(self) -> Space | None:
        """Attributes that a labeller predicts; None if it has nothing to predict."""

    @property
    def columns(self) -> Sequence[str]:
        """Column names of a table of targets: the attributes, or the space."""

    @property
    def example_target(self) -> str:
        """Example of a target: "glasses=yes", or the name of the last space."""

    @property
    def example_source(self) -> str:
        """Example of a source: a value of every attribute. Empty if no label is needed."""

    def departure(self, source: Wish = "", to: Wish = "") -> str:
        """Return the name of the source space: `source`, or the space that is not `to`."""

    def unnamed(self, source: Wish) -> Sequence[str]:
        """Return the attributes that `source` does not name, so that a labeller must predict them."""

    def start(self, label: Tensor, source: Wish = "", to: Wish = "") -> Domain:
        """Return the source domain of images with this label (N, K), changed to what `source` says."""

    def target(self, here: Domain, to: Wish, strength: float = 1.0) -> Domain:
        """Return the target domain that `to` names. strength: share of the change of the label; 1 is all of it."""

    def choose(self, *, labels: Choice, spaces: Choice, sets: Choice) -> Choice:
        """Return the argument for this kind of space."""


def routing_of(space: Space, *, returns: bool = True) -> Routing:
    """Return the routing of a space. returns: whether the method also translates from the second of two spaces to the first."""
    if space.known:
        return AmongSets(space)
    return AmongLabels(space) if space.attributes else BetweenSpaces(space, returns)


@dataclass(frozen=True)
class AmongLabels:
    """Routing of one space with labels."""

    space: Space

    @property
    def ends(self) -> tuple[str, str]:
        return self.space.only, self.space.only

    @property
    def sets(self) -> Mapping[str, Space]:
        return {}

    @property
    def described(self) -> bool:
        return True

    @property
    def takes(self) -> Takes:
        return "labels"

    @property
    def question(self) -> Space | None:
        return self.space

    @property
    def columns(self) -> Sequence[str]:
        return [attribute.name for attribute in self.space.attributes]

    @property
    def example_target(self) -> str:
        return in_words(self.space.attributes[:1])

    @property
    def example_source(self) -> str:
        return in_words(self.space.attributes)

    def departure(self, source: Wish = "", to: Wish = "") -> str:
        return self.space.only

    def unnamed(self, source: Wish) -> Sequence[str]:
        named = self.space.parse(source)
        return [attribute.name for attribute in self.space.attributes if attribute.name not in named]

    def start(self, label: Tensor, source: Wish = "", to: Wish = "") -> Domain:
        return Domain(self.space.only, self.space.edited(label, source))

    def target(self, here: Domain, to: Wish, strength: float = 1.0) -> Domain:
        check_strength(strength)
        if here.label is None or not to:
            attribute = self.space.attributes[0]
            example = f"{attribute.name}={attribute.values[0]}"
            raise UsageError(f"say what to change, as in `to={example!r}`.")
        return Domain(self.space.only, here.label + strength * (self.space.edited(here.label, to) - here.label))

    def choose(self, *, labels: Choice, spaces: Choice, sets: Choice) -> Choice:
        return labels


@dataclass(frozen=True)
class BetweenSpaces:
    """Routing of two spaces without labels. returns: whether the method also translates from the second to the first."""

    space: Space
    returns: bool = True

    @property
    def ends(self) -> tuple[str, str]:
        return self.space.pair

    @property
    def sets(self) -> Mapping[str, Space]:
        return {}

    @property
    def described(self) -> bool:
        return False

    @property
    def takes(self) -> Takes:
        return "spaces"

    @property
    def question(self) -> Space | None:
        images = self.space.images
        shapes = {spec.shape for spec in images.values()}
        return Space(images, (OneOf("space", tuple(images)),)) if len(shapes) == 1 else None

    @property
    def columns(self) -> Sequence[str]:
        return ["space"]

    @property
    def example_target(self) -> str:
        return list(self.space.images)[-1]

    @property
    def example_source(self) -> str:
        return ""

    def departure(self, source: Wish = "", to: Wish = "") -> str:
        if source:
            return self._named(source)
        there = self._named(to) if to else ""
        return next(name for name in self.space.images if name != there)

    def unnamed(self, source: Wish) -> Sequence[str]:
        return []

    def start(self, label: Tensor, source: Wish = "", to: Wish = "") -> Domain:
        return Domain(self.departure(source, to))

    def target(self, here: Domain, to: Wish, strength: float = 1.0) -> Domain:
        check_strength(strength)
        there = self._named(to) if to else next(name for name in self.space.images if name != here.space)
        if there == here.space:
            others = " or ".join(f"`to={name!r}`" for name in self.space.images if name != there)
            raise UsageError(f"the image is of {there!r} already: give {others}.")
        if not self.returns and there != self.space.pair[1]:
            raise UsageError(f"this method translates from {self.space.pair[0]!r} to {self.space.pair[1]!r} only.")
        return Domain(there)

    def choose(self, *, labels: Choice, spaces: Choice, sets: Choice) -> Choice:
        return spaces

    def _named(self, name: Wish) -> str:
        if not isinstance(name, str):
            raise UsageError(f"{name!r} names no space: this run translates between {' and '.join(self.space.images)}.")
        return self.space.called(name)


@dataclass(frozen=True)
class AmongSets:
    """Routing of several labeled sets with different attributes (StarGAN's mask vector)."""

    space: Space

    @property
    def ends(self) -> tuple[str, str]:
        raise UsageError(f"{', '.join(self.space.known)} are several labeled data sets: choose one of them with `data`.")

    @property
    def sets(self) -> Mapping[str, Space]:
        return {name: self.space.part(name) for name in self.space.known}

    @property
    def described(self) -> bool:
        return False

    @property
    def takes(self) -> Takes:
        return "labels"

    @property
    def question(self) -> Space | None:
        return None

    @property
    def columns(self) -> Sequence[str]:
        return [attribute.name for attribute in self.space.attributes]

    @property
    def example_target(self) -> str:
        return in_words(self.space.part(self.departure()).attributes)

    @property
    def example_source(self) -> str:
        return ""

    def departure(self, source: Wish = "", to: Wish = "") -> str:
        return next(iter(self.space.images))

    def unnamed(self, source: Wish) -> Sequence[str]:
        self.space.parse(source)
        return []

    def start(self, label: Tensor, source: Wish = "", to: Wish = "") -> Domain:
        return Domain(self.departure(), label)

    def target(self, here: Domain, to: Wish, strength: float = 1.0) -> Domain:
        check_strength(strength)
        return self.space.wanted(to)

    def choose(self, *, labels: Choice, spaces: Choice, sets: Choice) -> Choice:
        return sets


def check_strength(strength: float) -> None:
    """Raise UsageError if the strength is not a finite number."""
    if not isinstance(strength, int | float) or not math.isfinite(strength):
        raise UsageError(f"`strength={strength!r}`: give a number; 1 applies the full edit.")


def in_words(attributes: Sequence[AnyAttribute]) -> str:
    """Return a value of each attribute, such as "hair=black,glasses=yes"."""
    return ",".join(f"{attribute.name}={attribute.describe(torch.ones(1, attribute.width))[0]}" for attribute in attributes)
