"""`viceversa train RECIPE`: start or continue a training. Every setting of the recipe is an option with its dotted name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, make_dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import ValidationError
from tyro.conf import arg

from viceversa.cli.next_commands import next_commands, print_next
from viceversa.cli.options import Run, Search
from viceversa.cli.parsing import long_form, parsed
from viceversa.core.method import Builder
from viceversa.errors import UsageError, printable
from viceversa.recipes import recipe_named
from viceversa.recipes.own_method import own_recipe, read_with
from viceversa.recipes.settings import Recipe
from viceversa.recipes.user_functions import function_named, is_named
from viceversa.runs.record import read_record
from viceversa.training.page import PAGE
from viceversa.training.run import default_run, estimated, run_recipe, updated


def run(arguments: Sequence[str]) -> int:
    """Train, and print where the run is. Return the exit code."""
    name, *rest = arguments if arguments and not arguments[0].startswith("-") else [_recipe_of_run(arguments), *arguments]
    options = [long_form(option) for option in rest]
    own = function_named(name) if is_named(name) else None
    asked = _asked(recipe_named(name) if own is None else own_recipe(own), options, name)
    out = asked.out or default_run(name if own is None else "own")
    if asked.resume:
        asked = _asked(_stored(out, asked.recipe, own), options, name)
    if asked.dry_run:
        print("\n".join(estimated(asked.recipe, out, own=own, device=asked.device).lines()))
        return 0
    outcome = run_recipe(
        asked.recipe,
        out,
        own=own,
        until=asked.until,
        resume=asked.resume,
        overwrite=asked.overwrite,
        device=asked.device,
        next_steps=next_commands,
    )
    best = outcome.best
    kept = f"; best: step {best.step}, {best.metric} {best.value:.4g}" if best else ""
    print(printable(f"{outcome.run}: {outcome.step} steps{kept}"))
    print(printable(f"pictures: {outcome.run / PAGE}"))
    record = read_record(outcome.run)
    print_next(*next_commands(outcome.run, record, outcome.step >= record.recipe.training.steps).values())
    return 0


def _recipe_of_run(arguments: Sequence[str]) -> str:
    """Return the recipe of the run in --out, for options that name no recipe. Raises UsageError."""
    words = [word for option in arguments for word in option.split("=", 1)]
    if "--out" not in words[:-1]:
        raise UsageError("name a recipe first, as in viceversa train multicyclic; the command 'viceversa recipes' lists them.")
    out = words[words.index("--out") + 1]
    record = read_record(Path(out))
    if record.build:
        raise UsageError(f"{out!r} was trained with a custom method: give it as RECIPE, as in viceversa train {record.build}.")
    return record.recipe.name


def _stored(run: Path, recipe: Recipe[Any], own: Builder | None) -> Recipe[Any]:
    """Return the settings of a run. Raises UsageError if the run has another recipe."""
    stored, name = read_record(run).recipe, recipe.name
    if stored.name != name:
        raise UsageError(f"{str(run)!r} holds a run of {stored.name!r}, not of {name!r}.")
    if own is not None:
        return read_with(stored, own)
    try:
        return type(recipe).model_validate(stored.model_dump())
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        other = f"holds a run of {name!r} with the settings of another recipe"
        raise UsageError(f"{str(run)!r} {other}: give the same {place} as its recipe.json, or choose another --out.") from None


def _asked(recipe: Recipe[Any], options: Sequence[str], name: str = "") -> Any:
    """Return a Run with the `recipe`, changed by the options. name: the recipe's name on the command line; by default its own."""
    name = name or recipe.name
    about = f"Train {name}. --steps, --epochs, --batch and --seed are short for --training.steps, .epochs, .batch and .seed."
    return settings_over(recipe, Run, options, f"train {name}", about)


def settings_over(recipe: Recipe[Any], kind: type[Run | Search], options: Sequence[str], command: str, about: str) -> Any:
    """Return a Run or a Search with the `recipe`, changed by the options. A given number of steps replaces the recipe's epochs.

    Raises UsageError for an option that cannot be read, and for steps together with epochs.
    """
    by_steps, by_epochs = (any(option.startswith(f"--training.{unit}") for option in options) for unit in ("steps", "epochs"))
    if by_steps and by_epochs:
        raise UsageError("--steps and --epochs both set the length: give one of them.")
    if by_steps:
        recipe = updated(recipe, {"training.epochs": None})
    return parsed(settings_of(recipe, kind), options, command, about, pairs=True)


def settings_of(recipe: Recipe[Any], kind: type[Run | Search]) -> Any:
    """Return a subclass of Run or Search with the settings of the `recipe` as defaults."""
    return make_dataclass(
        "Settings", [("recipe", Annotated[type(recipe), arg(name="")], field(default=recipe))], bases=(kind,), frozen=True
    )  # fmt: skip
