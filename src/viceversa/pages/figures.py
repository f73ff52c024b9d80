"""Small SVG figures of curves with a common style, for pages."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

GRAY = "#6b7280"
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")  # Okabe and Ito: safe for color blindness
_MARKERS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼"}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "text.parse_math": False, "font.size": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#9ca3af", "axes.linewidth": 0.8,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": "#e5e7eb", "grid.linewidth": 0.8,
    "xtick.color": "#9ca3af", "ytick.color": "#9ca3af", "xtick.labelcolor": "#374151", "ytick.labelcolor": "#374151",
    "axes.labelcolor": "#374151",
}  # fmt: skip


@dataclass(frozen=True)
class LineStyle:
    """Style of a model's lines: color, marker in matplotlib, and marker as a character."""

    color: str
    marker: str
    symbol: str


def line_styles(names: Iterable[str]) -> dict[str, LineStyle]:
    """Return the line style of each name. Thirty are different, then they repeat."""
    markers = list(_MARKERS.items())
    return {name: LineStyle(_COLORS[number % len(_COLORS)], *markers[number % len(markers)]) for number, name in enumerate(names)}


def svg(title: str, draw: Callable[[Axes], None]) -> str:
    """Return a figure as an <svg> element in which text stays text.

    Args:
        title: text for screen readers. Figures with different titles have different identifiers, which are the same at each call.
        draw: function that draws into the axes.
    """
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": title}):
        figure = Figure(figsize=(3.9, 2.6), layout="constrained")
        draw(figure.add_subplot())
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    element = file.getvalue()
    element = re.sub('<g id="[^"]*">', "<g>", element[element.index("<svg") :])
    return element.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)
