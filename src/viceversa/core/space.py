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
    """Return an attribute read from a file. Raises ValueError if it does not have two values."""
    match attribute:
        case OneOf(name, choices) if len(set(choices)) < max(2, len(choices)):
            raise ValueError(f"{name!r} needs two different choices or more")
        case Graded(name, steps, low, high) if not (2 <= steps <= 1000 and low < high and math.isfinite(high - low)):
            raise ValueError(f"{name!r} needs 2 to 1000 steps from a low to a high number")
        case _:
            return attribute


AnyAttribute = Annotated[Binary | OneOf | Graded, Discriminator("kind"), AfterValidator(_sound)]
Side = Annotated[int, Field(gt=0, le=65_536)]
"""Height or width of an image in pixels. A file with a number outside this range is damaged."""


Wish = str | Mapping[str, str | bool | float]
"""Attributes and their values, such as "hair=blond,glasses=yes" or {"hair": "blond", "glasses": True}."""


def as_text(wish: Wish) -> str:
    """Return a wish in the form of the command line: "hair=blond,glasses=yes"."""
    return wish if isinstance(wish, str) else ",".join(f"{name}={value}" for name, value in wish.items())


Takes = Literal["labels", "spaces", "pairs"]
"""Kind of data that a method takes: one space with labels, two spaces of unrelated images, or two spaces of pairs. Images of a
pair have the same id and the same position in each split."""


