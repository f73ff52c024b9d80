"""`viceversa train RECIPE`: a training, begun or gone on with; every setting of the recipe by its dotted name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import field, make_dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import ValidationError
from tyro.conf import arg

from viceversa.cli.options import Run, Search
from viceversa.cli.parsing import long_form, parsed
from viceversa.errors import UsageError, printable
from viceversa.method import Builder
from viceversa.own import is_named, named
from viceversa.recipes import recipe_named
from viceversa.recipes.own import own_recipe, read_with
from viceversa.recipes.record import read_record
from viceversa.recipes.settings import Recipe
from viceversa.training.run import default_run, run_recipe


def run(arguments: Sequence[str]) -> int:
    """Trains. Returns the exit code: 0, or 128 and the signal's number for a training that was interrupted."""
    if not arguments or arguments[0].startswith("-"):
        raise UsageError("name a recipe first, as in viceversa train multicyclic; viceversa recipes lists them.")
    name, *rest = arguments
    options = [long_form(option) for option in rest]
    own = named(name) if is_named(name) else None
    asked = _asked(recipe_named(name) if own is None else own_recipe(own), options, name)
    out = asked.out or default_run(name if own is None else "own")
    if asked.resume:
        asked = _asked(_stored(out, asked.recipe, own), options, name)
    if asked.epochs is not None and any(option.startswith("--training.steps") for option in options):
        raise UsageError("--steps and --epochs both set the length: give one of them.")
    outcome = run_recipe(
        asked.recipe, out, own=own, epochs=asked.epochs, until=asked.until, resume=asked.resume, overwrite=asked.overwrite
    )  # fmt: skip
    if outcome.interrupted:
        print(f"viceversa: interrupted after step {outcome.step}, which is saved; go on with --resume.", file=sys.stderr)
        return 128 + outcome.interrupted
    best = outcome.best
    kept = f"; best: step {best.step}, {best.metric} {best.value:.4g}" if best else ""
    print(printable(f"{outcome.run}: {outcome.step} steps{kept}"))
    return 0


def _stored(run: Path, recipe: Recipe[Any], own: Builder | None) -> Recipe[Any]:
    """The settings of a run, which must be one of the recipe's."""
    stored, name = read_record(run).recipe, recipe.name
    if stored.name != name:
        raise UsageError(f"{str(run)!r} holds a run of {stored.name!r}, not of {name!r}.")
    if own is not None:
        return read_with(stored, own)
    try:
        return type(recipe).model_validate(stored.model_dump())
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise UsageError(f"{str(run)!r} holds a run of {name!r} with the settings of another recipe: see its {place}.") from None


def _asked(recipe: Recipe[Any], options: Sequence[str], name: str = "") -> Any:
    """The options over the recipe's settings: a Run with the `recipe`. name: what it was asked for by, if not by its own."""
    name = name or recipe.name
    about = f"Train {name}. --steps, --batch and --seed are short for --training.steps, .batch and .seed."
    return parsed(settings_of(recipe, Run), options, f"train {name}", about, pairs=True)


def settings_of(recipe: Recipe[Any], kind: type[Run | Search]) -> Any:
    """A class for a Run or a Search with all settings of the `recipe`, whose values are the defaults."""
    return make_dataclass(
        "Settings", [("recipe", Annotated[type(recipe), arg(name="")], field(default=recipe))], bases=(kind,), frozen=True
    )  # fmt: skip
