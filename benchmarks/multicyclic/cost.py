"""What a training step of each arm costs, in operations of convolutions: a multiplication and an addition are two.

python benchmarks/multicyclic/cost.py
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arms import ARMS, BATCH, VARIATIONS, Arm
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from viceversa.data.sources import open_dataset
from viceversa.recipes import builder, recipe_named
from viceversa.training.hardware import accelerator_for
from viceversa.training.run import updated
from viceversa.training.trainer import Trainer

STEPS = 4
"""The penalty is computed at every fourth."""


class Operations(TorchDispatchMode):
    """Counts while it is active, backward passes and their own backward passes too."""

    total = 0

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), settings: Mapping[str, Any] | None = None) -> Any:
        result = function(*arguments, **(settings or {}))
        if count := flop_registry.get(function._overloadpacket):
            self.total += count(*arguments, **(settings or {}), out_val=result)
        return result


def operations(arm: Arm) -> float:
    """Of one step, on average over four."""
    settings = {name.removeprefix("--").replace("-", "_"): value for name, value in arm.settings.items()}
    recipe = updated(recipe_named(arm.recipe), {"training.batch": BATCH, "size": arm.size, **settings})
    with tempfile.TemporaryDirectory() as folder, Operations() as counted:
        accelerator, dataset = accelerator_for(folder), open_dataset("avatars", arm.size)
        trainer = Trainer(Path(folder), builder(recipe), dataset, recipe.training, accelerator, "fp32", quiet=True)
        for _ in range(STEPS):
            trainer.one_step()
    return counted.total / STEPS


def main() -> None:
    """Prints each arm's, and for one of base."""
    arms = {**ARMS, **VARIATIONS}
    costs = {name: operations(arm) for name, arm in arms.items()}
    for name, cost in costs.items():
        print(f"{name:<16} {cost / 1e9:8.3f} GFLOP a step   {cost / costs['base']:.3f} of base   {arms[name].updates} updates")


if __name__ == "__main__":
    main()
