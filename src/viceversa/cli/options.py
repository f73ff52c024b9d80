"""What `train` and `tune` take whatever the recipe is, and the check of its name: answered without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import FlagCreatePairsOff, Positional, UseAppendAction, arg

from viceversa.cli.parsing import parsed
from viceversa.errors import UsageError, unknown
from viceversa.own import is_named
from viceversa.recipes import RECIPES
from viceversa.tuning import Equal


@dataclass(frozen=True)
class Run:
    """How a training is run, whatever its settings are."""

    out: Annotated[Path | None, arg(metavar="DIR")] = None
    """the run's folder; runs/RECIPE, if not given"""
    epochs: Annotated[int | None, arg(metavar="N")] = None
    """length of the schedule, in passes over the data"""
    until: Annotated[int | None, arg(metavar="N")] = None
    """stop at this step, to be resumed"""
    resume: FlagCreatePairsOff[bool] = False
    """go on with the run in --out; its settings hold"""
    overwrite: FlagCreatePairsOff[bool] = False
    """begin anew in the place of a run"""


@dataclass(frozen=True)
class Train(Run):
    """Trains a recipe. `viceversa train RECIPE --help` shows every setting of that recipe."""

    recipe: Annotated[Positional[str], arg(metavar="RECIPE", help_behavior_hint="")] = ""
    """one of those that `viceversa recipes` lists; it comes first"""
    data: Annotated[str | None, arg(metavar="SPEC", help_behavior_hint="")] = None
    """what to train on, as `avatars` or `avatars:glasses`"""
    size: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """height and width of the images, in pixels"""
    steps: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """length of the schedule, in batches"""
    batch: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """images in a batch, over all processes"""
    seed: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """of the weights, the order of the data and every draw"""
    init: Annotated[str | None, arg(metavar="RUN", help_behavior_hint="")] = None
    """a run whose weights to start from"""


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

    recipe: Annotated[Positional[str], arg(metavar="RECIPE", help_behavior_hint="")] = ""
    """one of those that `viceversa recipes` lists; it comes first"""
    steps: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """length of each training, in batches"""


COMMANDS: dict[str, type[Train | Tune]] = {"train": Train, "tune": Tune}
"""The commands that take a recipe."""


def check_recipe(command: str, arguments: Sequence[str]) -> None:
    """Answer what needs no recipe's settings: the command's own help, and a missing or a misspelt recipe.

    Raises UsageError. Exits after --help.
    """
    match arguments:
        case [name, *_] if not name.startswith("-"):
            if name not in RECIPES and not is_named(name):
                raise unknown("recipe", name, RECIPES)
        case [*options] if "--resume" not in options or "--help" in options:  # a run that is resumed knows its recipe
            recipe = parsed(COMMANDS[command], arguments, command).recipe or "multicyclic"
            raise UsageError(f"name a recipe first, as in viceversa {command} {recipe}; viceversa recipes lists them.")
