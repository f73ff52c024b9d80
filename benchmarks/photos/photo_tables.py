"""Tables of what results/ holds, into docs/results/photos.md between its marks.

python benchmarks/photos/photo_tables.py
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from run import CYCLES, ENTRIES, RESULTS, WAYS

PAGE = Path(__file__).parents[2] / "docs" / "results" / "photos.md"
SCORED, BEFORE = "scored by VGG-16", "circular, before"
FOLDERS = {
    f"64 px, {SCORED}, made again": RESULTS / "vgg16", f"128 px, {SCORED}, made again": RESULTS / "vgg16" / "128",
    f"64 px, {BEFORE}": RESULTS, f"128 px, {BEFORE}": RESULTS / "128",
}  # fmt: skip
JUDGES = {"perceptual_vgg16": "perceptual, VGG-16", "perceptual_lite0": "perceptual, the painter's network (circular)"}
BEGIN, END = "<!-- measured -->\n", "<!-- end of measured -->\n"


def main() -> None:
    """Writes them."""
    PAGE.write_text(with_tables(PAGE.read_text()))


def with_tables(page: str) -> str:
    """The page with what stands between the marks written anew."""
    before, _, rest = page.partition(BEGIN)
    parts = [section(title, folder) for title, folder in FOLDERS.items() if (folder / "baselines.json").exists()]
    return before + BEGIN + "\n" + "\n".join([shown(), *parts]) + "\n" + END + rest.partition(END)[2]


def shown() -> str:
    """The pictures of the published translators, by VGG-16: means over the photographs, and each of them."""
    titles = ("PSNR, dB", JUDGES["perceptual_vgg16"], "each photograph", JUDGES["perceptual_lite0"])
    lines = [f"| whole, made smaller, to painting | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for name, measures in json.loads((RESULTS / "vgg16" / "shown.json").read_text())["made"].items():
        near, seen, before = (statistics.mean(measures[each]) for each in ("psnr", *JUDGES))
        every = ", ".join(f"{value:.2f}" for value in measures["perceptual_vgg16"])
        lines.append(f"| {name} | {near:.2f} | {seen:.2f} | {every} | {before:.2f} |")
    return f"### The four photographs that are shown, {SCORED}\n\n" + "\n".join(lines) + "\n"


def section(title: str, folder: Path) -> str:
    """The tables of what was trained on crops of one side, and stored in one folder."""
    found = {name: json.loads(path.read_text()) for name in ENTRIES if (path := folder / f"{name}.json").exists()}
    known = json.loads((folder / "baselines.json").read_text())
    named = {f"`{name}`, {length(facts)} steps": facts for name, facts in found.items()}
    return f"### Crops of {title}\n\n{both_ways(known, named)}" + (f"\n{chains(named)}" if named else "")


def length(facts: dict[str, Any]) -> str:
    """The steps of a training, and of how many where it was stopped."""
    whole = facts.get("of", facts["steps"])
    return f"{facts['steps']:,}" + (f" of {whole:,}" if whole != facts["steps"] else "")


def both_ways(baselines: dict[str, Any], found: dict[str, Any]) -> str:
    """How near pictures come to the true ones of the other side, and how far colors go; baselines first."""
    known = baselines | {name: facts["ways"] for name, facts in found.items()}
    judges = [judge for judge in JUDGES if judge in known["nothing"]["crops, to painting"]]
    titles = ["PSNR, dB", "SSIM", *(JUDGES[judge] for judge in judges), "change of color"]
    parts = []
    for way in (f"{kind}, {way}" for way in WAYS for kind in ("whole", "crops")):
        lines = [f"| {way} | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
        for name, facts in known.items():
            if numbers := facts.get(way):
                seen = " | ".join(f"{numbers[judge]:.3f}" for judge in judges)
                near = f"{numbers['psnr']:.2f} | {numbers['ssim']:.3f} | {seen}"
                lines.append(f"| {name} | {near} | {numbers['color_to_source']:.1f} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def chains(found: dict[str, Any]) -> str:
    """What is left of a photograph after k round trips: then translated, or (k = 0) to where it is, or come back: PSNR in dB."""
    heads = [*(f"painted, k = {k}" for k in range(CYCLES + 1)), "stays, k = 0", *(f"back, k = {k}" for k in range(1, CYCLES + 1))]
    lines = ["| crops, PSNR in dB | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for name, facts in found.items():
        rows = {(row["direction"], row["cycles"]): row["psnr_to_truth"] for row in facts["rows"] if row["chain"] == "8bit"}
        cells = [rows.get((direction, k)) for direction in ("inv", "rec") for k in range(CYCLES + 1)]
        lines.append(f"| {name} | " + " | ".join("-" if cell is None else f"{cell:.1f}" for cell in cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
