"""What a training step of each arm costs, in operations of convolutions: a multiplication and an addition are two.

python benchmarks/multicyclic/cost.py
"""

from __future__ import annotations

from arms import ARMS, BATCH, VARIATIONS, Arm

from viceversa.data.sources import open_dataset
from viceversa.recipes import recipe_named
from viceversa.training.run import updated
from viceversa.tuning.operations import operations


def cost(arm: Arm) -> float:
    """Of one step, on average over four, as the penalty is computed at every fourth."""
    settings = {name.removeprefix("--").replace("-", "_"): value for name, value in arm.settings.items()}
    recipe = updated(recipe_named(arm.recipe), {"training.batch": BATCH, "size": arm.size, **settings})
    return operations(recipe, open_dataset("avatars", arm.size))


def main() -> None:
    """Prints each arm's, and for one of base."""
    arms = {**ARMS, **VARIATIONS}
    costs = {name: cost(arm) for name, arm in arms.items()}
    for name, each in costs.items():
        print(f"{name:<16} {each / 1e9:8.3f} GFLOP a step   {each / costs['base']:.3f} of base   {arms[name].updates} updates")


if __name__ == "__main__":
    main()
