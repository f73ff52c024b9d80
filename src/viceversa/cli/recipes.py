"""`viceversa recipes`: what can be trained, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from viceversa.cli.parsing import parsed
from viceversa.recipes import TABLE


@dataclass(frozen=True)
class Recipes:
    """List the recipes that `train` knows."""


def run(arguments: Sequence[str]) -> None:
    """Prints the recipes."""
    parsed(Recipes, arguments, "recipes")
    width = max(len(entry.name) for entry in TABLE)
    for entry in TABLE:
        print(f"{entry.name:<{width}} {entry.about}")
