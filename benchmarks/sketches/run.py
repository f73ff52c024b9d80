"""Translators that color drawings: trained, and measured on test pairs that no training has seen.

python benchmarks/sketches/run.py                          all: one to two hours on two cores; may be interrupted
python benchmarks/sketches/run.py --names cyclegan         one of ENTRIES
python benchmarks/sketches/summary.py                       table and pictures of what is there

Writes results/NAME.json and NAME.npz, the colored test drawings. CycleGAN's cycles of colors weigh half of those of lines, as a
drawing does not say its colors; pix2pix learns from pairs and is the ceiling.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from baselines import measured
from hidden import hidden

import viceversa as vv
from viceversa.core.domains import Domain
from viceversa.data.sets.sketches import sketches_pairs
from viceversa.images.pixels import Pixels
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.metrics.diversity import diversity
from viceversa.metrics.features import EXTRACTOR
from viceversa.metrics.similarity import psnr

RESULTS = Path(__file__).parent / "results"
CYCLEGAN = {"width": 32, "blocks": 6, "critic_width": 64, "cycle": 10, "cycle_back": 5}
UNPAIRED, PAIRED = "sketches", "sketches:pairs"


@dataclass(frozen=True)
class Entry:
    """A recipe with some settings of its method, what it is trained on, and how long, in batches of 4."""

    recipe: str
    settings: Mapping[str, float]
    data: str = UNPAIRED
    steps: int = 2000


ENTRIES: Mapping[str, Entry] = {
    "cyclegan": Entry("cyclegan", CYCLEGAN),
    "cyclegan-luminance": Entry("cyclegan", CYCLEGAN | {"luminance": 0.5}),
    "cut": Entry("cut", {"width": 32, "blocks": 6, "critic_width": 64}),
    "augmented-cyclegan": Entry("augmented-cyclegan", {"cycle": 10, "cycle_back": 5}),
    "pix2pix": Entry("pix2pix", {"width": 32, "critic_width": 64}, PAIRED, 8000),
}


@dataclass(frozen=True)
class Sketches:
    """Which translators, and where."""

    names: tuple[str, ...] = tuple(ENTRIES)
    threads: int = 2
    steps: int | None = None
    """instead of each entry's own"""
    size: int = 64
    seeds: int = 10
    """of methods with styles"""
    drawings: int | None = None
    """of the test, instead of all"""
    runs: Path = Path("runs/sketches")
    results: Path = RESULTS


def main() -> None:
    """One after the other; what is there is not done again."""
    asked = tyro.cli(Sketches, description=__doc__)
    torch.set_num_threads(asked.threads)
    asked.results.mkdir(parents=True, exist_ok=True)
    for name in asked.names:
        if not (asked.results / f"{name}.json").exists():
            train(ENTRIES[name], asked.runs / name, asked)
            measure(name, asked)


def train(entry: Entry, run: Path, asked: Sketches) -> None:
    """Train, or go on with what there is. An interrupted training ends the program."""
    settings = {f"method.{name}": value for name, value in entry.settings.items()}
    how: dict[str, Any] = {"precision": "bf16", "checkpoint_every": 500, "best": "none", "settings": settings}
    how |= {"data": entry.data, "size": asked.size, "steps": asked.steps or entry.steps, "batch": 4}
    vv.train(entry.recipe, out=run, **({"resume": True} if (run / "recipe.json").exists() else how))


def measure(name: str, asked: Sketches) -> None:
    """The test drawings, colored, beside the true colors; the styles; what is hidden in lines."""
    model = load(asked.runs / name, checkpoint="last")
    test = sketches_pairs(asked.size).splits["test"]
    lines, true = (np.asarray(test[space].pixels)[: asked.drawings] for space in ("lines", "colors"))
    made = {seed: colored(model, lines, seed) for seed in range(asked.seeds if model.method.styles else 1)}
    facts: dict[str, Any] = {
        "recipe": model.record.recipe.name, "dataset": model.record.dataset, "steps": model.step, "pairs": len(lines),
        "settings": model.record.recipe.method.model_dump(), "extractor": EXTRACTOR,
        **measured(made[0], true),
    }  # fmt: skip
    if model.method.styles:
        facts["styles"] = styles(made, true)
    if model.method.returns:
        facts["hidden"] = hidden(model, lines, true)
    (asked.results / f"{name}.json").write_text(json.dumps(facts, indent=2) + "\n")
    np.savez_compressed(asked.results / f"{name}.npz", **{f"seed{seed}": pixels for seed, pixels in made.items()})
    print(name, facts["psnr"], facts["perceptual_lite0"], flush=True)


def styles(made: Mapping[int, Pixels], true: Pixels) -> dict[str, float]:
    """How much the colorings of a drawing differ, and how near to the truth the best of them is, found by knowing it."""
    found = diversity(lambda rows, seed: made[seed][rows], [slice(0, len(true))], len(made))
    nearest = np.max([psnr(pixels, true) for pixels in made.values()], axis=0)
    return {
        "seeds": len(made), "diversity_l1": float(found.l1.mean()), "diversity_perceptual_lite0": float(found.perceptual.mean()),
        "psnr_of_best": round(float(nearest.mean()), 2),
    }  # fmt: skip


def colored(model: Model, lines: Pixels, seed: int = 0) -> Pixels:
    """Drawings (N, H, W, 1) -> (N, H, W, 3)."""
    return model.translate_pixels(lines, Domain("lines"), Domain("colors"), Manner(seed=seed))


if __name__ == "__main__":
    main()
