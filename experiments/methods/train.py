"""Train every method of the comparison, measure it, and write results/NAME.json and results/NAME.png.

python -m experiments.methods train                          all methods: about three hours on two cores
python -m experiments.methods train --names relgan stgan     some methods
python -m experiments.methods page                           the page from the stored results; the training ends with it

An interrupted training goes on with the same command. A method with a stored result is not trained again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.common import ROOT, seconds_of, trained, use_cpu, write_result
from experiments.methods import page
from experiments.methods.entries import AMONG_LABELS, ENTRIES, Entry, training_of
from experiments.methods.measure import glasses_and_others, seeded, still, strengths
from viceversa.core.routing import routing_of
from viceversa.data.dataset import Dataset
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.evaluation.judge import Judge
from viceversa.images.pictures import grid, save_png
from viceversa.inference.model import Model
from viceversa.metrics.chain_protocol import Trial, Way, trial
from viceversa.metrics.features import EXTRACTOR
from viceversa.metrics.labeller_training import independent_labeller
from viceversa.recipes import dataset_of
from viceversa.training.samples import samples

RESULTS = Path(__file__).parent / "results"
CYCLES = 3


@dataclass(frozen=True)
class Comparison:
    """Which methods are trained, where, and how they are measured."""

    names: tuple[str, ...] = tuple(ENTRIES)
    runs: Path = Path("runs/methods")
    """folder of the trainings"""
    threads: int = 2
    images: int = 500
    """number of test images"""
    results: Path = RESULTS
    """folder of the results"""


def main(asked: Comparison) -> None:
    """Train and measure the methods one after the other; then fill the page."""
    use_cpu(asked.threads)
    for name in asked.names:
        if not (asked.results / f"{name}.json").exists():
            print(name, file=sys.stderr, flush=True)
            one(name, ENTRIES[name], asked)
    if asked.results == RESULTS:
        page.main()


def one(name: str, entry: Entry, asked: Comparison) -> None:
    """Train and measure one method, and the bounds of its data set if they are not stored."""
    run = asked.runs / name
    model = trained(entry.recipe, run, before=True, **training_of(name))
    dataset = dataset_of(model.record.recipe)
    task = trial(dataset, asked.images)
    judge = Judge(task, independent_labeller(dataset) if routing_of(dataset.space).question else None, Way(CYCLES))
    bounds = asked.results / f"bounds-{dataset.name}.json"
    if not bounds.exists():
        write_result(bounds, {"images": asked.images}, judge.bounds(lambda images: None))
    facts = {
        "recipe": entry.recipe, "steps": model.step, "batch": model.record.recipe.training.batch, "dataset": dataset.name,
        "extractor": EXTRACTOR, "images": asked.images, "seconds": seconds_of(run), "cost": cost(run, asked.threads),
        **further(name, entry, model, dataset, task, asked.results),
    }  # fmt: skip
    save_png(grid(*samples(model.method, dataset, 0, people=4)), asked.results / f"{name}.png")
    write_result(asked.results / f"{name}.json", facts, judge.assess("model", candidate_of(model), lambda images: None).rows)


def further(name: str, entry: Entry, model: Model, dataset: Dataset, task: Trial, results: Path) -> dict[str, Any]:
    """Measures that only some methods have."""
    found: dict[str, Any] = still(model, task) if name in AMONG_LABELS else {}
    if entry.data == "avatars:glasses":
        found |= {"by_attributes": glasses_and_others(model, task)}
    if model.method.styles:
        found |= seeded(model, task)
    if entry.strip:
        graded, picture = strengths(model, dataset)
        save_png(picture, results / f"{name}-strip.png")
        found |= graded
    return found


def cost(run: Path, threads: int) -> dict[str, float]:
    """Cost of a training step, measured in a process of its own."""
    script = [sys.executable, "-m", "experiments.methods.cost", str(run.resolve())]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(script, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found
