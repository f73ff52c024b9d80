"""Meaning of the columns of an attribute table: inferred from their cells, or given by schema.json next to the table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.names import composed
from viceversa.core.space import AnyAttribute
from viceversa.data.files.number_formats import check_separators, looks_like_number, number, zeros_apart
from viceversa.errors import UsageError, printable, quoted, unknown

MOST_CHOICES = 20
STEPS = 5

Composed = Annotated[str, AfterValidator(composed)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Meaning: TypeAlias = Mapping[str, list[float]]
"""Columns of a label for each cell."""

_MISSING = frozenset({"", "-", "\N{EN DASH}", "nan", "na", "n/a", "#n/a", "<na>", "null"})
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_SETTINGS = {"choices": "one-of", "low": "graded", "high": "graded", "steps": "graded"}


class TableColumn(BaseModel):
    """Meaning of one column in schema.json; what is not given is inferred from the cells.

    Args:
        kind: kind of the attribute, or ignore.
        name: name of the attribute, by default the column's title.
        choices: choices of one-of, in order; a mapping renames or merges words of the table.
        low, high: numbers that 0 and 1 of a graded attribute stand for.
        steps: number of grades that are drawn.
        drop_empty: whether to leave out rows without a value; otherwise they are an error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["binary", "one-of", "graded", "ignore"] | None = None
    name: Composed | None = None
    choices: tuple[Composed, ...] | dict[Composed, Composed] | None = None
    low: Finite | None = None
    high: Finite | None = None
    steps: int | None = Field(None, ge=2, le=1000)
    drop_empty: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> TableColumn:
        for setting in sorted(self.model_fields_set & _SETTINGS.keys()):
            if self.kind != _SETTINGS[setting]:
                raise ValueError(f'"{setting}" needs "kind": "{_SETTINGS[setting]}"')
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f'"low" must be less than "high", not {self.low:g} and {self.high:g}')
        return self


def in_json(title: str) -> str:
    """Return the title as it is written in schema.json, on one line."""
    return json.dumps(title, ensure_ascii=not title.isprintable())


