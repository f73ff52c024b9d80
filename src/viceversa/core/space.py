"""The space of a data set: the pixels of each named set of images, and the attributes that label them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import torch
from pydantic import AfterValidator, Discriminator, Field
from torch import Generator, Tensor

from viceversa.core.attributes import Attribute, Binary, Graded, OneOf, dividing
from viceversa.core.domains import Domain, label_of
from viceversa.core.names import composed
from viceversa.errors import UsageError, unknown


def _sound(attribute: Binary | OneOf | Graded) -> Binary | OneOf | Graded:
    """What is read of a file. Raises ValueError for an attribute without two values."""
    match attribute:
        case OneOf(name, choices) if len(set(choices)) < max(2, len(choices)):
            raise ValueError(f"{name!r} needs two different choices or more")
        case Graded(name, steps, low, high) if not (2 <= steps <= 1000 and low < high and math.isfinite(high - low)):
            raise ValueError(f"{name!r} needs 2 to 1000 steps from a low to a high number")
        case _:
            return attribute


AnyAttribute = Annotated[Binary | OneOf | Graded, Discriminator("kind"), AfterValidator(_sound)]
Side = Annotated[int, Field(gt=0, le=65_536)]
"""Of an image, in pixels; a file that says otherwise is damaged."""


Wish = str | Mapping[str, str | bool | float]
"""Attributes and their values, as in "hair=blond,glasses=yes" or {"hair": "blond", "glasses": True}."""


Takes = Literal["labels", "spaces", "pairs"]
"""What data a method takes: one space with labels, two spaces of images that have nothing to do with each other, or two of pairs:
with the same ids in the same order in each split."""


@dataclass(frozen=True)
class ImageSpec:
    """The pixels of one space: channels, height and width in pixels, the background's value in [-1, 1], bits: 8 or 16."""

    channels: Annotated[int, Field(gt=0, le=65_536)]
    height: Side
    width: Side
    background: Annotated[float, Field(ge=-1, le=1)] = -1.0
    bits: Annotated[int, Field(ge=8, le=16, multiple_of=8)] = 8

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width


