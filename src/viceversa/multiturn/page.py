"""drift.html: what repeated editing does to images, on one page that needs no other file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from viceversa.evaluation.report.strips import strips_markup
from viceversa.metrics.bootstrap import Interval, interval
from viceversa.metrics.rows import UNDEFINED
from viceversa.multiturn.curves import GOALS
from viceversa.multiturn.measures import MEASURES, Measure
from viceversa.multiturn.measuring import REFERENCES
from viceversa.pages.document import document, escaped, pairs, section
from viceversa.pages.figures import LineStyle, line_styles, svg

if TYPE_CHECKING:
    from viceversa.multiturn.report import DriftReport

_RATES = {
    "success rate": ("SR@k: share of chains in which all turns up to k are right", "success"),
    "collapse rate": (
        "CR@k: share of chains in which an image up to turn k is as far from all that the chain should show, its source and ground "
        "truths, as two sources are from each other (median perceptual distance)",
        "collapsed",
    ),
}


def drift_page(report: DriftReport) -> str:
    """Return the page as HTML, pictures and curves inside."""
    parts = [
        f"<header>\n<h1>{escaped(report.title)}</h1>\n</header>\n",
        "".join(f'<p class="verdict">{escaped(line)}</p>\n' for line in report.verdict.splitlines()),
        section("Pictures", strips_markup(report.strips)),
        section("Over turns", _panels(report)),
        section("First step, and slope of later turns", _steps(report)),
        section("Differences", _differences(report)),
        section("All results", _table(report)),
        section("What the words mean", pairs(_words(report), "meaning")),
        section("Remarks on the files", _problems(report.problems)),
        section("What was measured", pairs(report.facts, "facts")),
    ]
    return document(report.title, "".join(parts))


def _panels(report: DriftReport) -> str:
    """A figure for each measure of the distance to the source, and for each rate that is known."""
    looks = line_styles(editor.name for editor in report.editors)
    figures = []
    for measure in report.measures:
        meaning = MEASURES[measure]
        tables = {editor.name: editor.values(report.goal, measure) for editor in report.editors}
        figures.append((f"{meaning.title} to the {GOALS[report.goal]}", "lower" if meaning.lower else "higher", tables))
    for name, (_, table) in _RATES.items():
        figures.append(
            (name, "higher" if name == "success rate" else "lower", {each.name: getattr(each, table) for each in report.editors})
        )
    drawn = [
        f"<figure><figcaption>{escaped(title)} <small>{better} is better</small></figcaption>\n"
        f"{svg(title, partial(_draw, tables=tables, looks=looks))}</figure>\n"
        for title, better, tables in figures
        if any(np.isfinite(table).any() for table in tables.values())
    ]
    names = [f'<li><span style="color:{look.color}">{look.symbol}</span> {escaped(name)}</li>' for name, look in looks.items()]
    names.append("<li><i>┳</i> 95 % interval over chains</li>")
    return f'<ul class="legend">{"".join(names)}</ul>\n<div class="panels">\n{"".join(drawn)}</div>\n' if drawn else ""


def _draw(axes: Axes, tables: dict[str, np.ndarray], looks: dict[str, LineStyle]) -> None:
    for name, table in tables.items():
        known = np.flatnonzero(np.isfinite(table).any(0)) + 1
        found = [(turn, each) for turn in known if (each := interval(table[:, turn - 1])) is not None]
        if not found:
            continue
        turns, means = [turn for turn, _ in found], [each.mean for _, each in found]
        whiskers = np.maximum([[each.mean - each.low for _, each in found], [each.high - each.mean for _, each in found]], 0)
        look = looks[name]
        axes.errorbar(turns, means, whiskers, color=look.color, marker=look.marker, markersize=5, elinewidth=1, capsize=3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("turn")
    axes.margins(y=0.12)


def _steps(report: DriftReport) -> str:
    """For each editor and measure the first step and the slope of later turns."""
    lines = [
        [
            editor.name,
            MEASURES[each].title,
            _said(editor.mean(report.goal, each, 1), each),
            _said(editor.slope(report.goal, each), each, signed=True),
        ]
        for editor in report.editors
        for each in report.measures
        if editor.last > 1 and editor.mean(report.goal, each, 1) is not None
    ]
    return _markup(["editor", "measure", "after turn 1", "slope per turn, from turn 1 on"], lines)


def _differences(report: DriftReport) -> str:
    lines = [
        [
            f"{each.editor} - {each.base}",
            MEASURES[each.measure].title,
            each.what,
            _said(each.interval, each.measure, signed=True),
            str(each.chains),
        ]
        for each in report.differences
    ]
    return _markup(["editors", "measure", "of", "difference", "shared chains"], lines)


def _table(report: DriftReport) -> str:
    """All measures after each turn, by what the image is compared with."""
    parts = []
    for reference in REFERENCES:
        editors = [editor for editor in report.editors if reference in editor.references]
        if not editors:
            continue
        measures = [
            each for each in report.measures if any(np.isfinite(editor.values(reference, each)).any() for editor in editors)
        ]
        lines = [
            [editor.name, str(turn), *(_said(editor.mean(reference, each, turn), each, short=True) for each in measures)]
            for editor in editors
            for turn in editor.numbers
            if any(editor.mean(reference, each, turn) for each in measures)
        ]
        titles = ["editor", "turn", *(MEASURES[each].title for each in measures)]
        parts.append(f"<h3>Compared with {escaped(REFERENCES[reference])}</h3>\n{_markup(titles, lines)}")
    return "".join(parts)


def _said(found: Interval | None, measure: Measure, *, signed: bool = False, short: bool = False) -> str:
    if found is None:
        return UNDEFINED
    style = f"{'+z' if signed else ''}.{MEASURES[measure].digits}f"
    mean, low, high = (format(value, style) for value in (found.mean, found.low, found.high))
    return mean if short else f"{mean} ({low} to {high})"


def _markup(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table; nothing without lines."""
    if not lines:
        return ""
    head = "".join(f'<th scope="col">{escaped(title)}</th>' for title in titles)
    body = "".join(
        f'<tr class="model"><th scope="row">{escaped(first)}</th>{"".join(f"<td>{escaped(cell)}</td>" for cell in rest)}</tr>\n'
        for first, *rest in lines
    )
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"
    return f'<div class="scroll table" tabindex="0">\n{table}\n</div>\n'


def _words(report: DriftReport) -> dict[str, str]:
    words = {MEASURES[each].title: MEASURES[each].words for each in report.measures}
    return words | {name: meaning for name, (meaning, _) in _RATES.items()}


def _problems(problems: Sequence[str]) -> str:
    items = "".join(f"<li>{escaped(line)}</li>\n" for line in problems)
    return f"<ul>\n{items}</ul>\n" if items else ""
