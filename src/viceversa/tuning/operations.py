"""What a training step costs, in operations of its convolutions and products: of forward and backward passes alike."""

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
"""Some penalties are computed at every fourth step."""
LONGEST = 240
BATCH = 2


def equal_steps(recipe: Recipe[Any], base: Recipe[Any], dataset: Dataset, build: Builder | None = None) -> int:
    """For how many steps the recipe can be trained at the operations that the training of `base` takes; 1 at least."""
    return max(1, round(base.training.steps * operations(base, dataset, build) / operations(recipe, dataset, build)))


def operations(recipe: Recipe[Any], dataset: Dataset, build: Builder | None = None) -> float:
    """Of one step, on average; counted on two images of the batch and, where phases take turns, over all their turns: those that
    learn in one part of the training, in a short one."""
    training = recipe.training.model_copy(update={"batch": BATCH, "steps": LONGEST, "compile": False})
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(Path(folder), builder(recipe, build), dataset, training, accelerator_for(folder), CPU, "fp32", quiet=True)
        steps = _period(trainer.method)
        with Operations() as counted:  # type: ignore[no-untyped-call]
            for _ in range(steps):
                trainer.one_step()
    return float(counted.total) / steps * recipe.training.batch / BATCH


def _period(method: Method) -> int:
    """After how many steps the phases' turns begin again."""
    turns = [tuple(phase.when(Progress(step, LONGEST)) for phase in method.phases) for step in range(2 * LONGEST)]
    return next(steps for steps in range(LAZY, LONGEST + 1, LAZY) if steps == LONGEST or turns[steps:] == turns[:-steps])
