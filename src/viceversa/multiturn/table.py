"""A drift report as plain text."""

from __future__ import annotations

import io
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from viceversa.errors import printable
from viceversa.metrics.rows import UNDEFINED
from viceversa.multiturn.curves import GOALS
from viceversa.multiturn.measures import MEASURES
from viceversa.multiturn.verdict import counted

if TYPE_CHECKING:
    from viceversa.multiturn.report import DriftReport

MOST = 10
"""Remarks that are shown; drift.json has all."""


def text(report: DriftReport) -> str:
    """See DriftReport.table."""
    file = io.StringIO()
    plain = Console(
        file=file,
        width=100,
        color_system=None,
        force_jupyter=False,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
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
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _table(report: DriftReport) -> Table:
    """A section for each editor, a line for each turn. What is measured by region is in drift.json and on the page."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("turn", overflow="fold", vertical="bottom")
    names = [*(each for each in report.measures if not each.startswith("l1_")), "success_rate", "collapse_rate"]
    shown = [each for each in names if any(report.value(editor, each) is not None for editor in report.editors)]
    digits = {name: meaning.digits for name, meaning in MEASURES.items()}
    titles = {name: meaning.title for name, meaning in MEASURES.items()} | {"success_rate": "SR@k", "collapse_rate": "CR@k"}
    for each in shown:
        table.add_column("\n".join(wrap(titles[each], 10)), justify="right", no_wrap=True, vertical="bottom")
    for editor in report.editors:
        table.add_section()
        table.add_row(printable(editor.name))
        for turn in editor.numbers:
            values = [(report.value(editor, each, turn), digits.get(each, 2)) for each in shown]  # type: ignore[call-overload]
            table.add_row(f"  {turn}", *(UNDEFINED if value is None else f"{value:.{places}f}" for value, places in values))
    return table
