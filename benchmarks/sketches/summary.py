"""Tables and picture of what results/ holds, into docs/results/: sketches.md between its marks, and sketches.png.

python benchmarks/sketches/summary.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from baselines import uncolored
from run import ENTRIES, RESULTS

from viceversa.data.sets.sketches import sketches_pairs
from viceversa.images.pictures import grid, save_png

DOCS = Path(__file__).parents[2] / "docs" / "results"
PAGE = DOCS / "sketches.md"
MEASURES = ("psnr", "ssim", "perceptual_lite0", "histogram", "histogram_of_all")
SHOWN, SEEDS = 10, 3
LINKS = ("float", "8bit", "noise", "jpeg", "blur")
BEGIN, END = "<!-- measured -->\n", "<!-- end of measured -->\n"


def main() -> None:
    """Writes both."""
    PAGE.write_text(with_tables(PAGE.read_text()))
    picture()


def with_tables(page: str) -> str:
    """The page with what stands between the marks written anew."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + "\n" + "\n".join((table(), hidden(), styles())) + "\n" + END + rest.partition(END)[2]


def found() -> dict[str, dict[str, Any]]:
    """Of each translator that was measured."""
    return {name: json.loads(path.read_text()) for name in ENTRIES if (path := RESULTS / f"{name}.json").exists()}


def table() -> str:
    """Baselines first, from results/baselines.json."""
    lines = ["| | steps | PSNR, dB | SSIM | perceptual | distance of colors, each | of all |", "|---|---|---|---|---|---|---|"]
    baselines = json.loads((RESULTS / "baselines.json").read_text())["baselines"]
    lines += [row(name, "-", facts) for name, facts in baselines.items()]
    lines += [row(f"`{name}`", f"{facts['steps']:,}", facts) for name, facts in found().items()]
    return "\n".join(lines) + "\n"


def hidden() -> str:
    """PSNR of colors that came back through each link, and of the colors that true lines are given."""
    lines = ["| colors to lines and back | " + " | ".join(LINKS) + " | from true lines | lines off by, levels |", "|---" * 8 + "|"]
    for name, facts in found().items():
        if known := facts.get("hidden"):
            lines.append(f"| `{name}` | " + " | ".join(f"{known[key]:g}" for key in (*LINKS, "from_true_lines", "lines_l1")) + " |")
    return "\n".join(lines) + "\n"


def styles() -> str:
    """How much the colorings of a drawing differ."""
    lines = ["| colorings of a drawing | how many | levels apart | perceptual apart | PSNR of the best, dB |", "|---" * 5 + "|"]
    for name, facts in found().items():
        if known := facts.get("styles"):
            apart = f"{known['diversity_l1']:.1f} | {known['diversity_perceptual_lite0']:.3f}"
            lines.append(f"| `{name}` | {known['seeds']} | {apart} | {known['psnr_of_best']:g} |")
    return "\n".join(lines) + "\n"


def row(name: str, steps: str, facts: dict[str, Any]) -> str:
    """A line of the table."""
    return f"| {name} | {steps} | " + " | ".join(f"{facts[measure]:g}" for measure in MEASURES) + " |"


def picture() -> None:
    """Test drawings, their true colors, and what each translator makes of them; of one with styles, by several seeds."""
    some = [name for name in found() if (RESULTS / f"{name}.npz").exists()]
    made = {name: np.load(RESULTS / f"{name}.npz") for name in some}
    size = made[some[0]]["seed0"].shape[1]
    test = sketches_pairs(size).splits["test"]
    chosen = np.linspace(0, len(test["lines"]) - 1, SHOWN).round().astype(int)
    rows = {"sketch": uncolored(np.asarray(test["lines"].pixels)), "true colors": np.asarray(test["colors"].pixels)}
    for name, pixels in made.items():
        seeds = list(pixels)[:SEEDS]
        rows |= {f"{name}, {seed}" if len(seeds) > 1 else name: pixels[seed] for seed in seeds}
    save_png(grid([list(pixels[chosen]) for pixels in rows.values()], [""] * SHOWN, list(rows)), DOCS / "sketches.png")


if __name__ == "__main__":
    main()
