"""The four tests that were written down before the trainings, from the stored rows.

For a seed s, an arm a and a task t, of inv_k through images of 8 bits, to the truth, means over all test images:

    drift(a, t, s) = MSE at k = 3 - MSE at k = 0, as a share of the mean MSE of base at k = 3 on t
    level(a, t, s) = PSNR at k = 3, in dB
    difference(a, s) = mean over t of measure(a, t, s) - measure(base, t, s)

Each test is a paired t-test over seeds that the mean difference is 0; Holm's correction for the four. The smallest difference that
could have been seen is the one that such a test, uncorrected, finds with a chance of 80 %, at the spread that was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from experiments.common import read_json, table
from experiments.multicyclic.arms import TASKS
from experiments.multicyclic.train import RESULTS

Measure = Literal["drift", "level"]
MEASURES: tuple[Measure, ...] = ("drift", "level")
PRIMARY = ("on-policy", "full")
LEVEL = 0.05
Rows = Mapping[tuple[str, str, int], Mapping[str, Any]]
"""(task, arm, seed) -> a stored row."""


@dataclass(frozen=True)
class Verdict:
    """A test. differences (seeds,): of both tasks together; by_task: of each; corrected: p by Holm; seen: see above."""

    arm: str
    measure: Measure
    differences: NDArray[np.float64]
    by_task: Mapping[str, NDArray[np.float64]]
    p: float
    corrected: float = 1.0

    @property
    def mean(self) -> float:
        return float(self.differences.mean())

    @property
    def seen(self) -> float:
        degrees = len(self.differences) - 1
        return float((stats.t.ppf(0.975, degrees) + stats.t.ppf(0.8, degrees)) * error_of(self.differences))

    @property
    def holds(self) -> bool:
        """Whether the arm is better than base: clearly over both tasks, and with the same sign on each."""
        sign = -1 if self.measure == "drift" else 1
        return self.corrected < LEVEL and all(sign * each.mean() > 0 for each in (self.differences, *self.by_task.values()))


def main() -> None:
    """Print the tests."""
    print(verdict_table(verdicts(stored())))


def stored() -> Rows:
    """The stored rows."""
    every = [read_json(path) for path in sorted(RESULTS.glob("*-[0-9].json"))]
    return {(row["task"], row["arm"], row["seed"]): row for row in every}


def verdicts(rows: Rows) -> list[Verdict]:
    """The four tests, on the seeds that base and the arm have on both tasks."""
    plain = []
    for arm in PRIMARY:
        seeds = [seed for seed in range(10) if all((task, name, seed) in rows for task in TASKS for name in (arm, "base"))]
        for measure in MEASURES:
            by_task = {task: differences(rows, task, arm, measure, seeds) for task in TASKS}
            both = np.mean(list(by_task.values()), 0)
            plain.append(Verdict(arm, measure, both, by_task, float(stats.ttest_1samp(both, 0).pvalue)))
    corrected = holm([each.p for each in plain])
    return [replace(each, corrected=p) for each, p in zip(plain, corrected, strict=True)]


def differences(rows: Rows, task: str, arm: str, measure: Measure, seeds: Sequence[int]) -> NDArray[np.float64]:
    """Arm minus base by seed, on one task."""
    ours, theirs = (np.array([value(rows[task, name, seed], measure) for seed in seeds]) for name in (arm, "base"))
    unit = np.mean([at(rows[task, "base", seed], "inv", 3)["mse"] for seed in seeds]) if measure == "drift" else 1.0
    return (ours - theirs) / unit  # type: ignore[no-any-return]


def value(row: Mapping[str, Any], measure: Measure) -> float:
    """Drift in levels^2, or level in dB."""
    first, last = at(row, "inv", 0), at(row, "inv", 3)
    return float(last["mse"] - first["mse"] if measure == "drift" else last["psnr"])


def at(row: Mapping[str, Any], direction: str, k: int) -> Mapping[str, float]:
    """The measures at a place of the chain."""
    return next(each for each in row["rows"] if (each["direction"], each["k"]) == (direction, k))


def holm(every: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the i-th smallest of n p-values times n - i + 1, made monotone, at most 1."""
    corrected, greatest = [0.0] * len(every), 0.0
    for rank, number in enumerate(np.argsort(every)):
        greatest = max(greatest, (len(every) - rank) * every[number])
        corrected[number] = min(greatest, 1.0)
    return corrected


def error_of(values: NDArray[np.float64]) -> float:
    """Standard error of the mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of the mean, by Student's t."""
    half = float(stats.t.ppf(0.975, len(values) - 1)) * error_of(values)
    return float(values.mean()) - half, float(values.mean()) + half


def verdict_table(found: Sequence[Verdict]) -> str:
    """Table of the tests."""
    titles = ("arm - base", "measure", "difference", "95 % interval", *TASKS, "p", "p, Holm", "could have been seen", "better")
    lines = []
    for each in found:
        percent = each.measure == "drift"
        low, high = interval(each.differences)
        means = [shown(values.mean(), percent) for values in each.by_task.values()]
        corrected = f"**{each.corrected:.3f}**" if each.corrected < LEVEL else f"{each.corrected:.3f}"
        lines.append([
            f"{each.arm}, {len(each.differences)} seeds", each.measure, shown(each.mean, percent),
            f"{shown(low, percent)} to {shown(high, percent)}", *means, f"{each.p:.4f}", corrected,
            shown(each.seen, percent).removeprefix("+"), "yes" if each.holds else "no",
        ])  # fmt: skip
    return table(titles, lines)


def shown(value: float, percent: bool) -> str:
    """A drift as a percentage of base's error, a level in dB."""
    return f"{100 * value:+.1f} %" if percent else f"{value:+.2f} dB"
