"""`viceversa tune RECIPE`: a search for better settings of a recipe; what is not searched is set as for a training."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, UseAppendAction, arg

from viceversa.cli.parsing import parsed
from viceversa.cli.train import long_form
from viceversa.errors import UsageError, printable
from viceversa.recipes import recipe_named
from viceversa.recipes.record import differences
from viceversa.recipes.settings import Recipe
from viceversa.training.run import updated
from viceversa.tuning.axes import DEFAULT, axes_of
from viceversa.tuning.search import Equal, Plan, search

ABOUT = (
    "Searches for better settings of {name}: trains it again and again, each time with others, and measures each on validation "
    "images. The first trial is the recipe as it is. The same command goes on with a search, and may run several times at once. "
    "--search names a setting by its dotted name, as in --search method.critic-steps=1|2|5; multicycle.cycles, multicycle.first "
    "and multicycle.decay make multicycle.extra, and are searched if nothing is named. All settings can also be set, for all "
    "trials; --steps and --batch are short for --training.steps and --training.batch."
)


@dataclass(frozen=True)
class Search:
    """How a search is made, whatever the recipe is."""

    out: Annotated[Path | None, arg(metavar="DIR")] = None
    """the search's folder; tuning/RECIPE, if not given"""
    trials: Annotated[int, arg(metavar="N")] = 20
    """how many trials the search has in all"""
    search: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="NAME=VALUES")]] = ()
    """LOW..HIGH, LOW..HIGH:log or A|B|C of a setting; may be repeated"""
    objective: Annotated[str | None, arg(metavar="NAME")] = None
    """what to make better, as inv3.psnr_to_truth"""
    samples: Annotated[int, arg(metavar="N")] = 200
    """how many validation images a trial is measured on"""
    checks: Annotated[int, arg(metavar="N")] = 4
    """how often it is measured; worse than most, it is given up"""
    equal: Equal = "steps"
    """what trainings have alike"""
    storage: Annotated[str | None, arg(metavar="URL")] = None
    """a database that several machines share"""


@dataclass(frozen=True)
class Tune(Search):
    """Searches for better settings of a recipe. `viceversa tune RECIPE --help` shows every setting of that recipe."""

    recipe: Annotated[Positional[str], arg(metavar="RECIPE")] = ""
    """one of those that `viceversa recipes` lists; it comes first"""
    steps: Annotated[int | None, arg(metavar="N")] = None
    """length of each training, in batches"""


def run(arguments: Sequence[str]) -> int:
    """Searches, and prints what was found. Returns the exit code."""
    if not arguments or arguments[0].startswith("-"):
        parsed(Tune, arguments, "tune")
        raise UsageError("name a recipe first, as in viceversa tune multicyclic; viceversa recipes lists them.")
    name, *rest = arguments
    asked = _asked(recipe_named(name), rest)
    axes = axes_of(asked.recipe, asked.search or DEFAULT)
    plan = Plan(axes, asked.objective, asked.samples, asked.checks, asked.equal)
    folder = asked.out or Path("tuning") / name
    findings = search(plan, folder, trials=asked.trials, storage=asked.storage)
    print(findings.summary())
    print(printable(" and ".join(map(str, findings.files))))
    if findings.best:
        best = updated(asked.recipe, findings.best[0].user_attrs["settings"])
        print("\nto train the best at full length:")
        print(printable(command(best, searched=[axis.name for axis in axes.axes])))
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
    settings = make_dataclass(
        "Settings", [("recipe", Annotated[type(recipe), arg(name="")], field(default=recipe))], bases=(Search,), frozen=True
    )  # fmt: skip
    return parsed(settings, [long_form(option) for option in options], f"tune {recipe.name}", ABOUT.format(name=recipe.name))
