"""Drift and level of each arm against `base`, paired by seed, from the stored rows. page.py shows them.

Post hoc: these tests were chosen after the results were known. All rows of the table are one family for Holm's correction.

Squared error is 255^2 10^(-PSNR / 10) of the stored mean PSNR, which is a geometric mean over images: squared errors of single
images were not stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from experiments.common import table
from experiments.multicyclic.verdicts import holm
from experiments.multicyclic_first.stored import Result

Found = Mapping[str, Sequence[Result]]
Numbers = NDArray[np.float64]

PAIRS = (
    ("full", "base"), ("limited", "base"), ("triple", "base"), ("base-cost", "base"),
    ("full", "base-cost"), ("limited", "base-cost"), ("triple", "base-cost"),
)  # fmt: skip
"""An arm, and the arm that it is compared with: `base` has equal updates, `base-cost` has the cost of `full`."""
MEASURES = ("drift, k = 0 to 3", "drift, steps 1 to 10", "level, k = 3")
UNITS = ("dB", "MSE")
LEVEL = 0.05


@dataclass(frozen=True)
class Comparison:
    """A paired t-test of arm minus other. differences: by seed; low, high: 95 % interval of their mean; holm: corrected p."""

    arm: str
    other: str
    measure: str
    unit: str
    differences: Numbers
    low: float
    high: float
    t: float
    p: float
    holm: float


def measured(each: Sequence[Result], measure: str, unit: str) -> dict[int, float]:
    """Drift or level by seed. A drift is a loss: dB that fall, or squared error that is added. Levels are in dB or MSE."""
    first, last = {MEASURES[0]: (("inv", 0), ("inv", 3)), MEASURES[1]: (("step", 1), ("step", 10))}.get(measure, (None, ("inv", 3)))
    found = {}
    for result in each:
        start, end = (None if place is None else result.rows[(*place, "8bit")]["psnr_to_truth"] for place in (first, last))
        if unit == "MSE":
            start, end = (None if value is None else squared_error(value) for value in (start, end))
        found[result.seed] = end if start is None else (start - end if unit == "dB" else end - start)
    return found


def squared_error(psnr: float) -> float:
    """PSNR in dB -> mean squared difference in levels^2."""
    return float(255**2 * 10 ** (-psnr / 10))


def comparisons(found: Found) -> list[Comparison]:
    """Tests of every pair, measure and unit, in the order of the table."""
    plain = []
    for arm, other in PAIRS:
        for measure in MEASURES:
            for unit in UNITS:
                ours, theirs = (measured(found[name], measure, unit) for name in (arm, other))
                every = np.array([ours[seed] - theirs[seed] for seed in sorted(ours.keys() & theirs.keys())])
                t, p = (float(value) for value in stats.ttest_1samp(every, 0))
                half = stats.t.ppf(0.975, len(every) - 1) * every.std(ddof=1) / np.sqrt(len(every))
                plain.append((arm, other, measure, unit, every, float(every.mean() - half), float(every.mean() + half), t, p))
    corrected = holm([each[-1] for each in plain])
    return [Comparison(*each, corrected[number]) for number, each in enumerate(plain)]


def drift_table(found: Found) -> str:
    """Table of the drift and level of each arm: the mean over seeds, and each seed."""
    titles = ("arm", *(f"{measure}, {unit}" for measure in MEASURES for unit in UNITS))
    lines = []
    for name, each in found.items():
        cells = []
        for measure in MEASURES:
            for unit in UNITS:
                every = list(measured(each, measure, unit).values())
                digits = 2 if unit == "dB" else 0
                cells.append(f"{np.mean(every):.{digits}f} ({', '.join(f'{value:.{digits}f}' for value in every)})")
        lines.append([name, *cells])
    return table(titles, lines)


def drift_tests_table(found: Found) -> str:
    """Table of the tests; p is bold if it is significant after the correction."""
    titles = ("arm - other", "measure", "unit", "difference (by seed)", "95 % interval", "t", "p", "p, Holm")
    lines, before = [], ""
    for test in comparisons(found):
        digits = 2 if test.unit == "dB" else 1
        seeds = ", ".join(f"{value:+.{digits}f}" for value in test.differences)
        pair = f"{test.arm} - {test.other}"
        corrected = f"{test.holm:.3f}" if test.holm >= LEVEL else f"**{test.holm:.3f}**"
        interval = f"{test.low:+.{digits}f} to {test.high:+.{digits}f}"
        mean = f"{test.differences.mean():+.{digits}f} ({seeds})"
        cells = [test.measure, test.unit, mean, interval, f"{test.t:.1f}", f"{test.p:.4f}", corrected]
        lines.append(["" if pair == before else pair, *cells])
        before = pair
    return table(titles, lines)
