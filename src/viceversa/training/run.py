"""Runs: folders that hold a training, from its recipe to its last checkpoint. `train` starts or resumes a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from pydantic import ValidationError

from viceversa.core.method import Builder, Method
from viceversa.core.routing import routing_of
from viceversa.core.space import Space
from viceversa.data.dataset import Dataset
from viceversa.data.files.sizes import DRAWN
from viceversa.data.sources import absolute, located_folder
from viceversa.device import Device, resolved_precision
from viceversa.errors import Terminated, UsageError, printable
from viceversa.files import in_utf8
from viceversa.inference.familiarity import FILE, save_familiarity
from viceversa.progress import logged, say
from viceversa.recipes import builder, dataset_of, recipe_named
from viceversa.recipes.other_projects import suggestion
from viceversa.recipes.own_method import own_recipe, read_with, storable
from viceversa.recipes.settings import Recipe
from viceversa.recipes.user_functions import name_of
from viceversa.runs.folder import LOG, alone, check_contents, check_room, make_room, remove_halves
from viceversa.runs.record import Record, dotted, read_record, write_record
from viceversa.runs.selection import Validation, best_validation
from viceversa.runs.weights import check_shapes, latest_checkpoint
from viceversa.training.changes import Change, changes, line_of_change, noted
from viceversa.training.initializing import frozen, initialize
from viceversa.training.labelling import labelling
from viceversa.training.next_calls import NextSteps, next_calls
from viceversa.training.pace import Pace
from viceversa.training.probe import Estimate
from viceversa.training.processes import accelerator_for, training_device
from viceversa.training.trainer import Trainer

ARGUMENTS = ("out", "resume")
"""Arguments of `train` that are not settings."""


@dataclass(frozen=True, repr=False)
class Outcome:
    """Result of a training: its folder, its number of steps, and its best checkpoint, if there is one.

    estimate: resources of the training, for a dry run, which has no steps.
    """

    run: Path
    step: int
    best: Validation | None = None
    estimate: Estimate | None = None

    def __repr__(self) -> str:
        if self.estimate:
            return "\n".join(self.estimate.lines())
        best = f", best step {self.best.step:,}: {self.best.metric} {self.best.value:.4g}" if self.best else ""
        return f"Outcome({self.run}, step {self.step:,}{best})"


def train(
    what: str | Builder,
    *,
    data: str | None = None,
    images: str | Path | None = None,
    out: str | Path | None = None,
    size: int | None = None,
    skip_bad: bool | None = None,
    init: str | Path | None = None,
    init_only: Sequence[str] | None = None,
    freeze: Sequence[str] | None = None,
    steps: int | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    seed: int | None = None,
    until: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    dry_run: bool = False,
    device: Device = "auto",
    quiet: bool = False,
    settings: Mapping[str, Any] | None = None,
    **training: Any,
) -> Outcome:
    """Train a recipe, or a custom method.

    Args:
        what: name of a recipe, or a function from a Space to a Method.
        data: training data, named as in the recipe's setting `data`.
        images: folder of the images that a table names, if it is not the table's own folder.
        out: folder of the run.
        size: height and width of the images in pixels; by default a size that fits the images.
        skip_bad: skip image files that cannot be read.
        init: run that gives the initial weights.
        init_only: networks to take from it.
        freeze: networks whose weights stay as they are.
        steps, epochs: length of the training, as one of both.
        batch: number of images per step.
        seed: seed of the weights, the data order and all random draws.
        until: stop at this step; `resume` continues from there.
        resume: continue the run in `out` with its settings. Steps, learning rates and intervals may change, other settings may not
            (training/changes.py).
        overwrite: replace the run in `out` with a new one.
        dry_run: only measure some steps, and return the time, memory and disk space of the training as `estimate`.
        device: device of the training, as in `load`; each of several processes has its own.
        quiet: print only warnings.
        settings: any settings of the recipe by their dotted names, such as {"method.width": 64}.
        training: further settings of the training (recipes.settings.Training).

    Returns:
        The folder of the run, the number of its steps, and its best checkpoint.

    Raises:
        UsageError: If an argument is not valid, or the training cannot start or continue.
        NotFiniteError: If a loss is not a finite number.
        KeyboardInterrupt, Terminated: After SIGINT (Ctrl-C) or SIGTERM, once the step is saved. Terminated is a SystemExit with
            code 143.
    """
    own, name = (None, what) if isinstance(what, str) else (what, "own")
    run = Path(out) if out is not None else default_run(name)
    base = read_record(run).recipe if resume else _default(name, own)
    if base.name != name:
        raise UsageError(f"{str(run)!r} holds a run of {base.name!r}, not of {name!r}.")
    asked: dict[str, Any] = {"data": data, "images": None if images is None else str(images), "size": size, "skip_bad": skip_bad}
    asked |= {"init": None if init is None else str(init), "init_only": init_only, "freeze": freeze}
    lengths = {"steps": steps, "epochs": epochs}
    asked |= {f"training.{key}": value for key, value in (training | lengths | {"batch": batch, "seed": seed}).items()}
    base = base if own is None else read_with(base, own)
    recipe = updated(base, {**(settings or {}), **{key: value for key, value in asked.items() if value is not None}})
    if dry_run:
        return Outcome(run, 0, estimate=estimated(recipe, run, own=own, device=device))
    try:
        return run_recipe(recipe, run, own=own, until=until, resume=resume, overwrite=overwrite, device=device, quiet=quiet)
    except Terminated as stop:  # a SystemExit prints nothing
        say(f"viceversa: {stop}")
        raise


def default_run(recipe: str) -> Path:
    """Return the default folder of a run of this recipe."""
    return Path("runs") / recipe


def run_recipe(
    recipe: Recipe[Any],
    run: Path,
    *,
    own: Builder | None = None,
    until: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    device: Device = "auto",
    quiet: bool = False,
    pace: Pace | None = None,
    introduce: bool = True,
    next_steps: NextSteps = next_calls,
) -> Outcome:
    """Train complete settings in a run's folder; see `train` for the other arguments.

    Args:
        recipe: the settings.
        run: folder of the run.
        own: function that builds a custom method.
        pace: length in seconds; the number of steps done then replaces that of the settings.
        introduce: also print the first lines.
        next_steps: suggestions of next steps on the run's page.
    """
    _check_wishes(until, resume=resume, overwrite=overwrite)
    in_utf8(run, "the run")
    if recipe.init_only and recipe.init is None:
        selected = f"`init_only` selects networks of another run ({', '.join(recipe.init_only)})"
        raise UsageError(f"{selected}: also name that run with `init`.")
    accelerator = accelerator_for(str(run))
    where = training_device(accelerator, device)
    with _telling_what_is_kept(run), alone(run, accelerator), logged() as append:
        stored = _before(run, resume=resume, overwrite=overwrite)
        accelerator.wait_for_everyone()  # the main process writes next
        recipe, dataset = _resolved(recipe)
        if dataset.summary and stored is None and accelerator.is_main_process:
            say(dataset.summary, quiet=quiet or not introduce)
        record = _record(recipe, dataset, own, where, stored)
        changed: list[Change] = []
        if stored:
            checkpoint = latest_checkpoint(run, quiet=True)
            changed = changes(stored, record, run, step := int(checkpoint.name) if checkpoint else 0)
            record = noted(record, changed, stored, step)
            if own is None and checkpoint:
                check_shapes(checkpoint / "networks.safetensors", _builder(recipe, own), record.space)
        trainer = Trainer(
            run, _builder(recipe, own), dataset, recipe.training, accelerator, where, record.precision, quiet, pace,
            record=record, introduce=introduce, next_steps=next_steps,
        )  # fmt: skip
        if not (stored and trainer.resume()) and recipe.init:
            _initialize(trainer, recipe, own, Path(recipe.init))
        if accelerator.is_main_process:
            _furnish(run, record, anew=stored is None, changed=bool(changed))
            append(run / LOG)
            if not quiet:
                _explain(trainer, changed)
            if recipe.training.labeller and routing_of(dataset.space).described:
                trainer.labelling = labelling(run, dataset, where, quiet=quiet)
        accelerator.wait_for_everyone()
        try:
            trainer.train(min(until or recipe.training.steps, recipe.training.steps))
        finally:
            if trainer.labelling:
                trainer.labelling.close()
            if pace and accelerator.is_main_process:
                write_record(run, record.model_copy(update={"recipe": updated(recipe, {"training.steps": max(trainer.step, 1)})}))
        if accelerator.is_main_process and not (run / FILE).exists():
            save_familiarity(dataset, run / FILE)
        return Outcome(run, trainer.step, best_validation(run))


def estimated(recipe: Recipe[Any], run: Path, *, own: Builder | None = None, device: Device = "auto") -> Estimate:
    """Estimate the resources of a training from some of its steps. Nothing is written to the run's folder.

    Args:
        recipe: complete settings.
        run: planned folder of the run.
        own: function that builds a custom method.
        device: device of the training.

    Raises:
        UsageError: If the training is not possible.
    """
    with TemporaryDirectory() as folder:
        accelerator = accelerator_for(folder)
        where = training_device(accelerator, device)
        recipe, dataset = _resolved(recipe)
        record = _record(recipe, dataset, own, where, None)
        trainer = Trainer(
            Path(folder), _builder(recipe, own), dataset, recipe.training, accelerator, where, record.precision, record=record
        )  # fmt: skip
        return trainer.estimate(run)


@contextmanager
def _telling_what_is_kept(run: Path) -> Iterator[None]:
    """Add to a Ctrl-C between steps what is kept of the run, and how to continue."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(str(stop) or _kept(run)) from None


