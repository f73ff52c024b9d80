"""report.html: an evaluation on one page that needs no other file."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources

from viceversa.errors import printable
from viceversa.evaluation.curves import curves, looks
from viceversa.evaluation.differences import Difference, in_words
from viceversa.evaluation.report import BOUNDS, COLUMNS, MEANING, Column, Report, Row, Strip, attribute_columns, by_model, defined
from viceversa.pictures import grid, png

_ARROWS = {"higher": "&nbsp;↑", "lower": "&nbsp;↓", "neither": ""}
_CHAINS = {
    "8bit": "every image of the chain rounded to 8 bits", "float": "only the last image rounded",
    "noise": "noise of 2 levels on the way", "jpeg": "JPEG of quality 75 on the way", "blur": "half a pixel's blur on the way",
}  # fmt: skip


def _text(text: str) -> str:
    """What a page shows as it is: neither markup, nor what moves a terminal's cursor, nor half characters."""
    return escape(printable(text))


def page(report: Report) -> str:
    """The page as HTML, pictures and curves inside."""
    attributes = attribute_columns(report.rows)
    parts = [
        _header(report),
        _pairs(report.facts, "facts"),
        _section("Over the number of cycles", _curves(report.rows)),
        _section("What the chains make", "".join(map(_strip, report.strips))),
        _section("All results", _table(report.rows, defined(COLUMNS, report.rows)) if report.rows else ""),
        _section("Differences", _differences(report.differences)),
        _section("Accuracy by attribute", _table(report.rows, attributes) if attributes else ""),
    ]
    style = resources.files("viceversa.evaluation").joinpath("report.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>{_text(report.title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{"".join(parts)}</main>
</body>
</html>
"""


def _header(report: Report) -> str:
    warning = f'<p class="warning" role="alert">{_text(report.warning)}</p>\n' if report.warning else ""
    conclusion = f'<p class="conclusion">{_text(report.conclusion)}</p>\n' if report.conclusion else ""
    title = f"<h1>{_text(report.title)}</h1>\n<p>{_text(report.subtitle)}</p>\n"
    return f"<header>\n{title}</header>\n{warning}{conclusion}"


def _section(title: str, content: str) -> str:
    """A section with its heading; nothing where there is no content."""
    return f"<section>\n<h2>{title}</h2>\n{content}</section>\n" if content else ""


def _pairs(pairs: Mapping[str, str], name: str) -> str:
    items = "".join(f"<div><dt>{_text(term)}</dt><dd>{_text(text)}</dd></div>\n" for term, text in pairs.items())
    return f'<dl class="{name}">\n{items}</dl>\n' if items else ""


def _curves(rows: Sequence[Row]) -> str:
    figures = [
        f"<figure><figcaption>{_text(panel.title)} <small>{panel.better} is better</small></figcaption>\n{svg}</figure>\n"
        for panel, svg in curves(rows)
    ]
    if not figures:
        return ""
    names = [f'<li><span style="color:{look.color}">{look.symbol}</span> {_text(name)}</li>' for name, look in looks(rows).items()]
    names += ["<li><i>━━</i> 8-bit chain</li>", "<li><i>┅┅</i> float chain</li>"]
    legend = f'<ul class="legend">{"".join(names)}</ul>\n'
    return f'{_pairs(MEANING, "meaning")}{legend}<div class="panels">\n{"".join(figures)}</div>\n'


def _differences(found: Sequence[Difference]) -> str:
    """A table of the models' differences from the first one."""
    if not found:
        return ""
    most = 1 + max(each.cycles for each in found)
    heads = "".join(f'<th scope="col">k = {number}</th>' for number in range(most))
    lines = "".join(
        f'<tr class="model"><th scope="row">{_text(model)}</th><td>{_text(measure)}</td>'
        f"{'<td></td>' * (most - len(texts))}{''.join(f'<td>{_text(text)}</td>' for text in texts)}</tr>\n"
        for model, measure, texts in in_words(found)
    )
    about = f"<p>From {_text(found[0].base)}, with 95 % intervals over images, paired by image; * where 0 is outside.</p>\n"
    head = f'<thead><tr><th scope="col">model</th><th scope="col">measure</th>{heads}</tr></thead>'
    return f'{about}<div class="scroll table" tabindex="0">\n<table>\n{head}\n<tbody>\n{lines}</tbody>\n</table>\n</div>\n'


def _strip(strip: Strip) -> str:
    picture = grid(strip.rows, strip.captions)
    title, source = _text(strip.title), f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"
    image = f'<img src="{source}" width="{picture.width}" height="{picture.height}" alt="{title}">'
    return f'<figure><figcaption>{title}</figcaption>\n<div class="scroll" tabindex="0">{image}</div></figure>\n'


def _table(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    heads = "".join(f'<th scope="col">{_text(column.title)}{_ARROWS[column.better]}</th>' for column in columns)
    bodies = []
    for direction, chain in sorted({(row.direction, row.chain) for row in rows}):
        title = f"<span><b>{direction}</b>, {_CHAINS[chain]}</span>"
        bodies.append(f'<tr class="title"><th scope="colgroup" colspan="{len(columns) + 2}">{title}</th></tr>\n')
        found = by_model([row for row in rows if (row.direction, row.chain) == (direction, chain)])
        bodies += [_lines(name, lines, columns) for name, lines in found.items()]
    head = f'<thead><tr><th scope="col">model</th><th scope="col">k</th>{heads}</tr></thead>'
    body = "".join(f"<tbody>\n{part}</tbody>\n" for part in bodies)
    return f'<div class="scroll table" tabindex="0">\n<table>\n{head}\n{body}</table>\n</div>\n'


def _lines(name: str, rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """A model's rows of the table."""
    kind = "bound" if name in BOUNDS else "model"
    texts = [[str(row.cycles), *(column.text(row) for column in columns)] for row in rows]
    cells = ["".join(f"<td>{text}</td>" for text in line) for line in texts]
    return "".join(f'<tr class="{kind}"><th scope="row">{_text(name)}</th>{line}</tr>\n' for line in cells)
