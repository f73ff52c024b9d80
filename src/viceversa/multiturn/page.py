"""drift.html: the report of a drift measurement as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from viceversa.evaluation.report.strips import strips_markup
from viceversa.metrics.bootstrap import Interval
from viceversa.metrics.rows import UNDEFINED
from viceversa.multiturn.curves import GOALS
from viceversa.multiturn.measures import MEASURES, RATES, Measure, Rate
from viceversa.multiturn.measuring import REFERENCES
from viceversa.pages.document import document, escaped, pairs, section
from viceversa.pages.figures import LineStyle, line_styles, svg

if TYPE_CHECKING:
    from viceversa.multiturn.report import DriftReport


def drift_page(report: DriftReport) -> str:
    """Return the page as HTML, including pictures and curves."""
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
    """Return a figure for each measure of the distance to the reference, and for each known rate, as HTML."""
    editors, looks = report.editors, line_styles(editor.name for editor in report.editors)
    goal = report.goal
    figures = [
        (f"{MEASURES[each].title} to the {GOALS[goal]}", MEASURES[each].lower, {one.name: one.means(goal, each) for one in editors})
        for each in report.measures
    ]
    figures += [(in_words(rate), RATES[rate].lower, {one.name: one.rates(rate) for one in editors}) for rate in RATES]
    drawn = [
        f"<figure><figcaption>{escaped(title)} <small>{'lower' if lower else 'higher'} is better</small></figcaption>\n"
        f"{svg(title, partial(_draw, curves=curves, looks=looks))}</figure>\n"
        for title, lower, curves in figures
        if any(curves.values())
    ]
    names = [f'<li><span style="color:{look.color}">{look.symbol}</span> {escaped(name)}</li>' for name, look in looks.items()]
    names.append("<li><i>┳</i> 95 % interval over chains</li>")
    return f'<ul class="legend">{"".join(names)}</ul>\n<div class="panels">\n{"".join(drawn)}</div>\n' if drawn else ""


def _draw(axes: Axes, curves: Mapping[str, Mapping[int, Interval]], looks: Mapping[str, LineStyle]) -> None:
    """Draw a line for each editor: its mean after each turn, with whiskers over the interval."""
    for name, found in curves.items():
        if not found:
            continue
        means, low, high = np.array([(each.mean, each.low, each.high) for each in found.values()]).T
        whiskers = np.maximum([means - low, high - means], 0)
        look = looks[name]
        axes.errorbar([*found], means, whiskers, color=look.color, marker=look.marker, markersize=5, elinewidth=1, capsize=3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("turn")
    axes.margins(y=0.12)


def _steps(report: DriftReport) -> str:
    """Return a table of the first step and the slope of later turns, for each editor and measure."""
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
    """Return tables of all measures after each turn, by reference."""
    parts = []
    for reference in REFERENCES:
        editors = [editor for editor in report.editors if reference in editor.references]
        if not editors:
            continue
        measures = [each for each in report.measures if any(editor.means(reference, each) for editor in editors)]
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
    """Return a table as HTML; empty without lines."""
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
    return words | {in_words(rate): f"{meaning.title}: {meaning.words}" for rate, meaning in RATES.items()}


def in_words(rate: Rate) -> str:
    """Return the name of a rate in words, such as "success rate"."""
    return rate.replace("_", " ")


def _problems(problems: Sequence[str]) -> str:
    items = "".join(f"<li>{escaped(line)}</li>\n" for line in problems)
    return f"<ul>\n{items}</ul>\n" if items else ""
