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
    """One training: its facts, its rows by place, its steps against no edit (none in the oldest), and the bounds' rows."""

    seed: int
    facts: Mapping[str, Any]
    rows: Mapping[Place, Mapping[str, Any]]
    steps: Sequence[Mapping[str, float]]
    bounds: Mapping[str, Mapping[Place, Mapping[str, Any]]]


def results(arms: Sequence[str]) -> dict[str, list[Result]]:
    """By arm, one for each seed that is there; arms without any are left out."""
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
    """Of each seed that has it."""
    every = [result.rows.get(place, {}).get(measure) for result in found]
    return [value for value in every if value is not None]


def differences(found: Sequence[Result], others: Sequence[Result], place: Place, measure: str) -> list[float]:
    """Of each seed that both have: the one minus the other, which began from the same weights and saw the same batches."""
    theirs = {result.seed: value for result in others for value in values([result], place, measure)}
    return [value - theirs[result.seed] for result in found for value in values([result], place, measure) if result.seed in theirs]


def half_width(found: Sequence[Result], place: Place, measure: str) -> float | None:
    """Half of the 95 % interval over images, the mean over seeds; None for what is no mean over images."""
    every = [result.rows[place]["intervals"].get(measure) for result in found if place in result.rows]
    known = [(high - low) / 2 for low, high in filter(None, every)]
    return statistics.mean(known) if known else None


def cell(every: Sequence[float], digits: int, *, half: float | None = None, sign: str = "") -> str:
    """The mean over seeds; in brackets the least and the greatest, and the interval over images, as far as they can be seen."""
    if not every:
        return "-"
    mean, least, greatest = (f"{value:{sign}z.{digits}f}" for value in (statistics.mean(every), min(every), max(every)))
    spread = [] if least == greatest else [f"{least} to {greatest}"]
    chance = [] if half is None or round(half, digits) == 0 else [f"± {half:.{digits}f}"]
    return mean + (f" ({'; '.join(spread + chance)})" if spread or chance else "")
