"""`viceversa recipes`: list the recipes, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from viceversa.cli.parsing import parsed
from viceversa.recipes import TABLE

WIDTH = 26
"""Width of the column of names. Three names are longer."""


@dataclass(frozen=True)
class Recipes:
    """List the recipes that `train` knows."""


def run(arguments: Sequence[str]) -> None:
    """Print the recipes."""
    parsed(Recipes, arguments, "recipes")
    for entry in TABLE:
        print(f"{entry.name:<{WIDTH}} {entry.about}")