def _kept(run: Path) -> str:
    if checkpoint := latest_checkpoint(run, quiet=True):
        return f"interrupted: the checkpoint of step {int(checkpoint.name)} of {str(run)!r} is kept; continue with `resume=True`."
    return "interrupted before the first checkpoint: start it again in the same way. What is in the cache is not made again."


def _before(run: Path, *, resume: bool, overwrite: bool) -> Record | None:
    """Return the record of the run to continue; None to begin a new one. Raises UsageError if neither is possible."""
    check_contents(run)
    if not resume:
        check_room(run, overwrite=overwrite)
        return None
    stored = read_record(run)
    if stored.dataset == "imported":
        raise UsageError(f"{str(run)!r} was imported and has no training to continue: start another with `init={str(run)!r}`.")
    return stored


def _check_wishes(until: int | None, *, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise UsageError("`resume` continues a run and `overwrite` replaces it: give one of them.")
    if until is not None and until < 1:
        raise UsageError(f"`until={until}`: give step 1 or later.")


def _resolved(recipe: Recipe[Any]) -> tuple[Recipe[Any], Dataset]:
    """Return the recipe with absolute paths, a size and a length in steps, and its data set."""
    recipe = _located(recipe)
    dataset = dataset_of(recipe)
    return in_steps(updated(recipe, {"size": recipe.size or dataset.size or DRAWN}), dataset), dataset


def _located(recipe: Recipe[Any]) -> Recipe[Any]:
    """Return the recipe with absolute paths that recipe.json can hold."""
    start = None if recipe.init is None else in_utf8(Path(recipe.init).absolute(), "the run")
    folder = located_folder(recipe.images)
    images = None if folder is None else in_utf8(folder, "the image folder")
    return updated(recipe, {"data": in_utf8(absolute(recipe.data), "the data"), "images": images, "init": start})


def _builder(recipe: Recipe[Any], own: Builder | None) -> Builder:
    """Return the function that builds the recipe's method, with its frozen networks."""

    def build(space: Space) -> Method:
        return frozen(builder(recipe, own)(space), recipe.freeze)

    return build


def _initialize(trainer: Trainer, recipe: Recipe[Any], own: Builder | None, start: Path) -> None:
    """Take the initial weights from another run, for the trained networks and their averages; print which they are."""
    for method in (trainer.method, trainer.averages):
        taken = initialize(method, trainer.dataset.space, start, only=recipe.init_only, build=own)
    if trainer.accelerator.is_main_process:
        say(printable(f"initial weights from {start}: {', '.join(taken)}"), quiet=trainer.quiet)


def _record(recipe: Recipe[Any], dataset: Dataset, own: Builder | None, device: torch.device, stored: Record | None) -> Record:
    """Return the record of the run. A continued run keeps its precision on any device."""
    return Record(
        recipe=storable(recipe),
        dataset=dataset.name,
        space=dataset.space,
        build=None if own is None else name_of(own),
        device=device.type,
        precision=stored.precision if stored else resolved_precision(recipe.training.precision, device),
    )


def _furnish(run: Path, record: Record, *, anew: bool, changed: bool) -> None:
    """Write the files of a run before its first step: recipe.json, for a new run and after changes of settings."""
    remove_halves(run)
    if anew:
        make_room(run)
    if anew or changed:
        write_record(run, record)


def _explain(trainer: Trainer, changed: Sequence[Change]) -> None:
    """Print what changes in a continued run, or that no steps are left."""
    for change in changed:
        say(f"viceversa: {line_of_change(change, trainer)}.")
    if trainer.step >= trainer.settings.steps:
        say(f"viceversa: all {trainer.settings.steps} steps are done; to continue, give a larger number of steps.")


def _default(name: str, own: Builder | None) -> Recipe[Any]:
    return recipe_named(name) if own is None else own_recipe(own)


def updated(recipe: Recipe[Any], changes: Mapping[str, Any]) -> Recipe[Any]:
    """Return the recipe with changed settings, given by their dotted names. A number of steps replaces the recipe's epochs.

    Raises UsageError that names the setting.
    """
    steps, epochs = (changes.get(f"training.{unit}") for unit in ("steps", "epochs"))
    if steps is not None and epochs is not None:
        raise UsageError(f"`steps={steps}` and `epochs={epochs}` both set the length: give one of them.")
    values = recipe.model_dump()
    if steps is not None:
        values["training"]["epochs"] = None
    known = [name for name, _ in dotted(values)]
    for name, value in changes.items():
        if name not in known:
            told = _as_argument(suggestion(name.removeprefix("training."), str(value), [*known, *ARGUMENTS]), value)
            told = told or f"The settings are {', '.join(known)}."
            raise UsageError(f"unknown setting {name.removeprefix('training.')!r}. {told}")
        *places, last = name.split(".")
        reduce(getitem, places, values)[last] = value
    try:
        return type(recipe).model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, first['loc']))} = {first['input']!r}: {first['msg'].lower()}.") from None


def _as_argument(text: str, value: Any) -> str:
    """Return the text with its settings as arguments of `train`: batch=8, or settings={'method.width': 8}."""

    def argument(found: re.Match[str]) -> str:
        short = found[1].removeprefix("training.")
        shown = repr(value) if isinstance(value, int | float) else "..."
        return f"{short}={shown}" if "." not in short else f"settings={{{found[1]!r}: {shown}}}"

    return re.sub(r"`([a-z_.]+)`", argument, text)


def in_steps(recipe: Recipe[Any], dataset: Dataset) -> Recipe[Any]:
    """Return the recipe with its length in steps, computed from epochs if necessary."""
    if recipe.training.epochs is None:
        return recipe
    per_epoch = -(-max(len(images) for images in dataset.splits["train"].values()) // recipe.training.batch)
    return updated(recipe, {"training.steps": recipe.training.epochs * per_epoch})
