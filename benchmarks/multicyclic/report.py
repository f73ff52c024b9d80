"""Tables and curves from what results/ holds, into docs/results/: multicyclic.md between its marks, and multicyclic.png.

python benchmarks/multicyclic/report.py
"""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from arms import ARMS
from matplotlib.figure import Figure

RESULTS = Path(__file__).parent / "results"
DOCS = Path(__file__).parents[2] / "docs" / "results"
BEGIN, END = "<!-- tables: python benchmarks/multicyclic/report.py -->", "<!-- end of tables -->"
Place = tuple[str, int, str]
Rows = Mapping[Place, Mapping[str, Any]]


def main() -> None:
    """Writes the tables and the figure."""
    found = results()
    tables = "\n\n".join([costs(found), main_table(found), steps_table(found), probes_table(found), seed_table(found)])
    page = DOCS / "multicyclic.md"
    before, _, rest = page.read_text().partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.partition(END)[2]}")
    curves(found).savefig(DOCS / "multicyclic.png", dpi=110)


def results() -> dict[str, list[dict[str, Any]]]:
    """By arm, one for each seed; of each, its rows by place, and those of the bounds."""
    found, bounds = defaultdict(list), json.loads((RESULTS / "bounds.json").read_text())["rows"]
    for name in ARMS:
        for path in sorted(RESULTS.glob(f"{name}-[0-9].json")):
            result = json.loads(path.read_text())
            rows: dict[str, dict[Place, Any]] = defaultdict(dict)
            for row in (*result["rows"], *bounds):
                rows[row["model"]][row["direction"], row["cycles"], row["chain"]] = row
            found[name].append({**result, **rows})
    return dict(found)


def cell(values: Sequence[float | None], digits: int) -> str:
    """The mean over seeds, and in brackets the least and the greatest where there are several."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    spread = f" ({min(known):.{digits}f} to {max(known):.{digits}f})" if len(known) > 1 else ""
    return f"{statistics.mean(known):.{digits}f}{spread}"


def table(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (titles, ["---"] * len(titles), *lines))


def values(
    found: Sequence[Mapping[str, Any]], place: Place, metric: str, model: str = "model", factor: float = 1
) -> list[float | None]:
    """Of each seed."""
    rows: list[Rows] = [result[model] for result in found]
    return [None if (value := each.get(place, {}).get(metric)) is None else factor * value for each in rows]


def costs(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """What each arm is, and what it took."""
    lines = [
        [
            name,
            ARMS[name].what,
            str(len(each)),
            f"{each[0]['updates']:,}",
            f"{each[0]['operations'] / 1e12:.1f}",
            cell([one["seconds"] for one in each], 0),
        ]
        for name, each in found.items()
    ]
    return table(("arm", "what", "seeds", "updates", "10¹² operations", "seconds"), lines)


def main_table(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """8-bit chains."""
    metrics = (("inv", "changed_accuracy", 3, 1), ("inv", "psnr_to_truth", 2, 1), ("inv", "l1_outside", 2, 1),
               ("inv", "kernel_target", 0, 1000), ("rec", "psnr_to_truth", 2, 1),
              ("rec", "perceptual_to_source", 2, 1))  # fmt: skip
    titles = ("arm", "k", "changed accuracy, inv", "PSNR to the true edit, inv", "L1 outside the edit, inv",
              "kernel to the true edits x 1000, inv", "PSNR to the source, rec", "perceptual, rec")  # fmt: skip
    lines = []
    for name, each in {**found, "floor": next(iter(found.values()))[:1]}.items():
        for number in range(4):
            model = name if name == "floor" else "model"
            places = [((direction, number, "8bit"), metric, digits, factor) for direction, metric, digits, factor in metrics]
            cells = [cell(values(each, place, metric, model, factor), digits) for place, metric, digits, factor in places]
            lines.append([name if not number else "", str(number), *cells])
    return table(titles, lines)


def steps_table(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """PSNR to the true edit after each of ten translations."""
    lines = [
        [name, *(cell(values(each, ("step", number, "8bit"), "psnr_to_truth"), 1) for number in range(1, 11))]
        for name, each in found.items()
    ]
    return table(("PSNR to the true edit after step", *map(str, range(1, 11))), lines)


def probes_table(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """PSNR to the source of rec_3 through each link."""
    links = ("float", "8bit", "noise", "jpeg", "blur")
    lines = [[name, *(cell(values(each, ("rec", 3, link), "psnr_to_truth"), 2) for link in links)] for name, each in found.items()]
    lines.append(
        ["floor", *(cell(values(next(iter(found.values()))[:1], ("rec", 3, link), "psnr_to_truth", "floor"), 2) for link in links)]
    )
    return table(("PSNR to the source, rec 3, through", *links), lines)


def seed_table(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The form of the seed's own table: diagonal Frechet, perceptual distance, accuracy by the model's own discriminator."""
    metrics = (("frechet_diagonal", 1), ("perceptual_to_source", 2), ("own_accuracy_bits", 3))
    titles = (
        "arm",
        "k",
        *(f"{name}, {way}" for name in ("diagonal Fréchet", "perceptual", "own accuracy") for way in ("inv", "rec")),
    )
    lines = []
    for name, each in found.items():
        for number in range(4):
            cells = [
                cell(values(each, (way, number, "8bit"), metric), digits) for metric, digits in metrics for way in ("inv", "rec")
            ]
            lines.append([name if not number else "", str(number), *cells])
    return table(titles, lines)


def curves(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Mean over seeds by k, and by step."""
    panels = (("inv", "changed_accuracy", "changed accuracy, inv"), ("inv", "psnr_to_truth", "PSNR to the true edit, inv"),
              ("rec", "psnr_to_truth", "PSNR to the source, rec"),
              ("step", "psnr_to_truth", "PSNR to the true edit, by step"))  # fmt: skip
    figure = Figure(figsize=(13, 3.2), layout="constrained")
    for axes, (direction, metric, title) in zip(figure.subplots(1, 4), panels, strict=True):
        numbers = range(1, 11) if direction == "step" else range(4)
        for name, each in found.items():
            means = [
                statistics.mean([value for value in values(each, (direction, number, "8bit"), metric) if value is not None])
                for number in numbers
            ]
            axes.plot(numbers, means, marker="o", label=name)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("translations" if direction == "step" else "k")
        axes.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main()
