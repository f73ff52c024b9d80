"""Cost of a training step of each arm, in operations of convolutions; a multiplication and an addition are two operations.

python -m experiments.multicyclic_first cost          about two minutes; prints a table
"""

from __future__ import annotations

from experiments.multicyclic_first.arms import ARMS, BATCH, VARIATIONS, Arm
from viceversa.data.sources import open_dataset
from viceversa.recipes import recipe_named
from viceversa.training.run import updated
from viceversa.tuning.operations import operations


def cost(arm: Arm) -> float:
    """Operations of a step, the average of four steps: the penalty is computed at every fourth step."""
    recipe = updated(recipe_named(arm.recipe), {"training.batch": BATCH, "size": arm.size, **arm.settings})
    return operations(recipe, open_dataset("avatars", arm.size))


def main() -> None:
    """Print the cost of each arm, also relative to `base`."""
    arms = {**ARMS, **VARIATIONS}
    costs = {name: cost(arm) for name, arm in arms.items()}
    for name, each in costs.items():
        print(f"{name:<16} {each / 1e9:8.3f} GFLOP a step   {each / costs['base']:.3f} of base   {arms[name].updates} updates")
