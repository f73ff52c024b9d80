"""Curves of a training for its page: values from the logs, thinned, as SVG with the colors of the page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from viceversa.pages.document import escaped

Curve = Sequence[tuple[float, float]]
"""Points (step, value), from left to right."""

LINES, POINTS = 3000, 150
"""Maximum number of lines read from a log, evenly spread; and of points of a curve, each the mean of its neighbors."""
WIDTH, HEIGHT, LEFT, MARGIN = 320, 140, 44, 6


def logged_losses(path: Path) -> dict[str, Curve]:
    """Return each loss in metrics.jsonl by name, without its repetitions along a chain; empty if there is no log yet."""
    lines = _whole_lines(path)
    found: dict[str, list[tuple[float, float]]] = {}
    for line in lines[:: math.ceil(len(lines) / LINES) or 1]:
        values = json.loads(line)
        for name, value in values.items():
            if name != "step" and not name[-1:].isdigit() and isinstance(value, float) and math.isfinite(value):
                found.setdefault(name, []).append((values["step"], value))
    return {name: thinned(curve) for name, curve in found.items()}


def last_step(path: Path) -> int:
    """Return the step of the last line of metrics.jsonl; 0 if there is no log yet."""
    lines = _whole_lines(path)
    return int(json.loads(lines[-1])["step"]) if lines else 0


def _whole_lines(path: Path) -> list[bytes]:
    """Return the lines of a log, without an incomplete last one."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [line for line in lines if line.endswith(b"\n")]


def thinned(curve: Curve) -> Curve:
    """Return at most POINTS points, each the mean of neighboring ones."""
    size = math.ceil(len(curve) / POINTS)
    parts = [curve[start : start + size] for start in range(0, len(curve), size or 1)]
    return [(sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)) for part in parts]


def panels(curves: Mapping[str, Curve], last_step: int) -> str:
    """Return a figure for each curve, all over the steps 0 to last_step; empty without curves."""
    figures = "".join(
        f"<figure><figcaption>{_caption(name, curve)}</figcaption>\n{svg(name, curve, last_step)}</figure>\n"
        for name, curve in curves.items()
        if curve
    )
    return f'<div class="panels">\n{figures}</div>\n' if figures else ""


def _caption(name: str, curve: Curve) -> str:
    """Return the name, which may be broken at slashes, and the last value."""
    return f"<span>{escaped(name).replace('/', '/<wbr>')}</span> <small>{curve[-1][1]:.3g}</small>"


def svg(name: str, curve: Curve, last_step: int) -> str:
    """Return the curve as an <svg> element with its range on the left. Values outside the range, such as first ones, are cut off.

    Args:
        name: name of the curve.
        curve: the curve.
        last_step: step at the right edge.
    """
    low, high = _range([value for _, value in curve])
    across, up = (WIDTH - LEFT - MARGIN) / max(last_step, 1), (HEIGHT - 2 * MARGIN) / (high - low)
    points = [(LEFT + x * across, HEIGHT - MARGIN - (min(max(y, low), high) - low) * up) for x, y in curve]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    end_x, end_y = points[-1]
    return (
        f'<svg role="img" aria-label="{escaped(name)}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<path class="axis" d="M{LEFT} {MARGIN}V{HEIGHT - MARGIN}H{WIDTH - MARGIN}"/>'
        f'<polyline class="curve" points="{drawn}"/><circle class="end" cx="{end_x:.1f}" cy="{end_y:.1f}" r="3"/>'
        f'<text x="{LEFT - 5}" y="{MARGIN + 9}">{high:.3g}</text>'
        f'<text x="{LEFT - 5}" y="{HEIGHT - MARGIN}">{low:.3g}</text></svg>\n'
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return the minimum and maximum without the 2 % of values at either end; never an empty range."""
    ordered = sorted(values)
    skipped = len(ordered) // 50
    low, high = ordered[skipped], ordered[-1 - skipped]
    return (low, high) if high > low else (low - 0.5, high + 0.5)
