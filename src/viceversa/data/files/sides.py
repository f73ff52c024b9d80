"""Two spaces from an attribute of labeled images; see data/divided_by_attribute.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from viceversa.core.attributes import Attribute, Binary, Graded, OneOf
from viceversa.core.space import AnyAttribute, Space
from viceversa.data.files.tables import Table
from viceversa.errors import UsageError, quoted


@dataclass(frozen=True)
class Sides:
    """The two spaces, and the attribute's value in each. Images with neither value are left out.

    Args:
        attribute: the attribute.
        spaces: names of the spaces.
        values: values of the attribute; the first is "" if it stands for several.
    """

    attribute: AnyAttribute
    spaces: tuple[str, str]
    values: tuple[str, str]

    def members(self, space: Space, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return whether images with these labels (N, K) are in the first and in the second space: (N,) Booleans each."""
        columns = space.columns_of(labels, [self.attribute.name])
        if isinstance(self.attribute, Graded):
            low, high = (self.attribute.parse(value)[0] for value in self.values)
            sign = 1 if low < high else -1
            return (sign * (columns - low) <= 1e-6)[:, 0], (sign * (columns - high) >= -1e-6)[:, 0]
        has = [
            self.attribute.agrees(columns, torch.tensor(self.attribute.parse(value)).expand_as(columns)) if value else None
            for value in self.values
        ]
        assert has[1] is not None
        return (~has[1] if has[0] is None else has[0]), has[1]


def sides(attributes: Sequence[AnyAttribute], asked: str, name: str) -> Sides:
    """Return the spaces for `ATTRIBUTE`, `ATTRIBUTE=VALUE` or `ATTRIBUTE=VALUE,VALUE`.

    Args:
        attributes: attributes of the data set.
        asked: the text.
        name: name of the data set, for messages.

    Raises:
        UsageError: For an unknown attribute or value, for a graded attribute without two values, and for one of several choices if
            none is named.
    """
    title, _, value = asked.partition("=")
    attribute = Space({}, tuple(attributes)).attribute(title)
    if "," in value:
        return _between(attribute, value)
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
                f"{quoted(title)} of {name} is a number, {attribute.low:g} to {attribute.high:g}, and two spaces need two values: "
                f"name them, as in {title}={attribute.low:g},{attribute.high:g}."
            )


def _between(attribute: Attribute, values: str) -> Sides:
    """Return a space for each of two values. For a graded attribute: images up to one value, and from the other on."""
    first, second = asked = [value.strip() for value in values.split(",")] if values.count(",") == 1 else ["", ""]
    if not all(asked) or attribute.parse(first) == attribute.parse(second):
        raise UsageError(f"two spaces need two different values: {attribute.name}={values} does not name these.")
    if isinstance(attribute, OneOf):
        first, second = (attribute.describe(torch.tensor([attribute.parse(value)]))[0] for value in asked)
        return Sides(attribute, (first, second), (first, second))
    assert isinstance(attribute, Binary | Graded)
    spaces = [f"{attribute.name}-{value}".replace(".", "_") for value in asked]  # the name of a network cannot contain a dot
    return Sides(attribute, (spaces[0], spaces[1]), (first, second))


def check_sides(members: tuple[Tensor, Tensor], found: Sides, name: str) -> None:
    """Raise UsageError if one of the spaces has no images."""
    values = [(inside, found.values[number] or f"not {found.values[1]}") for number, inside in enumerate(members)]
    for inside, value in values:
        if inside.all():
            raise UsageError(
                f"all {len(inside)} images of {name} have {found.attribute.name}={value}, and two spaces need images with and "
                "without it: name another attribute."
            )
    for inside, value in values:
        if not inside.any():
            bound = " or beyond" if isinstance(found.attribute, Graded) else ""
            raise UsageError(f"no image of {name} has {found.attribute.name}={value}{bound}: name another value.")


def divided_table(table: Table, asked: str, name: str) -> Table:
    """Return the table with a column `space` instead of its attributes. Raises UsageError as `sides`, and if a space is empty."""
    found = sides(table.attributes, asked, name)
    members = found.members(Space({}, table.attributes), table.labels)
    check_sides(members, found, name)
    rows = [inside.nonzero()[:, 0].tolist() for inside in members]
    order = [*rows[0], *rows[1]]  # the first space's rows come first: a table's spaces are in that order
    return replace(
        table,
        files=tuple(table.files[row] for row in order),
        splits=tuple(table.splits[row] for row in order),
        attributes=(),
        labels=torch.empty(len(order), 0),
        spaces=tuple(space for space, own in zip(found.spaces, rows, strict=True) for _ in own),
        scenes=None if table.scenes is None else tuple(table.scenes[row] for row in order),
    )
