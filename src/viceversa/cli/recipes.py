"""`viceversa recipes`: what can be trained, one line each."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

from viceversa.cli.parsing import parsed
from viceversa.recipes import RECIPES


@dataclass(frozen=True)
class Recipes:
    """Lists what can be trained."""


def run(arguments: Sequence[str]) -> None:
    """Prints the recipes."""
    parsed(Recipes, arguments, "recipes")
    for name, recipe in RECIPES.items():
        print(f"{name:<20} {inspect.getdoc(recipe)}")
