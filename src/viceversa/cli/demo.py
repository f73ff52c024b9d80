"""`viceversa demo`: the main job at small scale: StarGAN with and without the multicyclic loss, trained and compared."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import torch
from tyro.conf import arg

from viceversa.cli.parsing import parsed
from viceversa.data.avatars import SPLITS, labels_of, render
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError, printable
from viceversa.evaluation.bootstrap import paired_interval
from viceversa.evaluation.chains import Direction, Place
from viceversa.evaluation.compare import Comparison, compare
from viceversa.evaluation.features import measure
from viceversa.evaluation.labeller import independent_labeller
from viceversa.files import vacant
from viceversa.pictures import grid, save_png
from viceversa.recipes import builder, recipe_named
from viceversa.recipes.settings import Recipe
from viceversa.training.hardware import accelerator_for, resolved_precision
from viceversa.training.run import Outcome, run_recipe, updated
from viceversa.training.samples import samples
from viceversa.training.trainer import Trainer
from viceversa.translate import Model, load

RECIPES = {"base": "stargan", "multicyclic": "multicyclic"}
CYCLES, PEOPLE, FEWEST = 3, 500, 50
OUTPUTS = 4 * CYCLES + 2 + 4
"""Sets of images that pass the feature network for a model: two directions and links (at k = 0 one link), and the real ones."""
RESERVE = 12.0
"""Seconds for the samples, checkpoints and the report."""
TIMED = 32
"""Steps of a short timing, a multiple of 4."""
SLOWER = 1.3
"""How much slower than in a short timing all may get: processors cool down by it, and other programs wake up."""


@dataclass(frozen=True)
class Demo:
    """Shows what the packaged model makes of four faces, at once. Then draws 11,000, trains StarGAN with and without the
    multicyclic loss for equal times, and compares what is left of a face after 0 to 3 further translations. Writes
    pretrained.png, metrics.json, report.html, samples.png and both runs."""

    out: Annotated[Path, arg(metavar="DIR")] = Path("viceversa-demo")
    """new or empty folder for the results"""
    minutes: Annotated[float, arg(metavar="M")] = 8
    """time limit of the whole command, in minutes"""


def run(arguments: Sequence[str]) -> int:
    """Trains, compares, and reports. Returns the exit code, as for `train`."""
    asked, began = parsed(Demo, arguments, "demo"), time.monotonic()
    if not 0 < asked.minutes < 1e6:
        raise UsageError(f"--minutes {asked.minutes}: give a number above 0.")
    if not vacant(asked.out):
        raise UsageError(f"{str(asked.out)!r} is not an empty folder: choose another with --out.")
    _draw_pretrained(asked.out / "pretrained.png")
    dataset = open_dataset("avatars", 32)
    independent_labeller(dataset)
    recipes = {name: recipe_named(recipe) for name, recipe in RECIPES.items()}
    deadline = began + 60 * asked.minutes - RESERVE
    steps = _steps(recipes, dataset, deadline)
    seconds = {}
    for name, recipe in recipes.items():
        started = time.monotonic()
        outcome = _train(name, recipe, steps[name], asked.out / name)
        if outcome.interrupted:
            print(f"viceversa: interrupted after step {outcome.step} of {name}.", file=sys.stderr)
            return 128 + outcome.interrupted
        seconds[name] = time.monotonic() - started
    models = {name: load(asked.out / name) for name in recipes}
    _draw_samples(models, dataset, asked.out / "samples.png")
    comparison = compare({name: model.candidate for name, model in models.items()}, dataset, samples=_people(dataset, deadline))
    facts = {
        name: f"{steps[name]} generator updates on batches of {recipe.training.batch} in {seconds[name]:.0f} s, "
        f"{models[name].record.precision}, seed {recipe.training.seed}"
        for name, recipe in recipes.items()
    }
    report = comparison.report("StarGAN with and without the multicyclic loss", facts, conclusion(comparison))
    report.save(asked.out)
    print(report.table())
    minutes = (time.monotonic() - began) / 60
    print(printable(f"{asked.out / 'report.html'}, metrics.json and samples.png; {minutes:.1f} minutes in all"))
    return 0


def conclusion(comparison: Comparison) -> str:
    """What the multicyclic loss bought, from intervals paired by image; one seed, so only the images' chance is in them."""
    last = comparison.way.cycles
    findings = [
        _finding(comparison, "inv", "changed_accuracy", "accuracy of what had to change (inv)", 3),
        _finding(comparison, "inv", "psnr_to_truth", "PSNR to the true edit (inv), in dB,", 2),
        _finding(comparison, "rec", "perceptual_to_source", "perceptual distance to the source (rec)", 3),
    ]
    return (
        f"After {last} further translations through 8-bit images, multicyclic against base, trained for about as long: "
        f"{'; '.join(findings)}. (95 % intervals over images, of one seed; seeds vary too.)"
    )


