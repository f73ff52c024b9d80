"""`viceversa train RECIPE`: a training, begun or gone on with; every setting of the recipe by its dotted name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import ValidationError
from tyro.conf import Positional, arg

from viceversa.cli.parsing import parsed
from viceversa.errors import UsageError, printable
from viceversa.recipes import recipe_named
from viceversa.recipes.record import read_record
from viceversa.recipes.settings import Recipe
from viceversa.training.commands import next_commands, resume_command
from viceversa.training.page import PAGE
from viceversa.training.run import default_run, run_recipe

SHORT = {"--steps": "--training.steps", "--batch": "--training.batch"}


@dataclass(frozen=True)
class Run:
    """How a training is run, whatever its settings are."""

    out: Annotated[Path | None, arg(metavar="DIR")] = None
    """the run's folder; runs/RECIPE, if not given"""
    epochs: Annotated[int | None, arg(metavar="N")] = None
    """length of the schedule, in passes over the data"""
    until: Annotated[int | None, arg(metavar="N")] = None
    """stop at this step, to be resumed"""
    resume: bool = False
    """go on with the run in --out; its settings hold"""
    overwrite: bool = False
    """begin anew in the place of a run"""


@dataclass(frozen=True)
class Train(Run):
    """Trains a recipe. `viceversa train RECIPE --help` shows every setting of that recipe."""

    recipe: Annotated[Positional[str], arg(metavar="RECIPE")] = ""
    """one of those that `viceversa recipes` lists; it comes first"""
    data: Annotated[str | None, arg(metavar="SPEC")] = None
    """what to train on, as `avatars` or `avatars:glasses`"""
    init: Annotated[str | None, arg(metavar="RUN")] = None
    """a run whose weights to start from"""
    steps: Annotated[int | None, arg(metavar="N")] = None
    """length of the schedule, in batches"""
    batch: Annotated[int | None, arg(metavar="N")] = None
    """images in a batch, over all processes"""


def run(arguments: Sequence[str]) -> int:
    """Trains. Returns the exit code: 0, or 128 and the signal's number for a training that was interrupted."""
    if not arguments or arguments[0].startswith("-"):
        parsed(Train, arguments, "train")
        raise UsageError("name a recipe first, as in viceversa train multicyclic; viceversa recipes lists them.")
    name, *rest = arguments
    options = [long_form(option) for option in rest]
    asked = _asked(recipe_named(name), options)
    out = asked.out or default_run(name)
    if asked.resume:
        asked = _asked(_stored(out, name), options)
    if asked.epochs is not None and any(option.startswith("--training.steps") for option in options):
        raise UsageError("--steps and --epochs both set the length: give one of them.")
    outcome = run_recipe(
        asked.recipe, out, epochs=asked.epochs, until=asked.until, resume=asked.resume, overwrite=asked.overwrite
    )  # fmt: skip
    if outcome.interrupted:
        again = resume_command(outcome.run, asked.recipe.name)
        print(printable(f"viceversa: interrupted after step {outcome.step}, which is saved; go on with: {again}"), file=sys.stderr)
        return 128 + outcome.interrupted
    best = outcome.best
    kept = f"; best: step {best.step}, {best.metric} {best.value:.4g}" if best else ""
    print(printable(f"{outcome.run}: {outcome.step} steps{kept}"))
    print(printable(f"pictures: {outcome.run / PAGE}"))
    record = read_record(outcome.run)
    for command in next_commands(outcome.run, record, done=outcome.step >= record.recipe.training.steps).values():
        print(printable(f"next: {command}"))
    return 0


def long_form(option: str) -> str:
    """An option by its dotted name, where a short one was given."""
    name, equals, value = option.partition("=")
    return SHORT.get(name, name) + equals + value


def _stored(run: Path, name: str) -> Recipe[Any]:
    """The settings of a run, which must be one of the recipe's."""
    stored = read_record(run).recipe
    if stored.name != name:
        raise UsageError(f"{str(run)!r} holds a run of {stored.name!r}, not of {name!r}.")
    try:
        return type(recipe_named(name)).model_validate(stored.model_dump())
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise UsageError(f"{str(run)!r} holds a run of {name!r} with the settings of another recipe: see its {place}.") from None


def _asked(recipe: Recipe[Any], options: Sequence[str]) -> Any:
    """The options over the recipe's settings: a Run with the `recipe`."""
    settings = make_dataclass(
        "Settings", [("recipe", Annotated[type(recipe), arg(name="")], field(default=recipe))], bases=(Run,), frozen=True
    )  # fmt: skip
    about = f"Trains {recipe.name}. --steps and --batch are short for --training.steps and --training.batch."
    return parsed(settings, options, f"train {recipe.name}", about)
