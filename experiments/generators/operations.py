"""Operations of a step with each generator and with each discriminator, CycleGAN on glasses at 64 px: results/operations.json.

Operations of convolutions and products, forward and backward, for each image of the batch. Unlike seconds they do not depend on the
machine; Lite0's cheap depthwise convolutions take more time for an operation than others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from experiments.common import write_result
from experiments.generators.arms import KEEPING, MASKED, PROJECTED, RESUNET, TASKS, Values
from viceversa.networks.generators import GENERATORS
from viceversa.recipes import dataset_of, recipe_named
from viceversa.training.run import updated
from viceversa.tuning.operations import operations

RESULT = Path(__file__).parent / "results" / "operations.json"
LARGE = {**PROJECTED, "method.critic_size": 128}
DISCRIMINATORS: Mapping[str, Values] = {
    "patch, least squares": {},
    "patch, hinge and R1": {"method.gan": "hinge-r1"},
    "patch, relativistic with R1 and R2": {"method.gan": "relativistic"},
    "projected at 64 px, hinge": PROJECTED,
    "projected at 128 px, hinge": LARGE,
    "projected at 128 px, augmented": {**LARGE, "method.critic_augment": ("color", "translation", "cutout")},
}


@dataclass(frozen=True)
class Operations:
    """The file of the result."""

    out: Path = RESULT


def main(asked: Operations) -> None:
    """Count the operations."""
    generators = {name: counted({**MASKED, "method.generator": name}) for name in GENERATORS}
    generators["resunet, 16 wide"] = counted(RESUNET)
    found = {
        "generators, 32 wide": generators,
        "discriminators": {name: counted({**MASKED, **how}) for name, how in DISCRIMINATORS.items()},
    }
    write_result(asked.out, {"unit": "10^9 operations of a step for each image", **found})
    print(asked.out.read_text())


def counted(settings: Values) -> float:
    """10^9 operations of a step for each image of the batch."""
    task = TASKS["glasses"]
    recipe = updated(recipe_named("cyclegan"), {"data": task.data, "size": task.size, "training.steps": 100, **KEEPING, **settings})
    return round(operations(recipe, dataset_of(recipe)) / recipe.training.batch / 1e9, 2)
