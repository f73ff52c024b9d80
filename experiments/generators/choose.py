"""Try settings on validation images: a short training of any recipe, one row in results/choices.jsonl.

python -m experiments.generators choose NAME --recipe cyclegan --data avatars:glasses --size 64 --seconds 150 \
    --settings '{"method.generator": "masked"}'

The number of steps is what SECONDS of one thread allow, timed on this machine when the training begins. Rows describe: one seed,
on a machine that may have done other things. The arms of arms.py were chosen by them, and never by test images.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from experiments.common import trained, use_cpu
from experiments.generators.arms import FIXED, Judge
from experiments.generators.cost import steps, trainer_of
from experiments.generators.judges import judge
from viceversa.core.domains import Domain
from viceversa.images.fitting import shown
from viceversa.images.pictures import grid, save_png
from viceversa.inference.model import Model
from viceversa.recipes import dataset_of, recipe_named
from viceversa.training.run import updated

CHOICES = Path(__file__).parent / "results" / "choices.jsonl"
WARM, TIMED, SHOWN = 4, 24, 12


@dataclass(frozen=True)
class Choose:
    """What is trained, for how long, and how it is judged."""

    name: tyro.conf.Positional[str]
    """name of the row"""
    recipe: str
    data: str
    seconds: float
    settings: str = "{}"
    """settings of the recipe by their dotted names, as JSON"""
    size: int | None = None
    judge: Judge = "truth"
    photos: str = ""
    """folder of whole photographs, for the judge photos"""
    runs: Path = Path("runs/choices")


def main(asked: Choose) -> None:
    """Train, measure on validation images, and add a row; the first images are drawn beside the run."""
    use_cpu(1)
    values: dict[str, Any] = {**FIXED, **json.loads(asked.settings)}
    count = int(asked.seconds / seconds_of_step(asked, values))
    run = asked.runs / asked.name
    shutil.rmtree(run, ignore_errors=True)
    started = time.process_time()
    model = trained(asked.recipe, run, data=asked.data, size=asked.size, settings=values, steps=count, checkpoint_every=count)
    spent = round(time.process_time() - started)
    found = judge(asked.judge, model, "validation", photos=asked.photos, full=False)
    row = {
        "name": asked.name,
        "recipe": asked.recipe,
        "data": Path(asked.data).name,
        "size": asked.size,
        "steps": count,
        "seconds": spent,
    }
    with CHOICES.open("a") as file:
        file.write(json.dumps({**row, "settings": json.loads(asked.settings), "found": found}) + "\n")
    print(row, found)
    if not model.space.attributes:
        save_png(picture(model), asked.runs / f"{asked.name}.png")


def seconds_of_step(asked: Choose, values: dict[str, Any]) -> float:
    """CPU seconds of a step, now."""
    recipe = updated(recipe_named(asked.recipe), {"data": asked.data, "size": asked.size, "training.steps": 1000, **values})
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(recipe, Path(folder) / "run")
        steps(trainer, WARM)
        return steps(trainer, TIMED) / TIMED


def picture(model: Model) -> Any:
    """Validation images, their translations, the ground truth if there is one, and the way back."""
    dataset = dataset_of(model.record.recipe)
    first, second = model.space.pair
    rows, titles = [], []
    for here, there in ((first, second), (second, first)) if model.method.returns else ((first, second),):
        source = np.asarray(dataset.splits["validation"][here].pixels[:SHOWN])
        made = model.translate_pixels(source, Domain(here), Domain(there))
        strips = {here: source, f"to {there}": made}
        if dataset.truth:
            strips["truth"] = np.asarray(dataset.truth("validation", here, np.arange(len(source)), there, None))
        if model.method.returns:
            strips["and back"] = model.translate_pixels(made, Domain(there), Domain(here))
        rows += [list(shown(each)) for each in strips.values()]
        titles += list(strips)
    return grid(rows, [""] * SHOWN, titles)
