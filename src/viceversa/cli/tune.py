"""`viceversa tune RECIPE`: search for better settings of a recipe. Other settings are given as in `viceversa train`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from viceversa.cli.options import Search
from viceversa.cli.parsing import long_form
from viceversa.cli.train import settings_over
from viceversa.errors import printable
from viceversa.recipes import recipe_named
from viceversa.recipes.own_method import own_recipe
from viceversa.recipes.settings import Recipe
from viceversa.recipes.user_functions import function_named, is_named
from viceversa.runs.record import changed_settings
from viceversa.training.run import updated
from viceversa.tuning.tune import tune

ABOUT = (
    "Search for better settings of {name}: train it several times with different settings and measure each trial on validation "
    "images. The first trial uses the recipe unchanged. Repeat the command to continue a search; several may run at once. "
    "--search names a setting and its values, such as --search method.critic-steps=1|2|5. multicycle.cycles, multicycle.first "
    "and multicycle.decay make the list multicycle.extra; they are searched by default. Any other setting applies to all "
    "trials; --steps, --epochs, --batch and --seed are short for --training.steps, .epochs, .batch and .seed."
)


LENGTHS = ("training.steps", "training.epochs")


def run(arguments: Sequence[str]) -> int:
    """Search, and print what was found. Return the exit code."""
    name, *rest = arguments
    build = function_named(name) if is_named(name) else None
    base = recipe_named(name) if build is None else own_recipe(build)
    asked = _asked(base, [long_form(option) for option in rest], name)
    findings = tune(
        asked.recipe, out=asked.out, trials=asked.trials, search=asked.search, objective=asked.objective, samples=asked.samples,
        checks=asked.checks, equal=asked.equal, storage=asked.storage, build=build, device=asked.device,
    )  # fmt: skip
    print(findings.table())
    print(printable(" and ".join(map(str, findings.files))))
    if findings.best:
        best = updated(asked.recipe, findings.best[0].user_attrs["settings"])
        print("\nto train with the best settings at full length:")
        print(printable(command(best, [axis.name for axis in findings.axes.axes], name=name, base=base)))
    return 0


def command(recipe: Recipe[Any], searched: Sequence[str] = (), *, name: str | None = None, base: Recipe[Any] | None = None) -> str:
    """Return the command that trains these settings, for the recipe's own number of steps unless it was searched.

    Args:
        searched: dotted names of the searched settings.
        name: MODULE:FUNCTION of a custom method.
        base: recipe of the custom method, with its defaults.
    """
    options = [
        option
        for setting, value, _ in changed_settings(recipe, base or recipe_named(recipe.name))
        if setting not in LENGTHS or setting in searched
        for option in _options(setting.replace("_", "-"), value)
    ]
    return shlex.join(["viceversa", "train", name or recipe.name, *options])


def _options(setting: str, value: Any) -> Iterator[str]:
    """Yield the words of an option on a command line."""
    match value:
        case bool():
            place, dot, last = setting.rpartition(".")
            yield f"--{place}{dot}{'' if value else 'no-'}{last}"
        case tuple():
            yield from (f"--{setting}", *map(str, value))
        case _:
            yield from (f"--{setting}", str(value))


def _asked(recipe: Recipe[Any], options: Sequence[str], name: str) -> Any:
    """Return a Search with the `recipe`, changed by the options. name: the recipe's name on the command line."""
    about = ABOUT.format(name=name)
    return settings_over(recipe, Search, options, f"tune {name}", about)
