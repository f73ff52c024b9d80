"""Trains every method of the comparison, measures it, and writes results/NAME.json; what is there is not done again.

python benchmarks/methods/run.py                                   all: some three hours on two cores; may be interrupted
python benchmarks/methods/run.py --names relgan stgan
python benchmarks/methods/comparison_tables.py                     the page's tables from what is there, which all of it ends with
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import comparison_tables
import tyro
from entries import AMONG_LABELS, ENTRIES, Entry, command, environment
from measure import glasses_and_others, seeded, still, strengths

from viceversa.core.routing import routing_of
from viceversa.data.dataset import Dataset
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.evaluation.evaluate import Judge
from viceversa.images.pictures import grid, save_png
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.metrics.chains import Trial, Way, trial
from viceversa.metrics.features import EXTRACTOR
from viceversa.metrics.labeller_training import independent_labeller
from viceversa.recipes import dataset_of
from viceversa.training.samples import samples

RESULTS = Path(__file__).parent / "results"
CYCLES = 3


@dataclass(frozen=True)
class Comparison:
    """Which methods, where, and how they are measured."""

    names: tuple[str, ...] = tuple(ENTRIES)
    runs: Path = Path("runs/methods")
    """where they are trained"""
    threads: int = 2
    images: int = 500
    """of the test split, the first so many"""
    results: Path = RESULTS
    """where what is measured goes"""


def main() -> None:
    """One after the other."""
    asked = tyro.cli(Comparison, description=__doc__)
    asked.results.mkdir(exist_ok=True)
    for name in asked.names:
        if not (asked.results / f"{name}.json").exists():
            print(name, file=sys.stderr, flush=True)
            one(name, ENTRIES[name], asked)
    if asked.results == RESULTS:
        comparison_tables.main()


def one(name: str, entry: Entry, asked: Comparison) -> None:
    """Trains and measures one; the bounds of its data set once."""
    run = asked.runs / name
    subprocess.run(command(name, run), env=environment(asked.threads), check=True, stdout=subprocess.DEVNULL)
    model = load(run, checkpoint="last")
    dataset = dataset_of(model.record.recipe)
    task = trial(dataset, asked.images)
    judge = Judge(task, independent_labeller(dataset) if routing_of(dataset.space).question else None, Way(CYCLES))
    bounds = asked.results / f"bounds-{dataset.name}.json"
    if not bounds.exists():
        written(bounds, {"images": asked.images}, judge.bounds(lambda images: None))
    facts = {
        "recipe": entry.recipe, "steps": model.step, "batch": model.record.recipe.training.batch, "dataset": dataset.name,
        "extractor": EXTRACTOR, "images": asked.images, "seconds": round(seconds_of(run), 1), "cost": cost(run, asked.threads),
        **further(name, entry, model, dataset, task, asked.results),
    }  # fmt: skip
    save_png(grid(*samples(model.method, dataset, 0, people=4)), asked.results / f"{name}.png")
    written(asked.results / f"{name}.json", facts, judge.assess("model", candidate_of(model), lambda images: None).rows)


def further(name: str, entry: Entry, model: Model, dataset: Dataset, task: Trial, results: Path) -> dict[str, Any]:
    """What only some methods have."""
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
    """In a process of its own."""
    script = [sys.executable, str(Path(__file__).with_name("cost.py")), str(run)]
    done = subprocess.run(script, env=environment(threads), check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def written(path: Path, facts: dict[str, Any], rows: list[Any]) -> None:
    """The facts, and a line for each row."""
    lines = ",\n".join(json.dumps(vars(row)) for row in rows)
    path.write_text(f'{json.dumps(facts)[:-1]}, "rows": [\n{lines}\n]}}\n')


def seconds_of(run: Path) -> float:
    """From the first file of a run to its last checkpoint: pauses count."""
    ends = [path.stat().st_mtime for path in run.glob("checkpoints/*/manifest.json")]
    return max(ends) - (run / "recipe.json").stat().st_mtime


if __name__ == "__main__":
    main()
