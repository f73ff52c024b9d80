"""The page docs/results/multicyclic.md from the stored results: its tables, its curves, and its pictures.

python -m experiments.multicyclic_first page          some seconds
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from experiments.common import DOCS, fill_page, show
from experiments.multicyclic_first.arms import ARMS, VARIATIONS
from experiments.multicyclic_first.drift import drift_table, drift_tests_table
from experiments.multicyclic_first.hypotheses import hypotheses
from experiments.multicyclic_first.kernel_scale import scale_table
from experiments.multicyclic_first.stored import RESULTS, Result, results, values
from experiments.multicyclic_first.tables import chain_table, collapse_table, costs, main_table, probes_table, seed_table

PAGE = DOCS / "results" / "multicyclic.md"


def main() -> None:
    """Fill the page from the stored results."""
    fill_page(PAGE, tables())
    curves(results(tuple(ARMS))).savefig(RESULTS / "curves.png", dpi=110)
    show(RESULTS, PAGE)


def tables() -> dict[str, str]:
    """Tables by the names of the page's marks."""
    found, others = results(tuple(ARMS)), results(tuple(VARIATIONS))
    large = {name: each for name, each in others.items() if each[0].facts["dataset"] == "avatars-64-v1"}
    small = {name: each for name, each in others.items() if name not in large}
    return {
        "costs": costs({**found, **others}),
        "main": main_table(found),
        "drift": drift_table(found),
        "drift tests": drift_tests_table(found),
        "kernel": scale_table(),
        "hypotheses": hypotheses(found),
        "chain": chain_table(found),
        "collapse": collapse_table(found),
        "probes": probes_table(found),
        "variations": main_table(small, (0, 3)) if small else "",
        "large": main_table(large) if large else "",
        "seed": seed_table(found),
    }


def curves(found: Mapping[str, Sequence[Result]]) -> Figure:
    """Means over seeds by k and by step, with a band from the least to the greatest seed."""
    panels = (("inv", "changed_accuracy", "changed accuracy, inv"), ("inv", "psnr_to_truth", "PSNR to the true edit, inv"),
              ("rec", "psnr_to_truth", "PSNR to the source, rec"),
              ("step", "psnr_to_truth", "PSNR to the true edit, by step"))  # fmt: skip
    figure = Figure(figsize=(13, 3.2), layout="constrained")
    for axes, (direction, measure, title) in zip(figure.subplots(1, 4), panels, strict=True):
        numbers = range(1, 11) if direction == "step" else range(4)
        for name, each in found.items():
            every = [values(each, (direction, number, "8bit"), measure) for number in numbers]
            axes.plot(numbers, list(map(statistics.mean, every)), marker="o", markersize=3, label=name)
            axes.fill_between(numbers, list(map(min, every)), list(map(max, every)), alpha=0.2)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("translations" if direction == "step" else "k")
        axes.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=8)
    return figure