@dataclass(frozen=True)
class ImageSpec:
    """Pixels of one space: channels, height and width in pixels, background value in [-1, 1], and bits (8 or 16)."""

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
    """What a method must know about its data: the pixels of each named space, and the attributes of a label.

    Args:
        images: pixels of each space.
        attributes: attributes of a label, in the order of its columns.
        known: for several labeled sets, each a space of its own: the names of the attributes that its labels contain. The columns
            of other attributes are 0. With a single set, `known` is empty.
    """

    images: Annotated[Mapping[str, ImageSpec], Field(min_length=1)]
    attributes: tuple[AnyAttribute, ...] = field(default=())
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def in_words(self) -> str:
        """Names of the spaces, and of the attributes if there are any."""
        names = ", ".join(attribute.name for attribute in self.attributes)
        return f"{', '.join(self.images)}: {names}" if names else " <-> ".join(self.images)

    def check_labels(self, method: str) -> None:
        """Raise UsageError if the data has no labels, which the named method needs."""
        if not self.attributes:
            raise UsageError(f"{method} translates between values of attributes, and the data has none.")

    @property
    def label_width(self) -> int:
        return sum(attribute.width for attribute in self.attributes)

    @property
    def code_width(self) -> int:
        """Number of columns of `code`."""
        return self.label_width + len(self.known)

    def code(self, domain: Domain) -> Tensor:
        """Return a target as input for a network: (N, code_width).

        It is the label; among several sets, a one-hot column per set follows, which says whose attributes the label contains (the
        mask vector of arXiv 1711.09020, section 3.3). Raises ValueError for a domain without a label.
        """
        label = label_of(domain)
        if not self.known:
            return label
        mask = [float(name == domain.space) for name in self.known]
        return torch.cat([label, label.new_tensor(mask).expand(label.shape[0], -1)], 1)

    def knows(self, name: str, attribute: Attribute) -> bool:
        """Return whether labels of the named space contain the attribute."""
        return not self.known or attribute.name in self.known[name]

    def part(self, name: str) -> Space:
        """Return the space of one of several sets, with its attributes only."""
        return Space({name: self.images[name]}, tuple(each for each in self.attributes if self.knows(name, each)))

    def widened(self, label: Tensor, name: str) -> Tensor:
        """Return a label of one of several sets in all columns, with 0 for attributes it does not contain: (N, part's) -> (N,
        label_width)."""
        own = {attribute.name: values for attribute, values in self.part(name).columns(label)}
        return torch.cat([own.get(each.name, label.new_zeros(len(label), each.width)) for each in self.attributes], 1)

    def wanted(self, wish: Wish) -> Domain:
        """Return the target domain among several sets for a wish such as `mood=glad`, which names all attributes of one set.
        Raises UsageError otherwise."""
        named = self.parse(wish)
        for name, attributes in self.known.items():
            if set(named) == set(attributes):
                return Domain(name, self.edited(torch.zeros(1, self.label_width), wish))
        choices = "; or ".join(", ".join(attributes) for attributes in self.known.values())
        given = f"you gave {', '.join(named)}" if named else "you gave none"
        raise UsageError(f"give all attributes of one of the data sets in `to`: {choices}; {given}.")

    @property
    def spec(self) -> ImageSpec:
        """Pixels of a method for many domains. Raises UsageError if the sets differ in them, and for spaces without labels."""
        if not self.known:
            return self.images[self.only]
        if len({spec.shape for spec in self.images.values()}) > 1:
            sizes = ", ".join(f"{name} {'x'.join(map(str, spec.shape))}" for name, spec in self.images.items())
            raise UsageError(f"data sets for one generator must have the same channels and size; these have {sizes}.")
        return next(iter(self.images.values()))

    @property
    def only(self) -> str:
        """Name of the only space, for a method for many domains. Raises UsageError if there are several."""
        if len(self.images) != 1:
            several = f"the data has {len(self.images)}: {', '.join(self.images)}"
            raise UsageError(f"this method takes one space of images; {several}. Choose a method for two spaces, as cyclegan.")
        return next(iter(self.images))

    @property
    def pair(self) -> tuple[str, str]:
        """Names of the two spaces of a method between two spaces. Raises UsageError for any other number."""
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
        """Return the name of a space as it is spelled here; Unicode can write "ä" in two ways. Raises UsageError."""
        for known in self.images:
            if composed(known) == composed(name):
                return known
        raise unknown("space", name, self.images)

    def columns(self, label: Tensor) -> Iterator[tuple[Attribute, Tensor]]:
        """Yield each attribute with its columns of a label, or of logits: (N, K) -> (N, width) each."""
        return zip(self.attributes, torch.split(label, [attribute.width for attribute in self.attributes], dim=1), strict=True)

    def columns_of(self, label: Tensor, names: Iterable[str]) -> Tensor:
        """Return the columns of the named attributes, in the order of the names: (N, K) -> (N, their widths)."""
        own = {attribute.name: values for attribute, values in self.columns(label)}
        return torch.cat([own[name] for name in names], 1)

    def classification(self, logits: Tensor, label: Tensor, name: str = "") -> Tensor:
        """Return the classification loss: the sum over the attributes that the named space contains, averaged over the batch.

        Args:
            logits: (N, K).
            label: (N, K).
            name: name of the space among several sets.
        """
        parts = zip(self.columns(logits), self.columns(label), strict=True)
        losses = [
            attribute.classification(scores, values).mean()
            for (attribute, scores), (_, values) in parts
            if self.knows(name, attribute)
        ]
        return torch.stack(losses).sum()

    def read(self, logits: Tensor) -> Tensor:
        """Return the label that the logits predict: (N, K)."""
        return torch.cat([attribute.read(scores) for attribute, scores in self.columns(logits)], 1)

    def agrees(self, label: Tensor, target: Tensor) -> Tensor:
        """Return whether each attribute of `label` equals that of `target`: (N, attributes) Booleans."""
        parts = zip(self.columns(label), self.columns(target), strict=True)
        return torch.stack([attribute.agrees(values, wanted) for (attribute, values), (_, wanted) in parts], 1)

    def invert(self, label: Tensor, generator: Generator) -> Tensor:
        """Return inv(c), the opposite of each attribute (docs/methods.md, Evaluation): (N, K)."""
        return torch.cat([attribute.invert(values, generator) for attribute, values in self.columns(label)], 1)

    def draw(self, count: int, generator: Generator) -> Tensor:
        """Return `count` labels, drawn uniformly for every attribute: (count, K)."""
        return torch.cat([attribute.draw(count, generator) for attribute in self.attributes], 1)

    def attribute(self, name: str) -> Attribute:
        """Return the attribute of that name. Raises UsageError that lists the known ones."""
        for attribute in self.attributes:
            if composed(attribute.name) == composed(name):
                return attribute
        raise unknown("attribute", name, (attribute.name for attribute in self.attributes))

    def parse(self, wish: Wish) -> dict[str, list[float]]:
        """Return the columns of each attribute that a wish names. Raises UsageError for unknown names and values."""
        named: dict[str, list[float]] = {}
        for name, value in _pairs(wish):
            attribute = self.attribute(name)
            if attribute.name in named:
                raise UsageError(f"{attribute.name!r} is named twice in {wish!r}.")
            named[attribute.name] = attribute.parse(value)
        return named

    def edited(self, label: Tensor, wish: Wish) -> Tensor:
        """Return the label (N, K) with the attributes that the wish names set to its values."""
        named = self.parse(wish)
        columns = [
            values.new_tensor(named[attribute.name]).expand_as(values) if attribute.name in named else values
            for attribute, values in self.columns(label)
        ]
        return torch.cat(columns, 1)

    def describe(self, label: Tensor) -> list[str]:
        """Return each row of a label in words, such as `hair=blond,glasses=yes`."""
        columns = [[f"{attribute.name}={word}" for word in attribute.describe(values)] for attribute, values in self.columns(label)]
        return [",".join(words) for words in zip(*columns, strict=True)]


def _pairs(wish: Wish) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a wish as texts. Raises UsageError."""
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