@dataclass(frozen=True)
class Space:
    """All that a method must know of its data: the pixels of each named space, and the attributes of a label.

    known: of several labeled sets of images, each with a space of its name: whose labels tell which attributes. The columns of
    the others are 0 there. With one set, which tells all, it is empty.
    """

    images: Annotated[Mapping[str, ImageSpec], Field(min_length=1)]
    attributes: tuple[AnyAttribute, ...] = field(default=())
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def in_words(self) -> str:
        """The spaces, and the attributes of their images, if they have any."""
        names = ", ".join(attribute.name for attribute in self.attributes)
        return f"{', '.join(self.images)}: {names}" if names else " <-> ".join(self.images)

    def check_labels(self, method: str) -> None:
        """Raises UsageError where a method that changes labels finds none."""
        if not self.attributes:
            raise UsageError(f"{method} translates between values of attributes, and the data has none.")

    @property
    def label_width(self) -> int:
        return sum(attribute.width for attribute in self.attributes)

    @property
    def code_width(self) -> int:
        """Columns of `code`."""
        return self.label_width + len(self.known)

    def code(self, domain: Domain) -> Tensor:
        """What a network is told of a target: its label and, among several sets, whose attributes it speaks of, one-hot (the mask
        vector of arXiv 1711.09020, section 3.3): (N, code_width). Raises ValueError for a domain without a label."""
        label = label_of(domain)
        if not self.known:
            return label
        mask = [float(name == domain.space) for name in self.known]
        return torch.cat([label, label.new_tensor(mask).expand(label.shape[0], -1)], 1)

    def knows(self, name: str, attribute: Attribute) -> bool:
        """Whether labels of that space tell the attribute."""
        return not self.known or attribute.name in self.known[name]

    def part(self, name: str) -> Space:
        """Of several sets, one alone with what it tells."""
        return Space({name: self.images[name]}, tuple(each for each in self.attributes if self.knows(name, each)))

    def widened(self, label: Tensor, name: str) -> Tensor:
        """A label of one of several sets, with columns of 0 for what it does not tell: (N, part's) -> (N, label_width)."""
        own = {attribute.name: values for attribute, values in self.part(name).columns(label)}
        return torch.cat([own.get(each.name, label.new_zeros(len(label), each.width)) for each in self.attributes], 1)

    def wanted(self, wish: Wish) -> Domain:
        """Among several sets, where a wish as `mood=glad` leads: all attributes of one set. Raises UsageError for others."""
        named = self.parse(wish)
        for name, attributes in self.known.items():
            if set(named) == set(attributes):
                return Domain(name, self.edited(torch.zeros(1, self.label_width), wish))
        choices = "; or ".join(", ".join(attributes) for attributes in self.known.values())
        given = f"you gave {', '.join(named)}" if named else "you gave none"
        raise UsageError(f"give all attributes of one of the data sets in `to`: {choices}; {given}.")

    @property
    def spec(self) -> ImageSpec:
        """The pixels of a method for many domains. Raises UsageError where sets of images differ in them, and for spaces without
        labels."""
        if not self.known:
            return self.images[self.only]
        if len({spec.shape for spec in self.images.values()}) > 1:
            sizes = ", ".join(f"{name} {'x'.join(map(str, spec.shape))}" for name, spec in self.images.items())
            raise UsageError(f"data sets for one generator must have the same channels and size; these have {sizes}.")
        return next(iter(self.images.values()))

    @property
    def only(self) -> str:
        """The name of the one space of a method for many domains. Raises UsageError if there are several."""
        if len(self.images) != 1:
            several = f"the data has {len(self.images)}: {', '.join(self.images)}"
            raise UsageError(f"this method takes one space of images; {several}. Choose a method for two spaces, as cyclegan.")
        return next(iter(self.images))

    @property
    def pair(self) -> tuple[str, str]:
        """The names of the two spaces of a method between two. Raises UsageError for any other number."""
        if len(self.images) != 2:
            by = dividing(self.attributes)
            remedy = (
                f"Divide it by an attribute, as in DATA:{by}" if by and len(self.images) == 1 else "Give one folder for each space"
            )
            found = f"the data has {len(self.images)}: {', '.join(self.images)}"
            raise UsageError(f"this method takes two spaces of images; {found}. {remedy}.")
        first, second = self.images
        return first, second

    def called(self, name: str) -> str:
        """Return the space of that name as it is spelled here: Unicode has two ways to write "ä". Raises UsageError."""
        for known in self.images:
            if composed(known) == composed(name):
                return known
        raise unknown("space", name, self.images)

    def columns(self, label: Tensor) -> Iterator[tuple[Attribute, Tensor]]:
        """Each attribute with its columns of a label, or of logits: (N, K) -> (N, width) each."""
        return zip(self.attributes, torch.split(label, [attribute.width for attribute in self.attributes], dim=1), strict=True)

    def columns_of(self, label: Tensor, names: Iterable[str]) -> Tensor:
        """The columns of the attributes of these names, in their order: (N, K) -> (N, theirs)."""
        own = {attribute.name: values for attribute, values in self.columns(label)}
        return torch.cat([own[name] for name in names], 1)

    def classification(self, logits: Tensor, label: Tensor, name: str = "") -> Tensor:
        """Summed over the attributes that the space of that name tells, averaged over the batch: a scalar."""
        parts = zip(self.columns(logits), self.columns(label), strict=True)
        losses = [
            attribute.classification(scores, values).mean()
            for (attribute, scores), (_, values) in parts
            if self.knows(name, attribute)
        ]
        return torch.stack(losses).sum()

    def read(self, logits: Tensor) -> Tensor:
        """The label that the logits say: (N, K)."""
        return torch.cat([attribute.read(scores) for attribute, scores in self.columns(logits)], 1)

    def agrees(self, label: Tensor, target: Tensor) -> Tensor:
        """(N, attributes) Booleans: which attributes of `label` are those of `target`."""
        parts = zip(self.columns(label), self.columns(target), strict=True)
        return torch.stack([attribute.agrees(values, wanted) for (attribute, values), (_, wanted) in parts], 1)

    def invert(self, label: Tensor, generator: Generator) -> Tensor:
        """inv(c), attribute by attribute (docs/methods.md, Evaluation): (N, K)."""
        return torch.cat([attribute.invert(values, generator) for attribute, values in self.columns(label)], 1)

    def draw(self, count: int, generator: Generator) -> Tensor:
        """`count` labels, uniform in every attribute: (count, K)."""
        return torch.cat([attribute.draw(count, generator) for attribute in self.attributes], 1)

    def attribute(self, name: str) -> Attribute:
        """The attribute of that name. Raises UsageError that lists the known ones."""
        for attribute in self.attributes:
            if composed(attribute.name) == composed(name):
                return attribute
        raise unknown("attribute", name, (attribute.name for attribute in self.attributes))

    def parse(self, wish: Wish) -> dict[str, list[float]]:
        """A wish -> the columns of each attribute it names. Raises UsageError for what is unknown."""
        named: dict[str, list[float]] = {}
        for name, value in _pairs(wish):
            attribute = self.attribute(name)
            if attribute.name in named:
                raise UsageError(f"{attribute.name!r} is named twice in {wish!r}.")
            named[attribute.name] = attribute.parse(value)
        return named

    def edited(self, label: Tensor, wish: Wish) -> Tensor:
        """`label` (N, K) with the attributes that the wish names set: (N, K)."""
        named = self.parse(wish)
        columns = [
            values.new_tensor(named[attribute.name]).expand_as(values) if attribute.name in named else values
            for attribute, values in self.columns(label)
        ]
        return torch.cat(columns, 1)

    def describe(self, label: Tensor) -> list[str]:
        """Each row of a label in words: `hair=blond,glasses=yes,...`."""
        columns = [[f"{attribute.name}={word}" for word in attribute.describe(values)] for attribute, values in self.columns(label)]
        return [",".join(words) for words in zip(*columns, strict=True)]


def _pairs(wish: Wish) -> Iterator[tuple[str, str]]:
    """Names and values, as texts. Raises UsageError."""
    if isinstance(wish, Mapping):
        yield from ((name, ("no", "yes")[value] if isinstance(value, bool) else str(value)) for name, value in wish.items())
        return
    if not isinstance(wish, str):
        raise UsageError(f"{wish!r} names no attributes: write them as in 'hair=blond,glasses=yes' or {{'glasses': 'yes'}}.")
    for part in filter(None, (piece.strip() for piece in wish.split(","))):
        name, equals, value = part.partition("=")
        if not equals:
            hint = " Decimals have a point." if part.isdecimal() else ""
            raise UsageError(f"{part!r} is not of the form attribute=value.{hint}")
        yield name.strip(), value.strip()
