"""The trainings of the experiment: arms with the same networks, batch, schedule and data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

UPDATES = 2000
"""Generator updates of the four arms of equal length; the discriminator has as many."""
BATCH = 16
LEARNING_RATE = 1e-3
SEEDS = (0, 1, 2)
COST = 3.12
"""Operations of a step of `full` per operation of a step of `base` (cost.py). `base-cost` has COST times the updates of `base`."""


@dataclass(frozen=True)
class Arm:
    """One arm.

    Args:
        recipe: name of what is trained.
        updates: updates of the generator.
        what: the arm in words, for the page.
        seeds: seeds that it is trained with.
        size: side of the images, in pixels.
        settings: settings of the recipe by their dotted names.
    """

    recipe: str
    updates: int
    what: str
    seeds: tuple[int, ...] = SEEDS
    size: int = 32
    settings: Mapping[str, Any] = field(default_factory=dict)


ARMS: Mapping[str, Arm] = {
    "base": Arm("stargan", UPDATES, "StarGAN, at equal generator updates"),
    "full": Arm("multicyclic", UPDATES, "the multicyclic loss: all losses repeated at three further translations"),
    "limited": Arm("multicyclic-limited", UPDATES, "the limited multicyclic loss: the cycle loss alone repeated"),
    "triple": Arm("triple", UPDATES, "triple consistency: an edit is the same after another edit"),
    "base-cost": Arm("stargan", round(COST * UPDATES), "StarGAN, at equal cost in operations"),
}
"""The five arms of the question."""

_SHORT, _FAKES, _PLAIN = UPDATES // 4, {"method.further_fakes": 3}, {"method.generator": "label"}
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
"""Conditions in which the loss may pay: less training; more fakes, the same for both discriminators; no mask; larger images."""


def training_of(arm: Arm, seed: int, *, learning_rate: float = LEARNING_RATE) -> dict[str, Any]:
    """Arguments of `viceversa.train` for an arm."""
    return {
        "data": "avatars", "size": arm.size, "steps": arm.updates, "batch": BATCH, "seed": seed, "sample_every": arm.updates,
        "settings": {"method.learning_rate": learning_rate, **arm.settings},
    }  # fmt: skip
