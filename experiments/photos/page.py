"""The page docs/results/photos.md from the stored results: its tables and pictures.

python -m experiments.photos page          some seconds
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from experiments.common import DOCS, fill_page, read_json
from experiments.common import show as show_pictures
from experiments.photos.train import CYCLES, ENTRIES, RESULTS, WAYS

PAGE = DOCS / "results" / "photos.md"
SCORED, BEFORE = "scored by VGG-16", "circular, before"
FOLDERS = {
    f"64 px, {SCORED}, made again": RESULTS / "vgg16", f"128 px, {SCORED}, made again": RESULTS / "vgg16" / "128",
    f"64 px, {BEFORE}": RESULTS, f"128 px, {BEFORE}": RESULTS / "128",
}  # fmt: skip
JUDGES = {"perceptual_vgg16": "perceptual, VGG-16", "perceptual_lite0": "perceptual, the painter's network (circular)"}


def main() -> None:
    """Fill the page from the stored results."""
    fill_page(PAGE, tables())
    show_pictures(RESULTS, PAGE)


def tables() -> dict[str, str]:
    """Text by the name of the page's marks."""
    parts = [section(title, folder) for title, folder in FOLDERS.items() if (folder / "baselines.json").exists()]
    return {"measured": "\n".join([shown(), *parts])}


def shown() -> str:
    """Table of the published translators' pictures, scored by VGG-16: means over the photographs, and each photograph."""
    titles = ("PSNR, dB", JUDGES["perceptual_vgg16"], "each photograph", JUDGES["perceptual_lite0"])
    lines = [f"| whole, made smaller, to painting | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for name, measures in read_json(RESULTS / "vgg16" / "shown.json")["made"].items():
        near, seen, before = (statistics.mean(measures[each]) for each in ("psnr", *JUDGES))
        every = ", ".join(f"{value:.2f}" for value in measures["perceptual_vgg16"])
        lines.append(f"| {name} | {near:.2f} | {seen:.2f} | {every} | {before:.2f} |")
    return f"### The four photographs that are shown, {SCORED}\n\n" + "\n".join(lines) + "\n"


def section(title: str, folder: Path) -> str:
    """Tables of the trainings on crops of one side, which are stored in one folder."""
    found = {name: read_json(path) for name in ENTRIES if (path := folder / f"{name}.json").exists()}
    known = read_json(folder / "baselines.json")
    named = {f"`{name}`, {length(facts)} steps": facts for name, facts in found.items()}
    return f"### Crops of {title}\n\n{both_ways(known, named)}" + (f"\n{chains(named)}" if named else "")


def length(facts: dict[str, Any]) -> str:
    """Steps of a training, and the steps of its schedule if it was stopped."""
    whole = facts.get("of", facts["steps"])
    return f"{facts['steps']:,}" + (f" of {whole:,}" if whole != facts["steps"] else "")


def both_ways(baselines: dict[str, Any], found: dict[str, Any]) -> str:
    """Tables of the distances to the true pictures of the other side, and of the change of color; baselines first."""
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
    """Table of PSNR in dB after k round trips: then translated, or (k = 0) translated to its own side, or come back."""
    heads = [*(f"painted, k = {k}" for k in range(CYCLES + 1)), "stays, k = 0", *(f"back, k = {k}" for k in range(1, CYCLES + 1))]
    lines = ["| crops, PSNR in dB | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for name, facts in found.items():
        rows = {(row["direction"], row["cycles"]): row["psnr_to_truth"] for row in facts["rows"] if row["chain"] == "8bit"}
        cells = [rows.get((direction, k)) for direction in ("inv", "rec") for k in range(CYCLES + 1)]
        lines.append(f"| {name} | " + " | ".join("-" if cell is None else f"{cell:.1f}" for cell in cells) + " |")
    return "\n".join(lines) + "\n"
