"""`viceversa demo`: train StarGAN with and without the multicyclic loss at a small scale, and compare them."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from tyro.conf import arg

from viceversa.cli.next_commands import next_commands, print_next
from viceversa.cli.parsing import parsed
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sets.avatars import SPLITS, labels_of, render
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError, printable
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.evaluation.comparison import Comparison, comparison_of
from viceversa.files import vacant
from viceversa.images.decoding import encode
from viceversa.images.pictures import grid, save_png
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.metrics.bootstrap import paired_interval
from viceversa.metrics.chain_protocol import Direction, Place
from viceversa.metrics.features import measure
from viceversa.metrics.labeller_training import independent_labeller
from viceversa.recipes import recipe_named
from viceversa.recipes.settings import Recipe
from viceversa.training.pace import Pace
from viceversa.training.run import Outcome, run_recipe, updated
from viceversa.training.samples import samples

RECIPES = {"base": "stargan", "multicyclic": "multicyclic"}
CYCLES, FEWEST, WANTED, MOST = 3, 20, 200, 500
"""Number of earlier translations; numbers of test images to measure: least, planned for, and most."""
OUTPUTS = 2 * (4 * CYCLES + 2) + 9
"""Sets of images that pass the feature network: two directions and links of each model (at k = 0 one link), and the references
of both."""
RESERVE = 10.0
"""Seconds for the pictures and the report, on two idle CPU cores of 2024."""
BETWEEN = 2.0
"""Seconds to set up and to finish a training."""
SLOWER = 1.5
"""Safety factor of the time estimates: processors slow down when hot, and other programs start."""
SHORTEST = 0.5
"""Seconds of a training if there is no time left."""


@dataclass(frozen=True)
class Demo:
    """Show the package at a small scale. First, the packaged model edits four drawn faces several times. Then the demo trains two
    translators for equal times on 8,000 drawn faces of 32 px: StarGAN without and with the multicyclic loss. It compares them on
    test faces after 0 to 3 earlier translations. The folder then holds pretrained.png, its input faces, samples.png, report.html,
    metrics.json and both trained models."""

    out: Annotated[Path, arg(metavar="DIR")] = Path("viceversa-demo")
    """new or empty folder for the results"""
    minutes: Annotated[float, arg(metavar="M")] = 4
    """time limit of the whole command, in minutes"""


@dataclass(frozen=True)
class Budget:
    """Time budget of the demo: how long each model may train, and how many images can be measured afterwards."""

    deadline: float
    clock: Callable[[], float] = time.monotonic

    @property
    def left(self) -> float:
        """Seconds until the deadline; 0 after it."""
        return max(self.deadline - self.clock(), 0.0)

    def training(self, models: int, seconds_per_image: float) -> float:
        """Return the seconds for each training. The rest is reserved to measure `WANTED` images, slower by the factor `SLOWER`."""
        kept = SLOWER * (WANTED * seconds_per_image + RESERVE + models * BETWEEN)
        return max((self.left - kept) / models, SHORTEST)

    def images(self, seconds_per_image: float) -> int:
        """Return how many images to measure in the remaining time: `WANTED` if possible, more only if there is time to spare."""
        possible = (self.left - SLOWER * RESERVE) / seconds_per_image
        return round(float(np.clip(max(possible / SLOWER, min(possible, WANTED)), FEWEST, MOST)))


def run(arguments: Sequence[str]) -> int:
    """Train and compare the models, and write the report. Return the exit code."""
    asked, began = parsed(Demo, arguments, "demo"), time.monotonic()
    if not 0 < asked.minutes < 1e6:
        raise UsageError(f"--minutes {asked.minutes}: give a number above 0.")
    if not vacant(asked.out):
        raise UsageError(f"{str(asked.out)!r} is not an empty folder: choose another with --out.")
    budget = Budget(began + 60 * asked.minutes)
    show_pretrained(asked.out)
    dataset = open_dataset("avatars", 32)
    independent_labeller(dataset)
    each = budget.training(len(RECIPES), _seconds_per_image(dataset))
    if each < 20:
        short = "the time limit is too short to train a useful model: the report only shows that the program works"
        print(f"viceversa: {short}.", file=sys.stderr)
    facts = {}
    for name, recipe in RECIPES.items():
        outcome = _train(name, recipe_named(recipe), each, asked.out / name)
        facts[name] = f"{outcome.step} generator updates in {each:.0f} s"
    models = {name: load(asked.out / name) for name in RECIPES}
    _draw_samples(models, dataset, asked.out / "samples.png")
    images = budget.images(_seconds_per_image(dataset))
    comparison = comparison_of({name: candidate_of(model) for name, model in models.items()}, dataset, samples=images)
    report = comparison.report("StarGAN with and without the multicyclic loss", facts, conclusion(comparison))
    report.save(asked.out)
    print(report.table())
    minutes = (time.monotonic() - began) / 60
    print(printable(f"{asked.out / 'report.html'}, metrics.json and samples.png; {minutes:.1f} minutes in all"))
    print_next(f"viceversa translate avatars {shlex.quote(str(asked.out / 'faces'))} --to glasses=yes")
    return 0


def conclusion(comparison: Comparison) -> str:
    """Return the effect of the multicyclic loss in words, with intervals paired by image. They do not cover other seeds."""
    last = comparison.way.cycles
    findings = [
        _finding(comparison, "inv", "changed_accuracy", "accuracy of what had to change (inv)", 3),
        _finding(comparison, "inv", "psnr_to_truth", "PSNR to the ground truth (inv), in dB,", 2),
        _finding(comparison, "rec", "perceptual_to_source", "perceptual distance to the source (rec)", 3),
    ]
    return (
        f"After {last} earlier translations through 8-bit images, multicyclic against base, trained for about as long: "
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


def _seconds_per_image(dataset: Dataset) -> float:
    """Return the seconds to measure all outputs of the models for one image, from a short timing."""
    pixels = next(iter(dataset.splits["test"].values())).pixels[:64]
    measure(pixels, [pixels])
    started = time.perf_counter()
    measure(pixels, [pixels, pixels[::-1]])
    return (time.perf_counter() - started) / (3 * len(pixels)) * OUTPUTS


def _train(name: str, recipe: Recipe[Any], seconds: float, run: Path) -> Outcome:
    """Train for the given seconds. There is no search for the best checkpoint: the last one is measured."""
    print(f"{name}: {seconds:.0f} s of training", file=sys.stderr)
    return run_recipe(updated(recipe, {"training.best": "none"}), run, pace=Pace(seconds), next_steps=next_commands)


def show_pretrained(folder: Path) -> None:
    """Write four test faces as FOLDER/faces/ID.png, and the packaged model's edits of them as pretrained.png."""
    model, persons = load("avatars"), SPLITS["test"][:4]
    spec, labels = model.space.images["avatars"], labels_of(persons)
    faces = Images(render(persons, labels, spec.height), torch.from_numpy(labels), tuple(map(str, persons)))
    for pixels, name in zip(faces.pixels, faces.ids, strict=True):
        encode(pixels, folder / "faces" / f"{name}.png")
    people = Dataset("avatars", model.space, {"validation": {"avatars": faces}})
    save_png(grid(*samples(model.method, people, 0, people=len(persons))), folder / "pretrained.png")
    print(
        printable(
            f"{folder / 'pretrained.png'}: four faces ({folder / 'faces'}), edited several times by the packaged model `avatars`"
        )
    )
    sys.stdout.flush()


def _draw_samples(models: Mapping[str, Model], dataset: Dataset, path: Path) -> None:
    """Draw translations of the same faces by each model: to single targets, along a chain of four, and back to the source."""
    drawn = {name: samples(model.method, dataset, 0, people=4) for name, model in models.items()}
    captions = next(iter(drawn.values()))[1]
    rows = [row for people in zip(*(rows for rows, _ in drawn.values()), strict=True) for row in people]
    save_png(grid(rows, captions, list(drawn) * (len(rows) // len(drawn))), path)
