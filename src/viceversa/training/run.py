"""Runs: a folder that holds a training from its recipe to its last checkpoint. `train` begins one or goes on with it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from pydantic import ValidationError

from viceversa.data.dataset import Dataset
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError, unknown
from viceversa.evaluation.labeller import save_labeller
from viceversa.method import Builder
from viceversa.recipes import builder, recipe_named
from viceversa.recipes.record import Record, differences, read_record, write_record
from viceversa.recipes.settings import Recipe, Training
from viceversa.training.hardware import accelerator_for, resolved_precision
from viceversa.training.trainer import Trainer

CONTENTS = ("checkpoints", "samples", "events", "metrics.jsonl", "labeller.safetensors", "recipe.json")


@dataclass(frozen=True)
class Outcome:
    """How a training ended: where it is, how many steps it has, and the signal that interrupted it, if one did."""

    run: Path
    step: int
    interrupted: int | None = None


def train(
    what: str | Builder,
    *,
    data: str | None = None,
    out: str | Path | None = None,
    size: int | None = None,
    steps: int | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    seed: int | None = None,
    until: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    quiet: bool = False,
    **training: Any,
) -> Outcome:
    """Trains a recipe by name, or a method of your own: a function from a Space to a Method.

    data: what to train on; size: of its images in pixels. steps or epochs: the length of the schedule; until: stop earlier,
    to be resumed. batch, seed and all other names are settings of the training (recipes.settings.Training).
    resume: go on with the run in `out`, whose settings must not be contradicted; overwrite: begin anew in its place.
    Raises UsageError for what cannot be done, and NotFiniteError at a loss that is not a number.
    """
    own = None if isinstance(what, str) else what
    name = what if isinstance(what, str) else "own"
    run = Path(out) if out is not None else default_run(name)
    base = read_record(run).recipe if resume else _default(name)
    if base.name != name:
        raise UsageError(f"{str(run)!r} holds a run of {base.name!r}, not of {name!r}.")
    if steps is not None and epochs is not None:
        raise UsageError(f"steps={steps} and epochs={epochs} both set the length: give one of them.")
    settings = {"data": data, "size": size}
    trained = {"steps": steps, "batch": batch, "seed": seed, **training}
    recipe = updated(base, _given(settings), _given(trained))
    return run_recipe(recipe, run, own=own, epochs=epochs, until=until, resume=resume, overwrite=overwrite, quiet=quiet)


def default_run(recipe: str) -> Path:
    """Where a recipe is trained if nobody says where."""
    return Path("runs") / recipe


def run_recipe(
    recipe: Recipe[Any],
    run: Path,
    *,
    own: Builder | None = None,
    epochs: int | None = None,
    until: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    quiet: bool = False,
) -> Outcome:
    """Trains complete settings in a run's folder; see `train`."""
    if resume and overwrite:
        raise UsageError("resume goes on with a run and overwrite begins it anew: give one of them.")
    if until is not None and until < 1:
        raise UsageError(f"until={until}: a training goes on until step 1 at least.")
    stored = read_record(run) if resume else None
    if stored is None:
        _check_room(run, overwrite=overwrite)
    accelerator = accelerator_for(str(run))
    dataset = open_dataset(recipe.data, recipe.size)
    if epochs is not None:
        recipe = updated(recipe, {}, {"steps": epochs * _steps_per_epoch(dataset, recipe.training.batch)})
    record = _record(recipe, dataset, own, accelerator, stored)
    if stored:
        _same(stored, record, run)
    trainer = Trainer(run, builder(recipe, own), dataset, recipe.training, accelerator, record.precision, quiet)
    if stored:
        trainer.resume()
    if accelerator.is_main_process:
        _furnish(run, record, dataset, anew=stored is None, quiet=quiet)
    accelerator.wait_for_everyone()
    interrupted = trainer.train(min(until or recipe.training.steps, recipe.training.steps))
    return Outcome(run, trainer.step, interrupted)


def _record(recipe: Recipe[Any], dataset: Dataset, own: Builder | None, accelerator: Accelerator, stored: Record | None) -> Record:
    """What the run is, resolved; a run that goes on keeps its precision wherever it does."""
    return Record(
        recipe=recipe,
        dataset=dataset.name,
        space=dataset.space,
        build=None if own is None else f"{own.__module__}:{getattr(own, '__qualname__', own)}",
        device=accelerator.device.type,
        precision=stored.precision if stored else resolved_precision(recipe.training.precision, accelerator.device),
    )


def _furnish(run: Path, record: Record, dataset: Dataset, *, anew: bool, quiet: bool) -> None:
    """Writes what a run's folder holds before its first checkpoint: recipe.json, and the labeller if it is not there."""
    if anew:
        _make_room(run)
        write_record(run, record)
    labeller = run / "labeller.safetensors"
    if record.recipe.training.labeller and dataset.space.attributes and not labeller.exists():
        save_labeller(dataset, labeller, quiet=quiet)


def _default(name: str) -> Recipe[Any]:
    return Recipe[None](name="own", method=None) if name == "own" else recipe_named(name)


def updated(recipe: Recipe[Any], settings: Mapping[str, Any], training: Mapping[str, Any]) -> Recipe[Any]:
    """The recipe with some of its settings, and of its training's, changed. Raises UsageError that names the setting."""
    for name in training:
        if name not in Training.model_fields:
            raise unknown("setting", name, Training.model_fields)
    values = recipe.model_dump()
    try:
        return type(recipe).model_validate({**values, **settings, "training": {**values["training"], **training}})
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, first['loc']))} = {first['input']!r}: {first['msg'].lower()}.") from None


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _steps_per_epoch(dataset: Dataset, batch: int) -> int:
    return -(-max(len(images) for images in dataset.splits["train"].values()) // batch)


def _check_room(run: Path, *, overwrite: bool) -> None:
    """Refuses a folder that is in use."""
    if run.exists() and not run.is_dir():
        raise UsageError(f"{str(run)!r} is a file: choose a folder with --out.")
    if not run.exists() or not any(run.iterdir()):
        return
    if not (run / "recipe.json").exists():
        raise UsageError(f"the folder {str(run)!r} is not empty and holds no run: choose another with --out.")
    if not overwrite:
        raise UsageError(f"{str(run)!r} holds a run already: go on with it (--resume) or begin anew in its place (--overwrite).")


def _make_room(run: Path) -> None:
    """Removes the run that is there, and nothing else."""
    for name in CONTENTS:
        path = run / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _same(stored: Record, asked: Record, run: Path) -> None:
    """Refuses to go on with settings that contradict the run's."""
    for name, old, new in differences(stored, asked):
        if name != "device":
            raise UsageError(f"{str(run)!r} was begun with {name} = {old!r}, not {new!r}: leave it out, or begin a new run.")
