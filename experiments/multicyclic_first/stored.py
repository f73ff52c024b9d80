"""The stored results by arm and seed, and the cells of tables that show them."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.common import read_json

RESULTS = Path(__file__).parent / "results"

Place = tuple[str, int, str]
"""Direction, number, link."""


@dataclass(frozen=True)
class Result:
    """One training: its facts, its rows by place, its steps against no edit (missing in the oldest), and the rows of the bounds."""

    seed: int
    facts: Mapping[str, Any]
    rows: Mapping[Place, Mapping[str, Any]]
    steps: Sequence[Mapping[str, float]]
    bounds: Mapping[str, Mapping[Place, Mapping[str, Any]]]


def results(arms: Sequence[str]) -> dict[str, list[Result]]:
    """The stored results of each arm, one a seed; arms without results are left out."""
    found = {name: [_result(path) for path in sorted(RESULTS.glob(f"{name}-[0-9].json"))] for name in arms}
    return {name: each for name, each in found.items() if each}


def _result(path: Path) -> Result:
    stored = read_json(path)
    size = stored["dataset"].split("-")[1]
    bounds: dict[str, dict[Place, Any]] = defaultdict(dict)
    for row in read_json(RESULTS / ("bounds.json" if size == "32" else f"bounds-{size}.json"))["rows"]:
        bounds[row["model"]][row["direction"], row["cycles"], row["chain"]] = row
    rows = {(row["direction"], row["cycles"], row["chain"]): row for row in stored.pop("rows")}
    return Result(stored["seed"], stored, rows, stored.get("steps", ()), bounds)


def values(found: Sequence[Result], place: Place, measure: str) -> list[float]:
    """The measure of each seed that has it."""
    every = [result.rows.get(place, {}).get(measure) for result in found]
    return [value for value in every if value is not None]


def differences(found: Sequence[Result], others: Sequence[Result], place: Place, measure: str) -> list[float]:
    """Differences of the measure, seed by seed; a seed has the same first weights and the same batches in all arms."""
    theirs = {result.seed: value for result in others for value in values([result], place, measure)}
    return [value - theirs[result.seed] for result in found for value in values([result], place, measure) if result.seed in theirs]


def half_width(found: Sequence[Result], place: Place, measure: str) -> float | None:
    """Half of the 95 % confidence interval over images, the mean over seeds; None for a measure that is no mean over images."""
    every = [result.rows[place]["intervals"].get(measure) for result in found if place in result.rows]
    known = [(high - low) / 2 for low, high in filter(None, every)]
    return statistics.mean(known) if known else None


def cell(every: Sequence[float], digits: int, *, half: float | None = None, sign: str = "") -> str:
    """Cell with the mean over seeds; in brackets the range of seeds and the interval over images, if they are not rounded away."""
    if not every:
        return "-"
    mean, least, greatest = (f"{value:{sign}z.{digits}f}" for value in (statistics.mean(every), min(every), max(every)))
    spread = [] if least == greatest else [f"{least} to {greatest}"]
    chance = [] if half is None or round(half, digits) == 0 else [f"± {half:.{digits}f}"]
    return mean + (f" ({'; '.join(spread + chance)})" if spread or chance else "")
