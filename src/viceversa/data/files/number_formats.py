"""Numbers as the cells of a table write them: with a decimal point or a decimal comma, never with thousands separators."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from viceversa.errors import UsageError, quoted

_EXPONENT = r"(e[+-]?\d+)?"
_POINT = re.compile(rf"[+-]?(\d+\.?\d*|\.\d+){_EXPONENT}", re.ASCII | re.IGNORECASE)
_COMMA = re.compile(rf"[+-]?(\d+,\d*|,\d+){_EXPONENT}", re.ASCII | re.IGNORECASE)
_GROUP_MARK = "[.,'\u2019 \u00a0\u2009\u202f]"
_GROUPS = re.compile(rf"[+-]?\d{{1,3}}({_GROUP_MARK})\d{{3}}(\1\d{{3}})*([.,]\d*)?", re.ASCII)
"""Digits in groups of three, as in 1,234 and 1.234,5."""


def number(cell: str) -> float | None:
    """Return the finite number that a cell is, with a decimal point or comma; None for any other text."""
    if not (_POINT.fullmatch(cell) or _COMMA.fullmatch(cell)):
        return None
    value = float(cell.replace(",", "."))
    return value if math.isfinite(value) else None


def looks_like_number(cell: str) -> bool:
    """Whether a cell is a number, or one with thousands separators."""
    return number(cell) is not None or _GROUPS.fullmatch(cell) is not None


def check_separators(title: str, cells: Mapping[str, int], *, decimal_comma: bool) -> None:
    """Refuse a column of numbers that can be read in two ways.

    Args:
        title: of the column.
        cells: each different cell, with the first row that it stands in.
        decimal_comma: whether a comma is known to come before decimals, as in tables with semicolons between cells.

    Raises:
        UsageError: for thousands separators, and for points beside decimal commas; names the column, row, and cell.
    """
    where = f"column {quoted(title)}"
    for cell, row in cells.items():
        if number(cell) is None and _GROUPS.fullmatch(cell):
            raise UsageError(f"row {row}: {where} has {quoted(cell)}, with a thousands separator: write {_ungrouped(cell)}.")
    commas = [cell for cell in cells if "," in cell and _COMMA.fullmatch(cell)]
    points = [cell for cell in cells if "." in cell and _POINT.fullmatch(cell)]
    if commas and points:
        both = " and ".join(f"{quoted(cell)} in row {cells[cell]}" for cell in (commas[0], points[0]))
        raise UsageError(f"{where} has a comma in some numbers and a point in others, {both}: write all of them with a point.")
    if commas and not decimal_comma and all(map(_may_be_grouped, commas)):
        cell = commas[0]
        readings = f"{cell.replace(',', '')} or {cell.replace(',', '.')}"
        raise UsageError(f"row {cells[cell]}: {where} has {quoted(cell)}, which may be {readings}: write the one that is meant.")


def _may_be_grouped(cell: str) -> bool:
    """Whether the comma may separate thousands, which no number with a leading zero has."""
    return bool(_GROUPS.fullmatch(cell)) and not cell.lstrip("+-").startswith("0")


def _ungrouped(cell: str) -> str:
    """The number without its thousands separators, with a decimal point."""
    match = _GROUPS.fullmatch(cell)
    decimals = (match and match[3]) or ""
    return re.sub(_GROUP_MARK, "", cell.removesuffix(decimals)) + decimals.replace(",", ".")


def zeros_apart(cells: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield each whole number that an earlier cell writes with more or fewer leading zeros, after that cell: ("007", "7")."""
    first: dict[str, str] = {}
    for cell in cells:
        if cell.isascii() and cell.isdigit():
            before = first.setdefault(cell.lstrip("0"), cell)
            if before != cell:
                yield before, cell
