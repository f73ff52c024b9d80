"""The trainings of the experiment: arms of the same networks, batch, schedule and data, by the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

UPDATES = 2000
"""Of the generator, in the four arms of equal length; each has one of the discriminator beside it."""
BATCH = 16
LEARNING_RATE = 1e-3
SEEDS = (0, 1, 2)
COST = 3.12
"""Operations of a step of `full` for one of `base`, as cost.py counts them; so many times more updates has `base-cost`."""


@dataclass(frozen=True)
class Arm:
    """recipe: whose method is trained; updates: of the generator; what: in words, for the report; size: of images, in pixels;
    settings: of the recipe, by their dotted names."""

    recipe: str
    updates: int
    what: str
    seeds: tuple[int, ...] = SEEDS
    size: int = 32
    settings: Mapping[str, str] = field(default_factory=dict)


ARMS: Mapping[str, Arm] = {
    "base": Arm("stargan", UPDATES, "StarGAN, at equal generator updates"),
    "full": Arm("multicyclic", UPDATES, "the multicyclic loss: all losses repeated at three further translations"),
    "limited": Arm("multicyclic-limited", UPDATES, "the limited multicyclic loss: the cycle loss alone repeated"),
    "triple": Arm("triple", UPDATES, "triple consistency: an edit is the same after another edit"),
    "base-cost": Arm("stargan", round(COST * UPDATES), "StarGAN, at equal cost in operations"),
}
"""The five of the question."""

_SHORT, _FAKES, _PLAIN = UPDATES // 4, {"--method.further-fakes": "3"}, {"--method.generator": "label"}
VARIATIONS: Mapping[str, Arm] = {
    "base-short": Arm("stargan", _SHORT, "base, a quarter of the updates"),
    "full-short": Arm("multicyclic", _SHORT, "full, a quarter of the updates"),
    "base-short-cost": Arm("stargan", round(COST * _SHORT), "base, at the cost of full-short"),
    "base-fakes": Arm("stargan", UPDATES, "base, its discriminator shown the four images of a chain", settings=_FAKES),
    "full-fakes": Arm("multicyclic", UPDATES, "full, its discriminator shown the four images of a chain", settings=_FAKES),
    "base-plain": Arm("stargan", UPDATES, "base, with StarGAN's own generator, which has no mask", (0,), settings=_PLAIN),
    "full-plain": Arm("multicyclic", UPDATES, "full, with StarGAN's own generator", (0,), settings=_PLAIN),
    "base-64": Arm("stargan", 4 * UPDATES, "base at 64 px", (0,), 64),
    "full-64": Arm("multicyclic", 4 * UPDATES, "full at 64 px", (0,), 64),
}
"""Where the loss pays: less training; the same fakes for both discriminators, and more of them; no mask; larger images."""


def command(arm: Arm, seed: int, run: Path, *, learning_rate: float = LEARNING_RATE) -> list[str]:
    """Trains, or goes on with what there is."""
    train = [sys.executable, "-m", "viceversa", "train", arm.recipe, "--out", str(run)]
    if (run / "recipe.json").exists():
        return [*train, "--resume"]
    settings = {
        "--size": arm.size, "--steps": arm.updates, "--batch": BATCH, "--training.seed": seed,
        "--method.learning-rate": learning_rate, "--training.precision": "bf16", "--training.checkpoint-every": 500,
        "--training.sample-every": arm.updates, **arm.settings,
    }  # fmt: skip
    return [*train, *(str(each) for pair in settings.items() for each in pair), "--training.no-labeller", "--training.best", "none"]


def environment(threads: int) -> dict[str, str]:
    """A CPU, whatever there is, so that all arms run on the same."""
    return {**os.environ, "ACCELERATE_USE_CPU": "1", "OMP_NUM_THREADS": str(threads)}
