"""Trains the arms of the experiment, measures each, and writes results/ARM-SEED.json; what is there is not done again.

python benchmarks/multicyclic/run.py                        all: some five hours on two cores; may be interrupted
python benchmarks/multicyclic/run.py --arms base full --seeds 0
python benchmarks/multicyclic/report.py                     tables and figures from what is there
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tyro
from arms import ARMS, SEEDS, VARIATIONS, Arm, command, environment
from cost import cost
from steps import steps

from viceversa.data.dataset import Dataset
from viceversa.data.sources import open_dataset
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.evaluation.evaluate import Judge
from viceversa.evaluation.report.contents import Row
from viceversa.images.pictures import grid, save_png
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.metrics.chains import PROBES, Way, trial
from viceversa.metrics.features import EXTRACTOR
from viceversa.metrics.labeller_training import independent_labeller
from viceversa.training.samples import samples

RESULTS = Path(__file__).parent / "results"
CYCLES, STEPS = 3, 10


@dataclass(frozen=True)
class Experiment:
    """Which trainings, where, and how they are measured."""

    arms: tuple[str, ...] = (*ARMS, *VARIATIONS)
    seeds: tuple[int, ...] = SEEDS
    runs: Path = Path("runs/multicyclic")
    """where they are trained"""
    threads: int = 2
    images: int = 500
    """of the test split, the first so many"""
    updates: int | None = None
    """instead of what the arms have, to try the machinery"""
    results: Path = RESULTS
    """where what is measured goes"""


def main() -> None:
    """One after the other, seed by seed, so that an interrupted experiment has whole seeds; the question's arms first."""
    asked = tyro.cli(Experiment, description=__doc__)
    for arms in (ARMS, VARIATIONS):
        for seed in asked.seeds:
            for name, arm in arms.items():
                if name in asked.arms and seed in arm.seeds and not (asked.results / f"{name}-{seed}.json").exists():
                    print(f"{name}, seed {seed}", file=sys.stderr, flush=True)
                    one(name, replace(arm, updates=asked.updates or arm.updates), seed, asked)


def one(name: str, arm: Arm, seed: int, asked: Experiment) -> None:
    """Trains and measures; writes the rows, those of the bounds once for each size, and a picture."""
    run = asked.runs / f"{name}-{seed}"
    subprocess.run(command(arm, seed, run), env=environment(asked.threads), check=True, stdout=subprocess.DEVNULL)
    asked.results.mkdir(exist_ok=True)
    model, dataset = load(run, checkpoint="last"), open_dataset("avatars", arm.size)
    task = trial(dataset, asked.images)
    judge = Judge(task, independent_labeller(dataset), Way(CYCLES, STEPS, PROBES))
    bounds = asked.results / ("bounds.json" if arm.size == 32 else f"bounds-{arm.size}.json")
    if not bounds.exists():
        written(bounds, {"images": asked.images}, judge.bounds(lambda images: None))
    facts = {
        "recipe": arm.recipe, "seed": seed, "updates": arm.updates, "operations": arm.updates * cost(arm),
        "seconds": round(seconds_of(run), 1), "threads": asked.threads, "dataset": dataset.name, "extractor": EXTRACTOR,
        "images": asked.images, "steps": steps(candidate_of(model), task, STEPS),
    }  # fmt: skip
    picture(model, dataset, asked.results / f"{name}-{seed}.png")
    written(asked.results / f"{name}-{seed}.json", facts, judge.assess("model", candidate_of(model), lambda images: None).rows)


def written(path: Path, facts: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """The facts, and a line for each row."""
    lines = ",\n".join(json.dumps(vars(row)) for row in rows)
    path.write_text(f'{json.dumps(facts)[:-1]}, "rows": [\n{lines}\n]}}\n')


def seconds_of(run: Path) -> float:
    """From the first file of a run to its last checkpoint: pauses count."""
    written = [path.stat().st_mtime for path in run.glob("checkpoints/*/manifest.json")]
    return max(written) - (run / "recipe.json").stat().st_mtime


def picture(model: Model, dataset: Dataset, path: Path) -> None:
    """The same people for every arm: translated one attribute at a time, along a chain, and back home."""
    save_png(grid(*samples(model.method, dataset, 0, people=4)), path)


if __name__ == "__main__":
    main()