def _finding(comparison: Comparison, direction: Direction, metric: str, words: str, digits: int) -> str:
    place = Place(direction, comparison.way.cycles, "8bit")
    multicyclic, base = (comparison.assessments[name].per_image[place][metric] for name in ("multicyclic", "base"))
    difference = paired_interval(multicyclic, base)
    if difference is None:
        return f"{words} is undefined"
    between = f"{difference.mean:+.{digits}f} ({difference.low:+.{digits}f} to {difference.high:+.{digits}f})"
    if difference.low <= 0 <= difference.high:
        return f"{words} shows no difference at this size, {between}"
    return f"{words} differs by {between}"


def _steps(recipes: Mapping[str, Recipe[Any]], dataset: Dataset, deadline: float) -> dict[str, int]:
    """From a short timing: equal time for all models, after what it takes to measure them, at most a third of what is left."""
    each = {name: _seconds_per_step(recipe, dataset) for name, recipe in recipes.items()}
    measuring = PEOPLE * _seconds_per_person(dataset)
    left = max(deadline - time.monotonic(), 0) / SLOWER
    training = left - min(left / 3, measuring)
    steps = {name: max(int(training / len(each) / seconds), 4) for name, seconds in each.items()}
    if min(steps.values()) < 200:
        print("viceversa: this is too short a time to train anything good: the report tries the machinery only.", file=sys.stderr)
    return steps


def _people(dataset: Dataset, deadline: float) -> int:
    """How many people can be measured in the time that is left, within bounds."""
    return int(np.clip((deadline - time.monotonic()) / _seconds_per_person(dataset), FEWEST, PEOPLE))


def _seconds_per_step(recipe: Recipe[Any], dataset: Dataset) -> float:
    """The mean over a few rounds of 4 steps, as R1 is computed at every 4th, after a first one."""
    with TemporaryDirectory() as folder:
        accelerator = accelerator_for(folder)
        precision = resolved_precision(recipe.training.precision, accelerator.device)
        trainer = Trainer(Path(folder), builder(recipe), dataset, recipe.training, accelerator, precision, quiet=True)
        for _ in range(4):
            trainer.one_step()
        started = time.perf_counter()
        for _ in range(TIMED):
            trainer.one_step()
        return (time.perf_counter() - started) / TIMED


def _seconds_per_person(dataset: Dataset) -> float:
    """To measure all that the models make of one image."""
    pixels = next(iter(dataset.splits["test"].values())).pixels[:100]
    measure(pixels, [pixels])
    started = time.perf_counter()
    measure(pixels, [pixels, pixels[::-1]])
    return (time.perf_counter() - started) / (3 * len(pixels)) * OUTPUTS * len(RECIPES)


def _train(name: str, recipe: Recipe[Any], steps: int, run: Path) -> Outcome:
    print(f"{name}: {steps} steps", file=sys.stderr)
    lengths = {"training.steps": steps, "training.checkpoint_every": steps, "training.sample_every": -(-steps // 3)}
    return run_recipe(updated(recipe, lengths), run)


def _draw_pretrained(path: Path) -> None:
    """Four test persons, translated by the model that comes with the package; says where they are."""
    model, persons = load("avatars"), SPLITS["test"][:4]
    spec, labels = model.space.images["avatars"], labels_of(persons)
    faces = Images(render(persons, labels, spec.height), torch.from_numpy(labels), tuple(map(str, persons)))
    people = Dataset("avatars", model.space, {"validation": {"avatars": faces}})
    save_png(grid(*samples(model.method, people, 0, people=len(persons))), path)
    print(printable(f"{path}: four faces, edited again and again by the packaged model `avatars`"), flush=True)


def _draw_samples(models: Mapping[str, Model], dataset: Dataset, path: Path) -> None:
    """The same people translated by each model: to single targets, along a chain of four, and back home."""
    drawn = {name: samples(model.method, dataset, 0, people=4) for name, model in models.items()}
    captions = next(iter(drawn.values()))[1]
    rows = [row for people in zip(*(rows for rows, _ in drawn.values()), strict=True) for row in people]
    save_png(grid(rows, captions, list(drawn) * (len(rows) // len(drawn))), path)
