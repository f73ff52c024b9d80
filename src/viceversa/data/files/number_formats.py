"""Numbers in the cells of a table: with a decimal point or a decimal comma, without thousands separators."""

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
"""Digits in groups of three, such as 1,234 and 1.234,5."""


def number(cell: str) -> float | None:
    """Return the finite number in a cell, with a decimal point or comma; None for any other text."""
    if not (_POINT.fullmatch(cell) or _COMMA.fullmatch(cell)):
        return None
    value = float(cell.replace(",", "."))
    return value if math.isfinite(value) else None


def looks_like_number(cell: str) -> bool:
    """Return whether a cell is a number, with or without thousands separators."""
    return number(cell) is not None or _GROUPS.fullmatch(cell) is not None


def check_separators(title: str, cells: Mapping[str, int], *, decimal_comma: bool) -> None:
    """Raise UsageError for a column of numbers that can be read in two ways.

    Args:
        title: title of the column.
        cells: each different cell, with its first row.
        decimal_comma: whether commas are known to be decimal, as in tables with semicolons between cells.

    Raises:
        UsageError: For thousands separators, and for points together with decimal commas. It names the column, row, and cell.
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
    """Return whether the comma may separate thousands. In a number with a leading zero it cannot."""
    return bool(_GROUPS.fullmatch(cell)) and not cell.lstrip("+-").startswith("0")


def _ungrouped(cell: str) -> str:
    """Return the number without thousands separators, with a decimal point."""
    match = _GROUPS.fullmatch(cell)
    decimals = (match and match[3]) or ""
    return re.sub(_GROUP_MARK, "", cell.removesuffix(decimals)) + decimals.replace(",", ".")


def zeros_apart(cells: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield pairs of whole numbers that differ only in leading zeros, such as ("007", "7"): an earlier cell and a later one."""
    first: dict[str, str] = {}
    for cell in cells:
        if cell.isascii() and cell.isdigit():
            before = first.setdefault(cell.lstrip("0"), cell)
            if before != cell:
                yield before, cell
