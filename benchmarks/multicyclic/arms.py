"""The trainings of the experiment: five arms, of the same networks, batch, schedule and data, by the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

UPDATES = 2000
"""Of the generator, in all arms but `base-cost`; each has one of the discriminator beside it."""
BATCH = 16
LEARNING_RATE = 1e-3
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Arm:
    """recipe: whose method is trained; updates: of the generator; what: in words, for the report."""

    recipe: str
    updates: int
    what: str


COST = 3.12
"""Operations of a step of `full` for one of `base`, as cost.py counts them; so many times more updates has `base-cost`."""

ARMS: Mapping[str, Arm] = {
    "base": Arm("stargan", UPDATES, "StarGAN, at equal generator updates"),
    "full": Arm("multicyclic", UPDATES, "the multicyclic loss: all losses repeated at three further translations"),
    "limited": Arm("multicyclic-limited", UPDATES, "the limited multicyclic loss: the cycle loss alone repeated"),
    "triple": Arm("triple", UPDATES, "triple consistency: an edit is the same after another edit"),
    "base-cost": Arm("stargan", round(COST * UPDATES), "StarGAN, at equal cost in operations"),
}


def command(arm: Arm, seed: int, run: Path, *, learning_rate: float = LEARNING_RATE) -> list[str]:
    """Trains, or goes on with what there is."""
    train = [sys.executable, "-m", "viceversa", "train", arm.recipe, "--out", str(run)]
    if (run / "recipe.json").exists():
        return [*train, "--resume"]
    settings = {
        "--steps": arm.updates, "--batch": BATCH, "--training.seed": seed, "--method.learning-rate": learning_rate,
        "--training.precision": "bf16", "--training.checkpoint-every": 500, "--training.sample-every": arm.updates,
    }  # fmt: skip
    return [*train, *(str(each) for pair in settings.items() for each in pair), "--training.no-labeller"]


def environment(threads: int) -> dict[str, str]:
    """A CPU, whatever there is, so that all arms run on the same."""
    return {**os.environ, "ACCELERATE_USE_CPU": "1", "OMP_NUM_THREADS": str(threads)}
