"""What to do with a run: the commands for a terminal, complete for this run, ready to be copied."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import torch

from viceversa.core.attributes import Attribute
from viceversa.core.space import Space
from viceversa.runs.record import Record


def next_commands(run: Path, record: Record, *, done: bool) -> dict[str, str]:
    """What a person may want to do next -> how. done: the training has reached the end of its schedule.

    A method of the user's own is named by its function.
    """
    folder = shlex.quote(str(run))
    own = f" --build {shlex.quote(record.build)}" if record.build else ""
    again = {} if done else {"continue the training": resume_command(run, record.build or record.recipe.name)}
    source = "" if record.recipe.training.labeller else example_source(record.space)
    shown = f" --from {shlex.quote(source)}" if source else ""
    return again | {
        "translate an image": f"viceversa translate {folder} IMAGE --to {shlex.quote(example_target(record.space))}{shown}{own}",
        "measure the model": f"viceversa evaluate {folder} --out report{own}",
    }


def resume_command(run: Path, recipe: str) -> str:
    """The command that goes on with a training."""
    return f"viceversa train {shlex.quote(recipe)} --out {shlex.quote(str(run))} --resume"


def example_target(space: Space) -> str:
    """A target that a model of this space knows, as `--to` takes it: "glasses=yes", or the name of the last space."""
    if space.known:
        return _in_words(space.part(next(iter(space.images))).attributes)
    return _in_words(space.attributes[:1]) or list(space.images)[-1]


def example_source(space: Space) -> str:
    """What an image may show, as `--from` takes it: a value of every attribute. Empty where images need no description."""
    return "" if space.known else _in_words(space.attributes)


def _in_words(attributes: Sequence[Attribute]) -> str:
    return ",".join(f"{attribute.name}={attribute.describe(torch.ones(1, attribute.width))[0]}" for attribute in attributes)
