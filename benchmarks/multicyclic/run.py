"""Trains the arms of the experiment, measures each, and writes results/ARM-SEED.json; what is there is not done again.

python benchmarks/multicyclic/run.py                        all: some five hours on two cores; may be interrupted
python benchmarks/multicyclic/run.py --arms base full --seeds 0
python benchmarks/multicyclic/report.py                     tables and figures from what is there
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from arms import ARMS, SEEDS, VARIATIONS, Arm, command, environment
from cost import operations
from steps import steps

from viceversa.data.sources import open_dataset
from viceversa.evaluation.chains import trial
from viceversa.evaluation.compare import compare
from viceversa.evaluation.features import EXTRACTOR
from viceversa.pictures import grid, save_png
from viceversa.training.samples import samples
from viceversa.translate import Model, load

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


def main() -> None:
    """One after the other, seed by seed, so that an interrupted experiment has whole seeds; the question's arms first."""
    asked = tyro.cli(Experiment, description=__doc__)
    for arms in (ARMS, VARIATIONS):
        for seed in asked.seeds:
            for name, arm in arms.items():
                if name in asked.arms and seed in arm.seeds and not (RESULTS / f"{name}-{seed}.json").exists():
                    print(f"{name}, seed {seed}", file=sys.stderr, flush=True)
                    run = asked.runs / f"{name}-{seed}"
                    subprocess.run(command(arm, seed, run), env=environment(asked.threads), check=True, stdout=subprocess.DEVNULL)
                    finish(name, arm, seed, run, asked)


def finish(name: str, arm: Arm, seed: int, run: Path, asked: Experiment) -> None:
    """Measures a trained run, and writes its rows, those of the bounds once for each size, and a picture."""
    RESULTS.mkdir(exist_ok=True)
    model = load(run)
    found = measured(arm, seed, run, model, asked)
    bounds = RESULTS / ("bounds.json" if arm.size == 32 else f"bounds-{arm.size}.json")
    if not bounds.exists():
        written(bounds, {"images": asked.images, "rows": [row for row in found["rows"] if row["model"] != "model"]})
    picture(model, arm.size, RESULTS / f"{name}-{seed}.png")
    written(RESULTS / f"{name}-{seed}.json", {**found, "rows": [row for row in found["rows"] if row["model"] == "model"]})


def measured(arm: Arm, seed: int, run: Path, model: Model, asked: Experiment) -> dict[str, Any]:
    """All rows, those of the bounds too, and the steps."""
    dataset = open_dataset("avatars", arm.size)
    found = compare({"model": model.candidate}, dataset, cycles=CYCLES, steps=STEPS, probes=True, samples=asked.images)
    rows = found.report("").rows
    return {
        "recipe": arm.recipe, "seed": seed, "updates": arm.updates, "operations": arm.updates * operations(arm),
        "seconds": round(seconds_of(run), 1), "threads": asked.threads, "dataset": dataset.name, "extractor": EXTRACTOR,
        "images": asked.images, "steps": steps(model.candidate, trial(dataset, asked.images), STEPS),
        "rows": [vars(row) for row in rows],
    }  # fmt: skip


def written(path: Path, result: dict[str, Any]) -> None:
    """A line for each row."""
    rows = ",\n".join(json.dumps(row) for row in result.pop("rows"))
    path.write_text(f'{json.dumps(result)[:-1]}, "rows": [\n{rows}\n]}}\n')


def seconds_of(run: Path) -> float:
    """From the first file of a run to its last checkpoint: pauses count."""
    written = [path.stat().st_mtime for path in run.glob("checkpoints/*/manifest.json")]
    return max(written) - (run / "recipe.json").stat().st_mtime


def picture(model: Model, size: int, path: Path) -> None:
    """The same people for every arm: translated one attribute at a time, along a chain, and back home."""
    save_png(grid(*samples(model.method, open_dataset("avatars", size), 0, people=4)), path)


if __name__ == "__main__":
    main()
