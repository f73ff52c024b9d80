"""Attributes: what a label says about an image, and everything that depends on an attribute's kind.

A label is a row of floats; each attribute owns `width` neighboring columns of it. An attribute defines its classification loss,
how logits become values, its inverse for the evaluation, a uniform draw, and how the value in `hair=blond` is parsed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from viceversa.core.names import composed
from viceversa.errors import UsageError, unknown

_WORDS = {"yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "on": 1.0, "off": 0.0}


class Attribute(Protocol):
    """One attribute of a label. `columns` are its values (N, width); `logits` are the raw scores (N, width) of a classifier."""

    @property
    def name(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def values(self) -> tuple[str, ...]:
        """Values that a user may write after `name=`."""
        ...

    def parse(self, text: str) -> list[float]:
        """Return the columns of one value, as in `hair=blond`. Raises UsageError that lists the known values."""
        ...

    def describe(self, columns: Tensor) -> list[str]:
        """Return the columns (N, width) in words, one text per row."""
        ...

    def classification(self, logits: Tensor, columns: Tensor) -> Tensor:
        """Return the loss of `logits` against `columns` for each image: (N,)."""
        ...

    def read(self, logits: Tensor) -> Tensor:
        """Return the columns (N, width) that the logits predict."""
        ...

    def agrees(self, columns: Tensor, target: Tensor) -> Tensor:
        """Return whether the columns equal the target's, as one Boolean per image: (N,)."""
        ...

    def invert(self, columns: Tensor, generator: Generator) -> Tensor:
        """Return the opposite value, for the evaluation (docs/methods.md, Evaluation)."""
        ...

    def draw(self, count: int, generator: Generator) -> Tensor:
        """Return `count` uniformly drawn values: (count, width)."""
        ...


@dataclass(frozen=True)
class Binary:
    """Yes or no, as 0 or 1 in one column. Its loss is binary cross-entropy on the logit."""

    name: str
    kind: Literal["binary"] = "binary"

    @property
    def width(self) -> int:
        return 1

    @property
    def values(self) -> tuple[str, ...]:
        return ("yes", "no")

    def parse(self, text: str) -> list[float]:
        if text.lower() not in _WORDS:
            raise unknown(f"value of {self.name}", text, self.values)
        return [_WORDS[text.lower()]]

    def describe(self, columns: Tensor) -> list[str]:
        return ["yes" if value >= 0.5 else "no" for value in columns[:, 0].tolist()]

    def classification(self, logits: Tensor, columns: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, columns, reduction="none")[:, 0]

    def read(self, logits: Tensor) -> Tensor:
        return (logits >= 0).to(logits.dtype)

    def agrees(self, columns: Tensor, target: Tensor) -> Tensor:
        return ((columns >= 0.5) == (target >= 0.5))[:, 0]

    def invert(self, columns: Tensor, generator: Generator) -> Tensor:
        return 1 - columns

    def draw(self, count: int, generator: Generator) -> Tensor:
        return torch.randint(2, (count, 1), generator=generator).float()


@dataclass(frozen=True)
class OneOf:
    """Exactly one of several named choices, one-hot. Its loss is softmax cross-entropy; its inverse is a uniformly drawn choice."""

    name: str
    choices: tuple[str, ...]
    kind: Literal["one-of"] = "one-of"

    @property
    def width(self) -> int:
        return len(self.choices)

    @property
    def values(self) -> tuple[str, ...]:
        return self.choices

    def parse(self, text: str) -> list[float]:
        found = [float(composed(choice) == composed(text)) for choice in self.choices]
        if 1 not in found:
            raise unknown(f"value of {self.name}", text, self.choices)
        return found

    def describe(self, columns: Tensor) -> list[str]:
        return [self.choices[index] for index in columns.argmax(1).tolist()]

    def classification(self, logits: Tensor, columns: Tensor) -> Tensor:
        return F.cross_entropy(logits, columns, reduction="none")

    def read(self, logits: Tensor) -> Tensor:
        return F.one_hot(logits.argmax(1), self.width).to(logits.dtype)

    def agrees(self, columns: Tensor, target: Tensor) -> Tensor:
        return columns.argmax(1) == target.argmax(1)

    def invert(self, columns: Tensor, generator: Generator) -> Tensor:
        return self.draw(len(columns), generator).to(columns)

    def draw(self, count: int, generator: Generator) -> Tensor:
        return F.one_hot(torch.randint(self.width, (count,), generator=generator), self.width).float()


@dataclass(frozen=True)
class Graded:
    """A number from 0 to 1 in one column, such as an age.

    Its loss is binary cross-entropy with the number as soft target, which is smallest where sigmoid(logit) equals the number. A
    value is right within 0.25 of its target. The inverse of v is 1 - v.

    Args:
        steps: how many different values a uniform draw can give: 0, ..., 1.
        low, high: numbers that 0 and 1 stand for, in which users write and read the value, as in `age=45`.
    """

    name: str
    steps: int = 5
    low: float = 0.0
    high: float = 1.0
    kind: Literal["graded"] = "graded"

    @property
    def width(self) -> int:
        return 1

    @property
    def values(self) -> tuple[str, ...]:
        return (f"a number from {self.low:g} to {self.high:g}",)

    def parse(self, text: str) -> list[float]:
        try:
            value = float(text)
        except ValueError:
            raise UsageError(f"{self.name}={text!r} is not {self.values[0]}.") from None
        if not self.low <= value <= self.high:
            raise UsageError(f"{self.name}={text} lies outside {self.low:g} to {self.high:g}.")
        return [(value - self.low) / (self.high - self.low)]

    def describe(self, columns: Tensor) -> list[str]:
        span = self.high - self.low
        digits = max(2 - math.ceil(math.log10(span)), 0)  # 2 for a span of 1: a hundredth of the span is visible
        form = f".{digits}f" if 1e-6 < span < 1e9 else ".6g"
        return [f"{self.low + span * value:{form}}" for value in columns[:, 0].tolist()]

    def classification(self, logits: Tensor, columns: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, columns, reduction="none")[:, 0]

    def read(self, logits: Tensor) -> Tensor:
        return logits.sigmoid()

    def agrees(self, columns: Tensor, target: Tensor) -> Tensor:
        return ((columns - target).abs() <= 0.25 + 1e-6)[:, 0]

    def invert(self, columns: Tensor, generator: Generator) -> Tensor:
        return 1 - columns

    def draw(self, count: int, generator: Generator) -> Tensor:
        return torch.randint(self.steps, (count, 1), generator=generator).float() / (self.steps - 1)


def dividing(attributes: Iterable[Attribute]) -> str:
    """Return the first attribute that can divide images into two spaces, as written in `DATA:...`: `glasses` or `hair=blond`.
    Return "" if there is none."""
    for attribute in attributes:
        match attribute:
            case Binary() | OneOf(choices=(_, _)):
                return attribute.name
            case OneOf(choices=choices):
                return f"{attribute.name}={choices[0]}"
    return ""
