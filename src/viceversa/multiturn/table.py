"""A drift report as plain text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from viceversa.errors import printable
from viceversa.metrics.rows import UNDEFINED
from viceversa.multiturn.measures import MEASURES

if TYPE_CHECKING:
    from viceversa.multiturn.report import DriftReport

MOST = 10
"""Problems that are shown; drift.json has all."""


def text(report: DriftReport) -> str:
    """See DriftReport.table."""
    file = io.StringIO()
    plain = Console(
        file=file, width=100, color_system=None, force_jupyter=False, legacy_windows=False, markup=False, emoji=False, highlight=False
    )
    for line in report.verdict.splitlines():
        plain.print(printable(line))
    problems = report.problems
    if problems:
        plain.print(f"\n{len(problems)} {'thing' if len(problems) == 1 else 'things'} could not be used:")
        for line in problems[:MOST]:
            plain.print(printable(f"  {line}"))
        if len(problems) > MOST:
            plain.print(f"  and {len(problems) - MOST} more, which drift.json lists")
    plain.print("\ndistance to the source after each turn, mean over chains")
    plain.print(_table(report))
    for label, fact in report.facts.items():
        plain.print(printable(f"{label}: {fact}"))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _table(report: DriftReport) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("editor", overflow="fold")
    measures = [each for each in report.measures if any(editor.mean("source", each, editor.last) for editor in report.editors)]
    rates = [each for each in ("success_rate", "collapse_rate") if any(report.value(editor, each) is not None for editor in report.editors)]
    for title in ("turn", *(MEASURES[each].title.replace(", ", "\n") for each in measures), *(each.replace("_", "\n") for each in rates)):
        table.add_column(title, justify="right", no_wrap=True)
    for editor in report.editors:
        table.add_section()
        for turn in range(1, editor.last + 1):
            values = [(report.value(editor, each, turn), MEASURES[each].digits) for each in measures]
            values += [(report.value(editor, each, turn), 2) for each in rates]
            cells = [UNDEFINED if value is None else f"{value:.{digits}f}" for value, digits in values]
            table.add_row("" if turn > 1 else printable(editor.name), str(turn), *cells)
    return table
