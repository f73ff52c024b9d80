"""What was chosen before the arms were trained, read from the stored tries (choose.py)."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from experiments.common import read_json

TRIES = Path(__file__).parent / "results" / "tries"
Row = Mapping[str, Any]


def tries_of(group: str) -> list[Row]:
    """The rows of a group: `start`, `terms`, or `rate-ARM`."""
    return [row for row in map(read_json, sorted(TRIES.glob("*.json"))) if row["group"] == group]


def best(rows: Iterable[Row]) -> str:
    """The value with the highest PSNR to the truth at k = 3, the mean over its tries."""
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["value"], []).append(row["psnr"][-1])
    return max(found, key=lambda value: statistics.mean(found[value]))


def start_chosen() -> float:
    """Where the on-policy chain begins."""
    return float(best(tries_of("start")))


def terms_chosen() -> str:
    """Which terms the on-policy chain has; those of the first stage compete with their tries at the chosen start."""
    start = f"{start_chosen():g}"
    return best([{**row, "value": "teacher"} for row in tries_of("start") if row["value"] == start] + tries_of("terms"))


def rate_chosen(task: str, arm: str) -> float:
    """The learning rate of a primary arm on a task."""
    return float(best(row for row in tries_of(f"rate-{arm}") if row["task"] == task))
