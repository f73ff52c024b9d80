"""Train translators that color drawings, and measure them on test pairs that no training has seen.

python -m experiments.sketches train                          all: one to two hours on two cores
python -m experiments.sketches train --names cyclegan         one of ENTRIES

An interrupted training goes on with the same command. Writes results/NAME.json, and results/NAME.npz with the colored test
drawings. CycleGAN's cycle weight of colors is half of that of lines, because a drawing does not say its colors. pix2pix learns from
pairs and is the ceiling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments.common import trained, write_result
from experiments.sketches.baselines import measured
from experiments.sketches.hidden import hidden
from viceversa.core.domains import Domain
from viceversa.data.sets.sketches import sketches_pairs
from viceversa.images.pixels import Pixels
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
    """A recipe, settings of its method, its data, and the steps of its training, in batches of 4."""

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
    """Which translators are trained, how, and where the results go."""

    names: tuple[str, ...] = tuple(ENTRIES)
    threads: int = 2
    steps: int | None = None
    """steps in place of those of the entry"""
    size: int = 64
    seeds: int = 10
    """seeds of methods with styles"""
    drawings: int | None = None
    """number of test drawings, all if not given"""
    runs: Path = Path("runs/sketches")
    results: Path = RESULTS


def main(asked: Sketches) -> None:
    """Train and measure the translators whose results are not stored, one after the other."""
    torch.set_num_threads(asked.threads)
    asked.results.mkdir(parents=True, exist_ok=True)
    for name in asked.names:
        if not (asked.results / f"{name}.json").exists():
            measure(name, translator(ENTRIES[name], asked.runs / name, asked), asked)


def translator(entry: Entry, run: Path, asked: Sketches) -> Model:
    """The trained translator. An interrupted training ends the program."""
    settings = {f"method.{name}": value for name, value in entry.settings.items()}
    how: dict[str, Any] = {"data": entry.data, "size": asked.size, "batch": 4, "settings": settings}
    return trained(entry.recipe, run, before=True, steps=asked.steps or entry.steps, **how)


def measure(name: str, model: Model, asked: Sketches) -> None:
    """Measure the colored test drawings, the styles, and what is hidden in lines."""
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
    np.savez_compressed(asked.results / f"{name}.npz", **{f"seed{seed}": pixels for seed, pixels in made.items()})
    write_result(asked.results / f"{name}.json", facts)
    print(name, facts["psnr"], facts["perceptual_lite0"], flush=True)


def styles(made: Mapping[int, Pixels], true: Pixels) -> dict[str, float]:
    """How much the colorings of a drawing differ, and PSNR of the best coloring, which is chosen by the ground truth."""
    found = diversity(lambda rows, seed: made[seed][rows], [slice(0, len(true))], len(made))
    nearest = np.max([psnr(pixels, true) for pixels in made.values()], axis=0)
    return {
        "seeds": len(made), "diversity_l1": float(found.l1.mean()), "diversity_perceptual_lite0": float(found.perceptual.mean()),
        "psnr_of_best": round(float(nearest.mean()), 2),
    }  # fmt: skip


def colored(model: Model, lines: Pixels, seed: int = 0) -> Pixels:
    """Drawings (N, H, W, 1) -> (N, H, W, 3)."""
    return model.translate_pixels(lines, Domain("lines"), Domain("colors"), Manner(seed=seed))
