"""Cost of a training step in arithmetic operations of convolutions and matrix products, in forward and backward passes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from viceversa.core.method import Builder, Method
from viceversa.core.schedules import Progress
from viceversa.data.dataset import Dataset
from viceversa.device import CPU
from viceversa.recipes import builder
from viceversa.recipes.settings import Recipe
from viceversa.training.operations import Operations
from viceversa.training.processes import accelerator_for
from viceversa.training.trainer import Trainer

LAZY = 4
"""Interval of penalties that are computed lazily, in steps."""
LONGEST = 240
BATCH = 2


def equal_steps(recipe: Recipe[Any], base: Recipe[Any], dataset: Dataset, build: Builder | None = None) -> int:
    """Return for how many steps the recipe can be trained with the operations of the training of `base`; at least 1.

    Args:
        recipe: the recipe.
        base: recipe with the given cost.
        dataset: the data set.
        build: function that builds a custom method.
    """
    return max(1, round(base.training.steps * operations(base, dataset, build) / operations(recipe, dataset, build)))


def operations(recipe: Recipe[Any], dataset: Dataset, build: Builder | None = None) -> float:
    """Return the average number of operations of one step.

    It is counted on two images of the batch, over all turns if phases take turns. Phases that learn only in a part of the training
    are counted in a short training.

    Args:
        recipe: the recipe.
        dataset: the data set.
        build: function that builds a custom method.
    """
    training = recipe.training.model_copy(update={"batch": BATCH, "steps": LONGEST, "compile": False})
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(Path(folder), builder(recipe, build), dataset, training, accelerator_for(folder), CPU, "fp32", quiet=True)
        steps = _period(trainer.method)
        with Operations() as counted:  # type: ignore[no-untyped-call]
            for _ in range(steps):
                trainer.one_step()
    return float(counted.total) / steps * recipe.training.batch / BATCH


def _period(method: Method) -> int:
    """Return the number of steps after which the turns of the phases repeat."""
    turns = [tuple(phase.when(Progress(step, LONGEST)) for phase in method.phases) for step in range(2 * LONGEST)]
    return next(steps for steps in range(LAZY, LONGEST + 1, LAZY) if steps == LONGEST or turns[steps:] == turns[:-steps])
