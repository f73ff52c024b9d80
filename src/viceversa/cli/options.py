"""Options of `train` and `tune` that do not depend on the recipe, and the check of the recipe's name. Imports no PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import FlagCreatePairsOff, Positional, UseAppendAction, arg

from viceversa.cli.parsing import parsed
from viceversa.errors import UsageError, unknown
from viceversa.recipes import RECIPES
from viceversa.recipes.user_functions import is_named
from viceversa.tuning import Equal


@dataclass(frozen=True)
class Run:
    """Options of a training that are not settings of its recipe."""

    out: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")] = None
    """folder of the run (default: runs/RECIPE)"""
    until: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """stop at this step; --resume continues from there"""
    device: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "auto"
    """auto (default), cpu, cuda, cuda:1 or mps"""
    resume: Annotated[FlagCreatePairsOff[bool], arg(help_behavior_hint="")] = False
    """continue the run in --out with its settings"""
    overwrite: Annotated[FlagCreatePairsOff[bool], arg(help_behavior_hint="")] = False
    """replace the run in --out with a new one"""
    dry_run: Annotated[FlagCreatePairsOff[bool], arg(help_behavior_hint="")] = False
    """only measure some steps: what time, memory and disk it takes"""


@dataclass(frozen=True)
class Train(Run):
    """Train a model. RECIPE names a method with its settings; `viceversa train RECIPE --help` shows all of them."""

    recipe: Annotated[Positional[str], arg(metavar="RECIPE", help_behavior_hint="(required without --resume)")] = ""
    """a name that `viceversa recipes` lists, or MODULE:FUNCTION that builds a custom method"""
    data: Annotated[str | None, arg(metavar="SPEC", help_behavior_hint="")] = None
    """training data: a folder, a table, or a built-in set like avatars"""
    size: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """height and width of the images in pixels"""
    steps: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """length of the training in steps, each on one batch"""
    epochs: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """length of the training in passes over the data, instead of --steps"""
    batch: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """number of images per step, over all processes"""
    seed: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """seed of the weights, the data order and all random draws"""
    skip_bad: Annotated[bool, arg(help_behavior_hint="")] = False
    """skip image files that cannot be read"""
    init: Annotated[str | None, arg(metavar="RUN", help_behavior_hint="")] = None
    """run that gives the initial weights"""


@dataclass(frozen=True)
class Search:
    """Options of a search that are not settings of its recipe."""

    out: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")] = None
    """folder of the search (default: tuning/RECIPE)"""
    trials: Annotated[int, arg(metavar="N")] = 20
    """total number of trials; each trial is one training"""
    search: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="NAME=VALUES")]] = ()
    """a setting to vary, and its values: LOW..HIGH, LOW..HIGH:log or A|B|C"""
    objective: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")] = None
    """metric to improve: direction, cycles, dot, metric, such as inv3.psnr_to_truth: PSNR to the ground truth after 3 earlier
    translations; docs/tuning.md lists all"""
    samples: Annotated[int, arg(metavar="N")] = 200
    """number of validation images for a measurement"""
    checks: Annotated[int, arg(metavar="N")] = 4
    """measurements per trial; a trial worse than most stops early"""
    device: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "auto"
    """auto (default), cpu, cuda, cuda:1 or mps"""
    equal: Equal = "steps"
    """budget of every trial: equal training steps, or equal arithmetic operations"""
    storage: Annotated[str | None, arg(metavar="URL", help_behavior_hint="")] = None
    """URL of a database, for a search on several machines"""


@dataclass(frozen=True)
class Tune(Search):
    """Search for better settings of a recipe. `viceversa tune RECIPE --help` shows every setting that can be varied."""

    recipe: Annotated[Positional[str], arg(metavar="RECIPE", help_behavior_hint="(required)")] = ""
    """a name that `viceversa recipes` lists, or MODULE:FUNCTION that builds a custom method"""
    steps: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """length of each training in steps"""


COMMANDS: dict[str, type[Train | Tune]] = {"train": Train, "tune": Tune}
"""Commands that take a recipe."""


def check_recipe(command: str, arguments: Sequence[str]) -> None:
    """Handle what needs no settings of a recipe: the help of the command, and a missing or misspelt recipe.

    Raises UsageError for a missing or unknown recipe. Exits after --help.
    """
    match arguments:
        case [name, *_] if not name.startswith("-"):
            if name not in RECIPES and not is_named(name):
                raise unknown("recipe", name, RECIPES)
        case [*options] if "--resume" not in options or "--help" in options:  # a resumed run has stored its recipe
            recipe = parsed(COMMANDS[command], arguments, command).recipe or "multicyclic"
            raise UsageError(
                f"name a recipe first, as in viceversa {command} {recipe}; the command 'viceversa recipes' lists them."
            )
