"""Curves over the number of cycles: one small SVG figure for each measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from viceversa.metrics.rows import BOUNDS, Row, by_model, called
from viceversa.pages.figures import GRAY, LineStyle, line_styles, svg

_LINES = {"8bit": "-", "float": ":"}


@dataclass(frozen=True)
class Panel:
    """A figure of a measure, times `factor`, in one direction. bounds: the informative ones (not the PSNR of truth to itself)."""

    title: str
    direction: str
    better: str
    measure: str
    factor: float = 1
    bounds: tuple[str, ...] = BOUNDS

    def value(self, row: Row) -> float | None:
        value = row.value(self.measure)
        return None if value is None else self.factor * value

    def spread(self, row: Row) -> float:
        """Return the standard deviation over seeds; 0 for a single training."""
        return self.factor * row.spread.get(self.measure, 0.0)


_PANELS = (
    Panel("Label accuracy, inv", "inv", "higher", "label_accuracy"),
    Panel("Accuracy of changed attributes, inv", "inv", "higher", "changed_accuracy"),
    Panel("PSNR to truth, inv, in dB", "inv", "higher", "psnr_to_truth", bounds=("floor",)),
    Panel("Kernel distance x 1000, inv", "inv", "lower", "kernel", 1000),
    Panel("Kernel distance x 1000, rec", "rec", "lower", "kernel", 1000),
    Panel("Perceptual distance to source, rec", "rec", "lower", "perceptual_to_source"),
)


def looks(rows: Sequence[Row]) -> dict[str, LineStyle]:
    """Return the line style of each model, without the bounds."""
    return line_styles(name for name in by_model(rows) if name not in BOUNDS)


def curves(rows: Sequence[Row], extractor: str = "") -> list[tuple[Panel, str]]:
    """Return an <svg> element for each measure that is defined for a model: solid lines for 8 bits, dotted lines for floats.

    If a row is the mean of several trainings, whiskers show one standard deviation.
    """
    styles = looks(rows)
    panels = [replace(panel, title=called(panel.title, extractor)) for panel in _PANELS]
    measured = [
        (panel, [row for row in rows if row.direction == panel.direction and panel.value(row) is not None]) for panel in panels
    ]
    return [
        (panel, svg(panel.title, partial(_draw, panel=panel, rows=found, styles=styles)))
        for panel, found in measured
        if any(row.model in styles for row in found)
    ]


def _draw(axes: Axes, panel: Panel, rows: Sequence[Row], styles: dict[str, LineStyle]) -> None:
    last = max(row.cycles for row in rows)
    for chain, line in _LINES.items():
        for name, found in by_model([row for row in rows if row.chain == chain and row.model in styles]).items():
            look = styles[name]
            filled = look.color if chain == "8bit" else "white"
            axes.plot(*_points(panel, found), line, color=look.color, marker=look.marker, markersize=5, markerfacecolor=filled)
            if chain == "8bit" and any(map(panel.spread, found)):
                spreads = [panel.spread(row) for row in found]
                axes.errorbar(*_points(panel, found), spreads, fmt="none", ecolor=look.color, elinewidth=1, capsize=3)
    bounds = by_model([row for row in rows if row.chain == "8bit" and row.model in panel.bounds])
    ends: dict[float, list[str]] = {}
    for name, found in bounds.items():
        cycles, values = _points(panel, found)
        axes.plot(cycles, values, color=GRAY, linewidth=0.8, zorder=1)
        ends.setdefault(values[-1], []).append(name)
    for height, names in ends.items():
        above = height == max(ends)
        axes.annotate(
            ", ".join(names), (last, height), (0, 2 if above else -2), textcoords="offset points", annotation_clip=False,
            color=GRAY, fontsize=8, ha="right", va="bottom" if above else "top",
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(-0.15, last + 0.15)
    axes.set_xlabel("k")
    axes.margins(y=0.12)


def _points(panel: Panel, rows: Sequence[Row]) -> tuple[list[int], list[float]]:
    """Return the numbers of cycles for which the measure is defined, and its values."""
    found = [(row.cycles, value) for row in rows if (value := panel.value(row)) is not None]
    return [cycles for cycles, _ in found], [value for _, value in found]
