"""report.html: an evaluation as one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from viceversa.evaluation.differences import about, in_words
from viceversa.evaluation.report.curves import curves, looks
from viceversa.evaluation.report.strips import strips_markup
from viceversa.metrics.rows import BOUNDS, COLUMNS, Column, Row, attribute_columns, by_model, called, defined, meaning
from viceversa.pages.document import document, escaped, pairs, section

if TYPE_CHECKING:
    from viceversa.evaluation.report.contents import Report

_ARROWS = {"higher": "&nbsp;↑", "lower": "&nbsp;↓", "neither": ""}
_CHAINS = {
    "8bit": "every image of the chain rounded to 8 bits", "float": "only the last image rounded",
    "noise": "noise of 2 levels on the way", "jpeg": "JPEG of quality 75 on the way", "blur": "half a pixel's blur on the way",
}  # fmt: skip


def report_page(report: Report) -> str:
    """Return the page as HTML, including pictures and curves."""
    attributes = attribute_columns(report.shown)
    parts = [
        _header(report),
        section("Pictures", strips_markup(report.strips)),
        section("What the words mean", _glossary(report)),
        section("Over k, the number of earlier translations", _curves(report)),
        section("Differences", _differences(report)),
        section("All results", _table(report, defined(COLUMNS, report.shown)) if report.rows else ""),
        section("Accuracy by attribute", _table(report, attributes) if attributes else ""),
        section("What was measured", pairs(report.facts, "facts")),
    ]
    return document(report.title, "".join(parts))


def _header(report: Report) -> str:
    warnings = [f'<p class="warning" role="alert">{escaped(text)}</p>\n' for text in (report.warning, *report.notes) if text]
    conclusion = f'<p class="conclusion">{escaped(report.conclusion)}</p>\n' if report.conclusion else ""
    verdict = "".join(f'<p class="verdict">{escaped(line)}</p>\n' for line in report.verdict.splitlines())
    title = f"<h1>{escaped(report.title)}</h1>\n<p>{escaped(report.subtitle)}</p>\n"
    return f"<header>\n{title}</header>\n{''.join(warnings)}{verdict}{conclusion}"


def _curves(report: Report) -> str:
    rows = report.summary
    figures = [
        f"<figure><figcaption>{escaped(panel.title)} <small>{panel.better} is better</small></figcaption>\n{svg}</figure>\n"
        for panel, svg in curves(rows, report.extractor)
    ]
    if not figures:
        return ""
    titles = {row.model: row.title for row in rows}
    names = [
        f'<li><span style="color:{look.color}">{look.symbol}</span> {escaped(titles[name])}</li>'
        for name, look in looks(rows).items()
    ]
    names += ["<li><i>━━</i> 8-bit chain</li>", "<li><i>┅┅</i> float chain</li>"]
    if any(row.spread for row in rows):
        names.append("<li><i>┳</i> one standard deviation over seeds, up and down</li>")
    legend = f'<ul class="legend">{"".join(names)}</ul>\n'
    return f'{legend}<div class="panels">\n{"".join(figures)}</div>\n'


def _glossary(report: Report) -> str:
    words = {
        called(term, report.extractor): called(text, report.extractor)
        for term, text in meaning(report.labeled, details=True).items()
    }
    return pairs(words, "meaning") if report.rows else ""


def _differences(report: Report) -> str:
    """Return a table of the models' differences from the first one."""
    found = report.shown_differences
    if not found:
        return ""
    most = 1 + max(each.cycles for each in found)
    heads = "".join(f'<th scope="col">k = {number}</th>' for number in range(most))
    lines = "".join(
        f'<tr class="model"><th scope="row">{escaped(model)}</th><td>{escaped(called(measure, report.extractor))}</td>'
        f"{'<td></td>' * (most - len(texts))}{''.join(f'<td>{escaped(text)}</td>' for text in texts)}</tr>\n"
        for model, measure, texts in in_words(found)
    )
    head = f'<thead><tr><th scope="col">model</th><th scope="col">measure</th>{heads}</tr></thead>'
    table = f'<div class="scroll table" tabindex="0">\n<table>\n{head}\n<tbody>\n{lines}</tbody>\n</table>\n</div>\n'
    return f'<p class="about">{escaped(about(found))}.</p>\n{table}'


def _table(report: Report, columns: Sequence[Column]) -> str:
    titles = "".join(
        f'<th scope="col">{escaped(called(each.title, report.extractor))}{_ARROWS[each.better]}</th>' for each in columns
    )
    bodies = []
    for direction, chain in sorted({(row.direction, row.chain) for row in report.shown}):
        title = f"<span><b>{direction}</b>, {_CHAINS[chain]}</span>"
        bodies.append(f'<tr class="title"><th scope="colgroup" colspan="{len(columns) + 2}">{title}</th></tr>\n')
        found = by_model([row for row in report.shown if (row.direction, row.chain) == (direction, chain)])
        bodies += [_lines(name, lines, columns) for name, lines in found.items()]
    head = f'<thead><tr><th scope="col">model</th><th scope="col">k</th>{titles}</tr></thead>'
    body = "".join(f"<tbody>\n{part}</tbody>\n" for part in bodies)
    return f'<div class="scroll table" tabindex="0">\n<table>\n{head}\n{body}</table>\n</div>\n'


def _lines(name: str, rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """Return a model's rows of the table; for several trainings, the standard deviation follows the mean."""
    kind = "bound" if name in BOUNDS else "model"
    texts = [[str(row.cycles), *(f"{column.text(row)}{_spread(column, row)}" for column in columns)] for row in rows]
    cells = ["".join(f"<td>{text}</td>" for text in line) for line in texts]
    return "".join(f'<tr class="{kind}"><th scope="row">{escaped(rows[0].title)}</th>{line}</tr>\n' for line in cells)


def _spread(column: Column, row: Row) -> str:
    spread = column.spread(row)
    return f" <small>{spread}</small>" if spread else ""
