"""How images go from domain to domain: among labels, between two spaces, or among several labeled sets.

    routing = routing_of(space)                            once, from the space of the data
    name = routing.departure("", "glasses=yes")            which space an image is of
    here = routing.start(label, "hair=blond")              where it is: its label as read, but for what is told
    there = routing.target(here, "glasses=yes")            where it goes

What a target may be differs from kind to kind, and so do pictures, chains and commands: whoever needs a function for each kind
gives the three to `choose`. No other module asks which kind a space is.
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
    """Of one kind of space. Each method raises UsageError for names and values that the space does not have."""

    @property
    def space(self) -> Space: ...

    @property
    def ends(self) -> tuple[str, str]:
        """The spaces that an evaluation's chains start from and lead to: the same one among labels."""

    @property
    def sets(self) -> Mapping[str, Space]:
        """Of several labeled sets each one alone, by the name of its images; of other kinds nothing."""

    @property
    def described(self) -> bool:
        """Whether an image's label has to be told or read before it is translated."""

    @property
    def takes(self) -> Takes:
        """What data a method of this kind takes."""

    @property
    def question(self) -> Space | None:
        """What a labeller is asked of an image; None where nothing can be asked."""

    @property
    def columns(self) -> Sequence[str]:
        """What a table says of an image: its attributes by name, or its space."""

    @property
    def example_target(self) -> str:
        """A target as a person writes it: "glasses=yes", or the name of the last space."""

    @property
    def example_source(self) -> str:
        """What an image may show: a value of every attribute. Empty where images need no description."""

    def departure(self, source: Wish = "", to: Wish = "") -> str:
        """The space that an image is of: `source`, or the one that is not `to`."""

    def unnamed(self, source: Wish) -> Sequence[str]:
        """The attributes that `source` does not name, which have to be read off an image."""

    def start(self, label: Tensor, source: Wish = "", to: Wish = "") -> Domain:
        """Where images are that show this label (N, K), but for what `source` says."""

    def target(self, here: Domain, to: Wish, strength: float = 1.0) -> Domain:
        """The domain that `to` names, from where images are; part of the way there, or beyond, where labels say how far."""

    def choose(self, *, labels: Choice, spaces: Choice, sets: Choice) -> Choice:
        """The one for this kind."""


def routing_of(space: Space, *, returns: bool = True) -> Routing:
    """The routing of a space. returns: whether the method translates back from the second of two spaces."""
    if space.known:
        return AmongSets(space)
    return AmongLabels(space) if space.attributes else BetweenSpaces(space, returns)


@dataclass(frozen=True)
class AmongLabels:
    """One space of images, whose labels change."""

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
    """Two spaces of images without labels. returns: whether the method translates back from the second."""

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
    """Several labeled sets of images, whose labels tell different attributes (the mask vector of StarGAN)."""

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
    """Raises UsageError for what is no finite number."""
    if not isinstance(strength, int | float) or not math.isfinite(strength):
        raise UsageError(f"`strength={strength!r}`: give a number; 1 applies the full edit.")


def in_words(attributes: Sequence[AnyAttribute]) -> str:
    """A value of each attribute, as in "hair=black,glasses=yes"."""
    return ",".join(f"{attribute.name}={attribute.describe(torch.ones(1, attribute.width))[0]}" for attribute in attributes)
