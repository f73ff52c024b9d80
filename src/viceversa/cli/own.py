"""A custom method on the command line: `--build module:function` loads a run that was trained with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from viceversa.core.method import Builder
from viceversa.errors import UsageError
from viceversa.recipes.user_functions import function_named
from viceversa.runs.pretrained import run_folder
from viceversa.runs.record import read_record


def build_of(run: str | Path, given: Sequence[str], *, alone: bool = True) -> Builder | None:
    """Return the function that builds a run's method, from the functions given by name; None for a packaged method.

    The function that recipe.json names is never imported by itself: the error message names it, and a user who trusts the file
    gives it with --build.

    Args:
        given: functions as MODULE:FUNCTION.
        alone: whether they are for this run only.

    Raises:
        UsageError: the function is missing, or none is needed.
    """
    stored = None if Path(run).suffix.lower() == ".onnx" else read_record(run_folder(run)).build
    if stored is None:
        if alone and given:
            raise UsageError(f"{str(run)!r} was not trained with a custom method: leave out --build.")
        return None
    chosen = given[0] if len(given) == 1 else next((each for each in given if _alike(each, stored)), None)
    if chosen is None:
        told = stored if re.fullmatch(r"(?!__main__)[\w.]+:[\w.]+", stored) else "FILE.py:FUNCTION"
        own = f"{str(run)!r} was trained with a custom method, {stored}, whose code runs only if you name it"
        raise UsageError(f"{own}: add --build {told}.")
    return function_named(chosen)


def _alike(given: str, stored: str) -> bool:
    """Return whether a given name, which may name a file, is the name that the run stores."""
    module, _, function = given.rpartition(":")
    return f"{Path(module).stem if module.endswith('.py') else module}:{function}" == stored