def read_schema(table: Path, titles: Sequence[str]) -> dict[str, TableColumn]:
    """Return the meaning of every title, from the table's own .json file or from schema.json. Raises UsageError if a meaning is
    not possible."""
    path = next((path for path in (table.with_suffix(".json"), table.with_name("schema.json")) if path.is_file()), None)
    if path is None:
        return dict.fromkeys(titles, TableColumn())
    where = quoted(str(path))
    try:
        schema = TypeAdapter(dict[Composed, TableColumn]).validate_json(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {where}: {error}.") from None
    except ValidationError as error:
        raise _clear(error, where) from None
    for title in schema:
        if title not in map(composed, titles):
            raise unknown(f"column in {where}:", title, map(printable, titles))
    return {title: schema.get(composed(title), TableColumn()) for title in titles}


def _clear(error: ValidationError, where: str) -> UsageError:
    """Return the first of pydantic's errors, in one line."""
    first = error.errors(include_url=False)[0]
    place = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return unknown(f"key of column {quoted(place[0])} in {where}:", place[-1], TableColumn.model_fields)
    reason = first["msg"].removeprefix("Value error, ")
    return UsageError(f"{where}: {': '.join(map(printable, place)) + ': ' if place else ''}{reason}.")


def is_missing(cell: str, said: TableColumn | None = None) -> bool:
    """Return whether a cell means no value: it is empty, -, NaN, NA, N/A or null, and is not a choice in schema.json."""
    choices = () if said is None or said.choices is None else said.choices
    return cell.casefold() in _MISSING and cell not in choices


def read_column(
    title: str, cells: Mapping[str, int], said: TableColumn, *, decimal_comma: bool = False
) -> tuple[AnyAttribute, Meaning]:
    """Return the attribute of a column, and the meaning of each cell.

    Args:
        title: title of the column.
        cells: different cells, each with its first row.
        said: meaning of the column in schema.json.
        decimal_comma: whether commas in numbers are known to be decimal.

    Raises:
        UsageError: If a cell is not possible. It names the column, value and row.
    """
    name = composed(title if said.name is None else said.name)
    present = _with_values(title, cells, said)
    if not _usable(name):
        remedy = f'{{{in_json(title)}: {{"name": "..."}}}}'
        raise UsageError(
            f"the attribute name {quoted(name)} cannot be written as name=value,...: rename it in schema.json: {remedy}."
        )
    attribute: AnyAttribute
    match said.kind or _kind(title, present, decimal_comma=decimal_comma):
        case "binary":
            attribute, meaning = Binary(name), _binary(title, present)
        case "graded":
            check_separators(title, present, decimal_comma=decimal_comma)
            span, meaning = _graded(title, present, said)
            different = len({value for (value,) in meaning.values()})
            attribute = Graded(name, said.steps or (different if different <= MOST_CHOICES else STEPS), *span)
        case _:
            choices, meaning = _one_of(title, present, said)
            attribute = OneOf(name, choices)
    if len({tuple(columns) for columns in meaning.values()}) < 2:
        raise UsageError(
            f"column {quoted(title)} has the same value in every row, {quoted(next(iter(cells)))}: {_ignoring(title)}."
        )
    return attribute, {cell: meaning[cell if cell in meaning else ""] for cell in cells}


def _with_values(title: str, cells: Mapping[str, int], said: TableColumn) -> dict[str, int]:
    """Return the cells with a value. If the empty cell is a choice, all cells that mean no value are merged into it.

    Raises UsageError for a missing value that is not a choice.
    """
    present = {cell: row for cell, row in cells.items() if not is_missing(cell, said)}
    absent = next((cell for cell in cells if cell not in present), None)
    if absent is None:
        return present
    if "" in (said.choices or ()):
        return {**present, "": present.get("", cells[absent])}
    what = f"has no value, but {quoted(absent)}" if absent else "is empty"
    leave = f'{{{in_json(title)}: {{"drop_empty": true}}}}'
    named = f'; or name {quoted(absent)} among its "choices" there' if absent else ""
    raise UsageError(
        f"row {cells[absent]}: column {quoted(title)} {what}: fill it in, or skip such rows in schema.json: {leave}{named}."
    )


def _usable(name: str) -> bool:
    """Return whether a name can be written on the command line, as in `name=value,name=value`."""
    return bool(name) and name == name.strip() and name.isprintable() and "=" not in name and "," not in name


def _ignoring(title: str) -> str:
    return f'remove it, or say {{{in_json(title)}: {{"kind": "ignore"}}}} in schema.json'


def _kind(title: str, cells: Mapping[str, int], *, decimal_comma: bool) -> str:
    """Return binary, one-of or graded, inferred from the cells."""
    if all(map(looks_like_number, cells)):
        check_separators(title, cells, decimal_comma=decimal_comma)
        values = {number(cell) for cell in cells}
        return "binary" if values <= {0, 1} or values <= {-1, 1} else "graded"
    numbers = [cell for cell in cells if number(cell) is not None]
    if numbers:
        text = next(cell for cell in cells if number(cell) is None)
        raise UsageError(
            f"column {quoted(title)} mixes numbers and text: {quoted(numbers[0])} in row {cells[numbers[0]]}, "
            f"{quoted(text)} in row {cells[text]}. "
            f'If they are names, say {{{in_json(title)}: {{"kind": "one-of"}}}} in schema.json.'
        )
    return "binary" if all(cell.lower() in _WORDS for cell in cells) else "one-of"


def _binary(title: str, cells: Mapping[str, int]) -> Meaning:
    low = -1.0 if any(number(cell) == -1 for cell in cells) else 0.0
    meaning = {}
    for cell, row in cells.items():
        word, value = _WORDS.get(cell.lower()), number(cell)
        if word is None and value not in (low, 1.0):
            raise UsageError(f"row {row}: column {quoted(title)} is binary (yes/no, or {low:g}/1), but has {quoted(cell)}.")
        meaning[cell] = [float(1.0 in (word, value))]
    return meaning


def _graded(title: str, cells: Mapping[str, int], said: TableColumn) -> tuple[tuple[float, float], Meaning]:
    numbers = {}
    for cell, row in cells.items():
        value = number(cell)
        if value is None:
            raise UsageError(f"row {row}: column {quoted(title)} is graded (numeric), but {quoted(cell)} is not a number.")
        numbers[cell] = value
    low = min(numbers.values()) if said.low is None else said.low
    high = max(numbers.values()) if said.high is None else said.high
    for cell, value in numbers.items():
        if not low <= value <= high:
            raise UsageError(f"row {cells[cell]}: column {quoted(title)} has {quoted(cell)}, outside {low:g} to {high:g}.")
    if not math.isfinite(high - low):
        wide = f"has values from {low:g} to {high:g}; this range is too large to rescale to 0 to 1"
        raise UsageError(f"column {quoted(title)} {wide}: write smaller numbers, {_ignoring(title)}.")
    return (low, high), {cell: [(value - low) / ((high - low) or 1.0)] for cell, value in numbers.items()}


def _one_of(title: str, cells: Mapping[str, int], said: TableColumn) -> tuple[tuple[str, ...], Meaning]:
    if said.choices is None and len(cells) > MOST_CHOICES:
        cell = list(cells)[MOST_CHOICES]
        raise UsageError(
            f"column {quoted(title)} has {len(cells)} different texts, more than {MOST_CHOICES}, such as {quoted(cell)} in row "
            f'{cells[cell]}: list "choices" in schema.json, or {_ignoring(title)}.'
        )
    for one, other in zeros_apart(cells) if said.choices is None else ():
        remedy = f'{{{in_json(title)}: {{"kind": "one-of", "choices": {{{in_json(one)}: {in_json(other)}, ...}}}}}}'
        raise UsageError(f"column {quoted(title)} has both {quoted(one)} and {quoted(other)}: merge them in schema.json: {remedy}.")
    names = said.choices if isinstance(said.choices, dict) else {word: word for word in said.choices or sorted(cells)}
    choices = tuple(dict.fromkeys(names.values()))
    for cell, row in cells.items():
        if cell not in names:
            raise UsageError(f"row {row}: column {quoted(title)} has {quoted(cell)}, but schema.json does not list it as a choice.")
    for word, choice in names.items():
        if word not in cells:
            raise UsageError(f"no row has {quoted(word)}, a choice of column {quoted(title)} in schema.json.")
        if not _usable(choice):
            remedy = f'{{{in_json(title)}: {{"kind": "one-of", "choices": {{{in_json(word)}: "...", ...}}}}}}'
            raise UsageError(
                f"row {cells[word]}: {quoted(choice)} of column {quoted(title)} cannot be written as name=value,...: "
                f"rename it in schema.json: {remedy}."
            )
    return choices, {cell: [float(choice == names[cell]) for choice in choices] for cell in cells}
