"""Label slots: which weights of a network belong to label columns, so that a trained network can be extended by attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable


class Slots(NamedTuple):
    """Slots of a weight for the label columns: the last ones of a dimension, `each` per column."""

    dimension: int
    each: int


@runtime_checkable
class Widening(Protocol):
    """Network that declares its label slots, by the names of its weights. Some of the weights may not exist."""

    label_slots: ClassVar[Mapping[str, Slots]]
