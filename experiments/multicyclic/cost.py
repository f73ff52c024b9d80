"""What a generator update costs, and how many updates a form gets for the operations of `base`.

A drawn depth costs its mean over the depths, and a chain that begins late costs nothing before. Operations are those of
convolutions and products; a multiplication and an addition are two.

python -m experiments.multicyclic cost          prints the cost of every arm; about two minutes
"""

from __future__ import annotations

from functools import cache
from typing import Any

from experiments.common import use_cpu
from experiments.multicyclic.arms import CHAINED, FIXED, NONE, TASKS, Task, Values, arms
from viceversa.data.sources import open_dataset
from viceversa.recipes import recipe_named
from viceversa.training.run import updated
from viceversa.tuning.operations import operations


def main() -> None:
    """Print the cost of each arm while its chain runs, also relative to `base`."""
    use_cpu(1)
    for name, task in TASKS.items():
        base = update_cost(task, NONE)
        for arm_name, arm in arms(0.0, "teacher").items():
            cost = update_cost(task, arm.settings)
            print(f"{name:<8} {arm_name:<20} {cost / 1e9:8.3f} GFLOP an update   {cost / base:.3f} of base")


def update_cost(task: Task, settings: Values) -> float:
    """Operations of a generator update with the discriminator steps that belong to it, the chain running."""
    extra, form = settings.get("multicycle.extra", ()), settings.get("multicycle.form", "exact")
    if not extra or form == "exact":
        return _counted(task, settings)
    total = sum(CHAINED)
    alone = [tuple(total if place == depth else 0.0 for place in range(len(CHAINED))) for depth in range(len(CHAINED))]
    costs = [_counted(task, {**settings, "multicycle.extra": each}) for each in alone]
    return sum(weight / total * cost for weight, cost in zip(CHAINED, costs, strict=True))


def updates_for(task: Task, settings: Values, start: float, part: float = 1.0) -> int:
    """Generator updates for `part` of the operations of the task's `base`. start: where the chain begins."""
    before = update_cost(task, {**settings, **NONE}) if start else 0.0
    mean = start * before + (1 - start) * update_cost(task, settings)
    return max(1, round(part * task.updates * update_cost(task, NONE) / mean))


def _counted(task: Task, settings: Values) -> float:
    values = {"data": task.data, "size": task.size, **task.settings, **FIXED, **settings}
    return _counted_once(task.recipe, tuple(sorted(values.items())))


@cache
def _counted_once(name: str, values: tuple[tuple[str, Any], ...]) -> float:
    """Operations of an update of a recipe with these settings; every count takes seconds."""
    recipe = updated(recipe_named(name), dict(values))
    return operations(recipe, open_dataset(recipe.data, recipe.size)) * recipe.method.critic_steps
