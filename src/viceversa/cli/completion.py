"""Tab completion: a script for bash, zsh or fish with every command, every recipe and their options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, make_dataclass
from typing import Annotated, Any, Union

import tyro
from tyro.conf import FlagCreatePairsOff, OmitSubcommandPrefixes, subcommand

from viceversa.cli.chains import Chains
from viceversa.cli.compare import Compare
from viceversa.cli.data import Data
from viceversa.cli.demo import Demo
from viceversa.cli.drift import Drift
from viceversa.cli.evaluate import Evaluate
from viceversa.cli.export import Export
from viceversa.cli.importing import Import
from viceversa.cli.options import Run, Search
from viceversa.cli.recipes import Recipes
from viceversa.cli.stylize import Command
from viceversa.cli.train import settings_of
from viceversa.cli.translate import Translate
from viceversa.errors import UsageError
from viceversa.recipes import RECIPES, recipe_named

FLAGS = ("--tyro-print-completion", "--tyro-write-completion")
SHELLS = ("bash", "zsh", "fish")
COMMANDS: dict[str, Any] = {
    "demo": Demo,
    "train": Run,
    "translate": Translate,
    "stylize": Command,
    "evaluate": Evaluate,
    "compare": Compare,
    "drift": Drift,
    "chains": Chains,
    "tune": Search,
    "export": Export,
    "import": Import,
    "data": Data,
    "recipes": Recipes,
}


def run(arguments: Sequence[str]) -> None:
    """Print the script, or write it: --tyro-print-completion SHELL, --tyro-write-completion SHELL FILE. Raises UsageError."""
    flag, *rest = arguments
    if len(rest) != 1 + FLAGS.index(flag) or rest[0] not in SHELLS:
        raise UsageError(f"{flag}: give only a shell ({', '.join(SHELLS)}){' and a file' if flag == FLAGS[1] else ''}.")
    kinds = [Annotated[_complete(kind), subcommand(name)] for name, kind in COMMANDS.items()]
    everything: Any = Union[tuple(kinds)]  # noqa: UP007
    tyro.cli(everything, args=arguments, prog="viceversa", config=(OmitSubcommandPrefixes,))


def _complete(kind: Any) -> Any:
    """Return the command. If it takes a recipe, each recipe becomes a subcommand."""
    if kind not in (Run, Search):
        off: Any = FlagCreatePairsOff
        return off[kind]
    recipes = [Annotated[settings_of(recipe_named(name), kind), subcommand(name)] for name in RECIPES]
    return make_dataclass("Recipe", [("recipe", Union[tuple(recipes)], field())])  # noqa: UP007
