"""Suggestions of next commands, complete and ready to copy into a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from viceversa.core.routing import routing_of
from viceversa.errors import printable
from viceversa.runs.hub import is_on_hub
from viceversa.runs.record import Record


def next_commands(run: Path, record: Record, done: bool) -> dict[str, str]:
    """Return possible next steps after a training: purpose -> command.

    done: whether the training has reached the end of its schedule. For a custom method, the commands name its function.
    """
    folder = shlex.quote(str(run))
    own = f" --build {shlex.quote(record.build)}" if record.build else ""
    again = {} if done else {"continue the training": resume_command(run, record.build or record.recipe.name)}
    routing = routing_of(record.space)
    source = "" if record.recipe.training.labeller else routing.example_source
    shown = f" --from {shlex.quote(source)}" if source else ""
    return again | {
        "translate an image": f"viceversa translate {folder} IMAGE --to {shlex.quote(routing.example_target)}{shown}{own}",
        "measure the model": f"viceversa evaluate {folder} --out report{own}",
    }


def resume_command(run: Path, recipe: str) -> str:
    """Return the command that continues a training."""
    return f"viceversa train {shlex.quote(recipe)} --out {shlex.quote(str(run))} --resume"


def studio_command(models: Sequence[str], report: Path) -> str:
    """Return the command that opens models and their report in the browser. The packaged models are always included."""
    others = (model for model in models if Path(model).exists() or is_on_hub(model))
    return shlex.join(["viceversa", "studio", *others, str(report)])


def print_next(*commands: str) -> None:
    """Print suggested commands, one per line."""
    for command in commands:
        print(printable(f"next: {command}"))
