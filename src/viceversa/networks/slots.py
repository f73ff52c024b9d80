"""Which of a network's weights have a place for each label column, so that a trained one can be given further attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable


class Slots(NamedTuple):
    """Where a weight has a place for each label column: the last ones of a dimension, `each` for one column."""

    dimension: int
    each: int


@runtime_checkable
class Widening(Protocol):
    """A network that says so, by the names of its weights; of those, some may not be there."""

    label_slots: ClassVar[Mapping[str, Slots]]
