"""One training of the experiment."""

from __future__ import annotations

from pathlib import Path

from experiments.common import trained
from experiments.multicyclic.arms import FIXED, Task, Values
from viceversa.inference.model import Model
from viceversa.recipes import recipe_named


def model_of(task: Task, settings: Values, start: float, updates: int, rate: float, seed: int, run: Path) -> Model:
    """Train, or go on with the training in the folder; its last checkpoint.

    updates: of the generator; the training has `critic_steps` times as many steps.
    """
    chained = {"multicycle.start": start} if settings.get("multicycle.extra") else {}
    values = {**task.settings, **FIXED, **settings, **chained, "method.learning_rate": rate}
    steps = updates * values.get("method.critic_steps", recipe_named(task.recipe).method.critic_steps)
    return trained(task.recipe, run, data=task.data, size=task.size, steps=steps, seed=seed, sample_every=steps, settings=values)
