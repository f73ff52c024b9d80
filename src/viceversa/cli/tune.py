"""`viceversa tune RECIPE`: a search for better settings of a recipe; what is not searched is set as for a training."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from viceversa.cli.options import Search
from viceversa.cli.parsing import long_form, parsed
from viceversa.cli.train import settings_of
from viceversa.errors import printable
from viceversa.recipes import recipe_named
from viceversa.recipes.record import differences
from viceversa.recipes.settings import Recipe
from viceversa.training.run import updated
from viceversa.tuning.tune import tune

ABOUT = (
    "Searches for better settings of {name}: trains it again and again, each time with others, and measures each on validation "
    "images. The first trial is the recipe as it is. The same command goes on with a search, and may run several times at once. "
    "--search names a setting by its dotted name, as in --search method.critic-steps=1|2|5; multicycle.cycles, multicycle.first "
    "and multicycle.decay make multicycle.extra, and are searched if nothing is named. All settings can also be set, for all "
    "trials; --steps, --batch and --seed are short for --training.steps, .batch and .seed."
)


def run(arguments: Sequence[str]) -> int:
    """Searches, prints what was found. Returns the exit code."""
    name, *rest = arguments
    asked = _asked(recipe_named(name), [long_form(option) for option in rest])
    findings = tune(
        asked.recipe, out=asked.out, trials=asked.trials, search=asked.search, objective=asked.objective, samples=asked.samples,
        checks=asked.checks, equal=asked.equal, storage=asked.storage,
    )  # fmt: skip
    print(findings.table())
    print(printable(" and ".join(map(str, findings.files))))
    if findings.best:
        best = updated(asked.recipe, findings.best[0].user_attrs["settings"])
        print("\nto train the best at full length:")
        print(printable(command(best, searched=[axis.name for axis in findings.axes.axes])))
    return 0


def command(recipe: Recipe[Any], searched: Sequence[str] = ()) -> str:
    """The command that trains these settings, for the recipe's own number of steps unless that was searched."""
    options = [
        option
        for setting, value, _ in differences(recipe, recipe_named(recipe.name))
        if setting != "training.steps" or setting in searched
        for option in _options(setting.replace("_", "-"), value)
    ]
    return shlex.join(["viceversa", "train", recipe.name, *options])


def _options(setting: str, value: Any) -> Iterator[str]:
    """An option as it is written on a command line."""
    match value:
        case bool():
            place, dot, last = setting.rpartition(".")
            yield f"--{place}{dot}{'' if value else 'no-'}{last}"
        case tuple():
            yield from (f"--{setting}", *map(str, value))
        case _:
            yield from (f"--{setting}", str(value))


def _asked(recipe: Recipe[Any], options: Sequence[str]) -> Any:
    """The options over the recipe's settings: a Search with the `recipe`."""
    about = ABOUT.format(name=recipe.name)
    return parsed(settings_of(recipe, Search), options, f"tune {recipe.name}", about, pairs=True)
