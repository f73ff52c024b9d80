"""Tables and curves from what results/ holds, into docs/results/: multicyclic.md between its marks, and multicyclic.png.

python benchmarks/multicyclic/report.py
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from arms import ARMS, VARIATIONS
from drift import drift_table, drift_tests_table
from hypotheses import hypotheses
from kernel_scale import scale_table
from matplotlib.figure import Figure
from results import Result, results, values
from tables import chain_table, collapse_table, costs, main_table, probes_table, seed_table

DOCS = Path(__file__).parents[2] / "docs" / "results"


def main() -> None:
    """Writes the tables and the figure."""
    page = DOCS / "multicyclic.md"
    page.write_text(with_tables(page.read_text()))
    curves(results(tuple(ARMS))).savefig(DOCS / "multicyclic.png", dpi=110)


def tables() -> dict[str, str]:
    """By the name in the page's marks."""
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


def with_tables(page: str) -> str:
    """The page with what stands between each table's marks written anew."""
    for name, text in tables().items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}"
    return page


def curves(found: Mapping[str, Sequence[Result]]) -> Figure:
    """Mean over seeds by k, and by step; a band from the least to the greatest seed."""
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


if __name__ == "__main__":
    main()
