"""The figure of a search: its trials in order, and by each setting that was searched."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from viceversa.tuning.axes import Axes, Axis, Range
from viceversa.tuning.goal import Goal
from viceversa.tuning.study import is_own

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Plot
    from optuna.trial import FrozenTrial

Point = tuple["FrozenTrial", Mapping[str, Any], str]
"""A trial, its values on the axes, and its state."""

_ACROSS = 3
_GRAY = "#6b7280"
_LOOKS = (
    ("trained to its end", "done", "o", "#0072B2", "#0072B2"),
    ("stopped early, last value", "others", "o", "none", "#0072B2"),
    ("the recipe without changes", "own", "D", "#D55E00", "#D55E00"),
)
"""Styles of trials: text of the legend, which trials, marker, and colors of face and edge."""
_STYLE: dict[Any, Any] = {
    "text.parse_math": False, "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "axes.axisbelow": True, "grid.color": "#e5e7eb", "axes.edgecolor": "#9ca3af", "xtick.color": "#374151",
    "ytick.color": "#374151",
}  # fmt: skip


def figure(points: Sequence[Point], axes: Axes, objective: Goal, importances: Mapping[str, float]) -> bytes:
    """Return the figure as PNG. Trials that stopped early are drawn hollow at their last value; trials without a value are left
    out.

    Args:
        points: the trials.
        axes: axes of the search.
        objective: the objective.
        importances: importance of each axis.
    """
    import matplotlib
    from matplotlib.figure import Figure

    reached = [point for point in points if point[0].intermediate_values]
    panels = 1 + len(axes.axes)
    rows, across = -(-panels // _ACROSS), min(panels, _ACROSS)
    with matplotlib.rc_context(_STYLE):
        drawn = Figure(figsize=(3.6 * across, 2.7 * rows + 0.3), dpi=120, layout="constrained")
        plots = drawn.subplots(rows, across, squeeze=False, sharey=True)
        for place, plot in enumerate(plots.flat):
            if place == 0:
                _in_order(plot, reached, objective)
            elif place < panels:
                _along(plot, reached, axes.axes[place - 1], importances)
            else:
                plot.set_visible(False)
            if place % across == 0:
                plot.set_ylabel(objective.name)
        drawn.legend(*plots[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
        file = io.BytesIO()
        drawn.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _in_order(plot: Plot, points: Sequence[Point], objective: Goal) -> None:
    """Plot the trials in order, with the best value so far as a line."""
    from matplotlib.ticker import MaxNLocator

    done = [(trial.number, trial.value) for trial, _, state in points if state == "done" and trial.value is not None]
    if done:
        better = max if objective.better == "maximize" else min
        so_far = list(accumulate((value for _, value in done), better))
        plot.step([number for number, _ in done], so_far, where="post", color=_GRAY, linewidth=1, label="best so far")
    _scatter(plot, [(trial.number, point) for point in points for trial in point[:1]])
    plot.xaxis.set_major_locator(MaxNLocator(integer=True))
    plot.set_title("trials in their order", fontsize=9)


def _along(plot: Plot, points: Sequence[Point], axis: Axis, importances: Mapping[str, float]) -> None:
    """Plot the trials by their value on an axis; those on which it has no effect are left out."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    known = [(point[1][axis.name], point) for point in points if axis.name in point[1]]
    if isinstance(axis, Range):
        plot.set_xscale("log" if axis.log else "linear")
        plot.xaxis.set_major_locator(
            LogLocator(subs=(1,) if axis.high > 30 * axis.low else (1, 2, 5)) if axis.log else MaxNLocator(6, integer=axis.whole)
        )
        plot.xaxis.set_minor_locator(NullLocator())
        plot.xaxis.set_major_formatter(lambda value, place: f"{value:g}")
        _scatter(plot, known)
    else:
        values, texts = list(axis.values.values()), list(axis.values)
        _scatter(plot, [(values.index(value), point) for value, point in known if value in values])
        plot.set_xticks(range(len(texts)), texts)
        plot.set_xlim(-0.5, len(texts) - 0.5)
    share = f" ({100 * importances[axis.name]:.0f} %)" if axis.name in importances else ""
    plot.set_title(axis.name + share, fontsize=9)


def _scatter(plot: Plot, points: Sequence[tuple[float, Point]]) -> None:
    """Plot each trial at a place of the axis, at the last value of its objective."""
    for label, shown, marker, face, edge in _LOOKS:
        chosen = [(place, trial.intermediate_values[max(trial.intermediate_values)]) for place, (trial, _, state) in points
                  if shown == ("own" if is_own(trial) else "done" if state == "done" else "others")]  # fmt: skip
        if chosen:
            across, heights = zip(*chosen, strict=True)
            plot.scatter(across, heights, 28, marker=marker, facecolors=face, edgecolors=edge, label=label, zorder=3)
