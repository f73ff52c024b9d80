"""Two spaces from an attribute of labeled images; see data/divided_by_attribute.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.space import AnyAttribute, Space
from viceversa.data.files.tables import Table
from viceversa.errors import UsageError, quoted


@dataclass(frozen=True)
class Sides:
    """The two spaces, and the values of the attribute in them; the first one's is "" where it is any of several."""

    attribute: AnyAttribute
    spaces: tuple[str, str]
    values: tuple[str, str]

    def which(self, space: Space, labels: Tensor) -> Tensor:
        """Whether images with these labels (N, K) are in the second space: (N,) Booleans."""
        columns = space.columns_of(labels, [self.attribute.name])
        return self.attribute.agrees(columns, torch.tensor(self.attribute.parse(self.values[1])).expand_as(columns))


def sides(attributes: Sequence[AnyAttribute], asked: str, name: str) -> Sides:
    """The spaces that `ATTRIBUTE` or `ATTRIBUTE=VALUE` asks for, of the data set of that name.

    Raises UsageError for an attribute or a value that it does not have, for a graded attribute, and for one of several choices of
    which none is named.
    """
    title, _, value = asked.partition("=")
    attribute = Space({}, tuple(attributes)).attribute(title)
    match attribute:
        case Binary():
            spaces, values = (f"not-{attribute.name}", attribute.name), ("no", "yes")
            return Sides(
                attribute, *((spaces[::-1], values[::-1]) if value and attribute.parse(value) == [0] else (spaces, values))
            )
        case OneOf(choices=(one, other)):
            values = (other, one) if value and attribute.parse(value) == attribute.parse(one) else (one, other)
            return Sides(attribute, values, values)
        case OneOf() if value:
            (chosen,) = attribute.describe(torch.tensor([attribute.parse(value)]))
            return Sides(attribute, (f"not-{chosen}", chosen), ("", chosen))
        case OneOf(choices=choices):
            raise UsageError(
                f"{quoted(title)} of {name} is one of {', '.join(map(quoted, choices))}: name one, as in {title}={choices[0]}."
            )
        case _:
            assert isinstance(attribute, Graded)
            raise UsageError(
                f"{quoted(title)} of {name} is a number, {attribute.low:g} to {attribute.high:g}, and two spaces need a yes or no: "
                "name another attribute, or add one to the data that says on which side an image is."
            )


def check_sides(second: Tensor, found: Sides, name: str) -> None:
    """Raises UsageError where all images are in one of the spaces."""
    for inside, value in ((second, found.values[1]), (~second, found.values[0] or f"not {found.values[1]}")):
        if inside.all():
            raise UsageError(
                f"all {len(second)} images of {name} have {found.attribute.name}={value}, and two spaces need images with and "
                "without it: name another attribute."
            )


def divided_table(table: Table, asked: str, name: str) -> Table:
    """The table with the column `space` in place of its attributes. Raises UsageError as `sides`, and where a space is empty."""
    found = sides(table.attributes, asked, name)
    second = found.which(Space({}, table.attributes), table.labels)
    check_sides(second, found, name)
    order = torch.argsort(
        second.int(), stable=True
    ).tolist()  # the first space's rows come first: a table's spaces are in that order
    return replace(
        table,
        files=tuple(table.files[row] for row in order),
        splits=tuple(table.splits[row] for row in order),
        attributes=(),
        labels=torch.empty(len(order), 0),
        spaces=tuple(found.spaces[int(second[row])] for row in order),
        scenes=None if table.scenes is None else tuple(table.scenes[row] for row in order),
    )
