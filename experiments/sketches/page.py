"""The page docs/results/sketches.md from the stored results: its tables, and its picture if the colored drawings are there.

python -m experiments.sketches page          some seconds
"""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.common import DOCS, fill_page, read_json, show
from experiments.sketches.baselines import uncolored
from experiments.sketches.train import ENTRIES, RESULTS
from viceversa.data.sets.sketches import sketches_pairs
from viceversa.images.pictures import grid, save_png

PAGE = DOCS / "results" / "sketches.md"
MEASURES = ("psnr", "ssim", "perceptual_lite0", "histogram", "histogram_of_all")
SHOWN, SEEDS = 10, 3
LINKS = ("float", "8bit", "noise", "jpeg", "blur")


def main() -> None:
    """Fill the page from the stored results."""
    fill_page(PAGE, tables())
    if all((RESULTS / f"{name}.npz").exists() for name in found()):
        picture()
        show(RESULTS, PAGE)


def tables() -> dict[str, str]:
    """Text by the name of the page's marks."""
    return {"measured": "\n".join((measures(), hidden(), styles()))}


def found() -> dict[str, dict[str, Any]]:
    """The stored result of each translator."""
    return {name: read_json(path) for name in ENTRIES if (path := RESULTS / f"{name}.json").exists()}


def measures() -> str:
    """Table of the measures; baselines first."""
    lines = ["| | steps | PSNR, dB | SSIM | perceptual | distance of colors, each | of all |", "|---|---|---|---|---|---|---|"]
    baselines = read_json(RESULTS / "baselines.json")["baselines"]
    lines += [row(name, "-", facts) for name, facts in baselines.items()]
    lines += [row(f"`{name}`", f"{facts['steps']:,}", facts) for name, facts in found().items()]
    return "\n".join(lines) + "\n"


def hidden() -> str:
    """Table of PSNR of the colors that came back through each link, and of the colors that true lines are given."""
    lines = ["| colors to lines and back | " + " | ".join(LINKS) + " | from true lines | lines off by, levels |", "|---" * 8 + "|"]
    for name, facts in found().items():
        if known := facts.get("hidden"):
            lines.append(f"| `{name}` | " + " | ".join(f"{known[key]:g}" for key in (*LINKS, "from_true_lines", "lines_l1")) + " |")
    return "\n".join(lines) + "\n"


def styles() -> str:
    """Table of how much the colorings of a drawing differ."""
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
    """Draw test drawings, their true colors, and the colors of each translator; of one with styles, by several seeds."""
    made = {name: np.load(RESULTS / f"{name}.npz") for name in found()}
    size = next(iter(made.values()))["seed0"].shape[1]
    test = sketches_pairs(size).splits["test"]
    chosen = np.linspace(0, len(test["lines"]) - 1, SHOWN).round().astype(int)
    rows = {"sketch": uncolored(np.asarray(test["lines"].pixels)), "true colors": np.asarray(test["colors"].pixels)}
    for name, pixels in made.items():
        seeds = list(pixels)[:SEEDS]
        rows |= {f"{name}, {seed}" if len(seeds) > 1 else name: pixels[seed] for seed in seeds}
    save_png(grid([list(pixels[chosen]) for pixels in rows.values()], [""] * SHOWN, list(rows)), RESULTS / "sketches.png")
