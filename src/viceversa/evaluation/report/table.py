"""The report of an evaluation as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from viceversa.errors import printable
from viceversa.evaluation.differences import about, in_words
from viceversa.evaluation.report.plain import plain_text
from viceversa.metrics.rows import BOUNDS, COLUMNS, UNDEFINED, Column, Row, attribute_columns, by_model, called, defined, meaning

if TYPE_CHECKING:
    from viceversa.evaluation.report.contents import Report

_ACROSS = 6  # attributes side by side
_HEAD = 10  # characters in a line of a column's head


def text(report: Report) -> str:
    """See Report.table."""
    return plain_text(partial(_written, report))


def _written(report: Report, plain: Console) -> None:
    rows = [row for row in report.summary if row.chain == "8bit"]
    for line in filter(None, (report.warning, *report.verdict.splitlines())):
        plain.print(printable(line))
    if report.verdict:
        plain.print()
    for line in filter(None, (report.title, f"{report.subtitle}, every image of a chain rounded to 8 bits", *report.notes)):
        plain.print(printable(line))
    for name, words in meaning(report.labeled).items():
        plain.print(called(f"{name}: {words}", report.extractor))
    for name, members in report.groups.items():
        spread = "which have their own rows in report.html; ±: standard deviation between them"
        plain.print(printable(f"{name}: the mean of {', '.join(members)}, {spread}"))
    plain.print()
    plain.print(_table(rows, [column for column in defined(COLUMNS, rows) if not column.detail], report.extractor))
    inverted = [row for row in rows if row.direction == "inv"]
    columns = attribute_columns(inverted)
    for start in range(0, len(columns), _ACROSS):
        plain.print("\naccuracy by attribute")
        plain.print(_table(inverted, columns[start : start + _ACROSS], report.extractor))
    if differences := report.shown_differences:
        plain.print()
        plain.print(printable(f"{about(differences)}:"))
        for model, measure, texts in in_words(differences):
            plain.print(printable(f"{model}, {called(measure, report.extractor)}: {'   '.join(texts)}"))
    plain.print()
    for label, fact in report.facts.items():
        plain.print(printable(f"{label}: {fact}"))
    if report.conclusion:
        plain.print(f"\n{printable(report.conclusion)}")


def _table(rows: Sequence[Row], columns: Sequence[Column], extractor: str) -> Table:
    """Return a table with a section for each direction. A bound has one line, without values that depend on k."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("model", overflow="fold", vertical="bottom")
    for title in ("k", *(called(column.title, extractor) for column in columns)):
        table.add_column("\n".join(wrap(printable(title), _HEAD)), justify="right", no_wrap=True, vertical="bottom")
    for direction in sorted({row.direction for row in rows}):
        table.add_section()
        table.add_row(direction)
        for name, found in by_model([row for row in rows if row.direction == direction]).items():
            for number, line in enumerate(_bound(found, columns) if name in BOUNDS else _lines(found, columns)):
                table.add_row("" if number else f"  {printable(found[0].title)}", *line)
    return table


def _lines(rows: Sequence[Row], columns: Sequence[Column]) -> list[list[str]]:
    """Return a line for each number of cycles; for several trainings, their standard deviation is below."""
    lines = []
    for row in rows:
        lines.append([str(row.cycles), *(column.text(row) for column in columns)])
        if row.spread:
            lines.append(["", *(column.spread(row) for column in columns)])
    return lines


def _bound(rows: Sequence[Row], columns: Sequence[Column]) -> list[list[str]]:
    values = [{column.text(row) for row in rows} for column in columns]
    return [["any", *(texts.pop() if len(texts) == 1 else UNDEFINED for texts in values)]]
