"""A drift report as plain text."""

from __future__ import annotations

from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from viceversa.errors import printable
from viceversa.evaluation.report.plain import plain_text
from viceversa.metrics.rows import UNDEFINED
from viceversa.multiturn.curves import GOALS
from viceversa.multiturn.measures import NAMED, RATES
from viceversa.multiturn.verdict import counted

if TYPE_CHECKING:
    from viceversa.multiturn.report import DriftReport

MOST = 10
"""Maximum number of remarks shown; drift.json has all."""


def text(report: DriftReport) -> str:
    """Return the report as plain text (see DriftReport.table)."""
    return plain_text(partial(_written, report))


def _written(report: DriftReport, plain: Console) -> None:
    for line in report.verdict.splitlines():
        plain.print(printable(line))
    problems = report.problems
    if problems:
        plain.print(f"\n{counted(len(problems), 'remark')} on the files:")
        for line in problems[:MOST]:
            plain.print(printable(f"  {line}"))
        if len(problems) > MOST:
            plain.print(f"  and {len(problems) - MOST} more, which drift.json lists")
    plain.print(f"\ndistance to the {GOALS[report.goal]} after each turn, mean over chains")
    plain.print(_table(report))
    for label, fact in report.facts.items():
        plain.print(printable(f"{label}: {fact}"))


def _table(report: DriftReport) -> Table:
    """Return the table: a section for each editor, a line for each turn. Measures by region are only in drift.json and on the
    page."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("turn", overflow="fold", vertical="bottom")
    names = [*(each for each in report.measures if not each.startswith("l1_")), *RATES]
    shown = {each: NAMED[each] for each in names if any(report.value(editor, each) is not None for editor in report.editors)}
    for meaning in shown.values():
        table.add_column("\n".join(wrap(meaning.title, 10)), justify="right", no_wrap=True, vertical="bottom")
    for editor in report.editors:
        table.add_section()
        table.add_row(printable(editor.name))
        for turn in editor.numbers:
            values = [(report.value(editor, name, turn), meaning.digits) for name, meaning in shown.items()]
            table.add_row(f"  {turn}", *(UNDEFINED if value is None else f"{value:.{places}f}" for value, places in values))
    return table
