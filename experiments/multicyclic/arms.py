"""The arms: StarGAN with and without forms of the multicyclic loss, on two data sets, all at the operations of one `base`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Values = Mapping[str, Any]

PRIMARY_SEEDS, SEEDS = range(10), range(3)
TRIAL_SEEDS = (100, 101)
"""Seeds with which settings are chosen, and no arm is trained."""
CHAINED = (0.25, 0.125, 0.0625)
"""Weights of the further cycles, as the loss's author chose them."""


@dataclass(frozen=True)
class Task:
    """A data set, the recipe of its networks, and the length of `base`.

    Args:
        updates: generator updates of `base`; their operations are what every arm of the task gets.
        settings: of the recipe, by their dotted names, the same for all arms.
    """

    data: str
    size: int
    recipe: str
    updates: int
    settings: Values


@dataclass(frozen=True)
class Arm:
    """One arm.

    Args:
        what: the arm in words.
        settings: of the loss, by their dotted names.
        start: the part of the training after which its chain begins.
        seeds: with which it is trained.
        rate: the arm whose learning rate it takes; its own was chosen for the primary arms.
        length: the operations of `base`, or the updates of `full`.
    """

    what: str
    settings: Values
    start: float = 0.0
    seeds: range = SEEDS
    rate: str = "full"
    length: Literal["operations", "updates of full"] = "operations"


TASKS: Mapping[str, Task] = {
    "avatars": Task("avatars", 32, "stargan", 4000, {"training.batch": 16}),
    "icons": Task("icons:strokes", 64, "stargan-icons", 3000, {"method.width": 16, "method.critic_width": 16, "training.batch": 4}),
}
FIXED: Values = {"training.best": "none", "training.labeller": False, "training.precision": "bf16", "training.decay": "linear"}
"""Nothing is judged or labelled while an arm trains."""

NONE: Values = {"multicycle.extra": ()}
FULL: Values = {"multicycle.extra": CHAINED}
ON_POLICY: Values = {
    **FULL, "multicycle.form": "on-policy", "multicycle.losses": ("adversarial", "classification"), "multicycle.teacher": 5.0,
}  # fmt: skip
CRITIC_STEPS = 5


def often(settings: Values) -> Values:
    """The settings, with as many discriminator steps for each update of the generator as in StarGAN's paper."""
    return {**settings, "method.critic_steps": CRITIC_STEPS}


STARTS = (0.0, 0.3, 0.6, 0.8)
TERMS: Mapping[str, Values] = {
    "teacher": {},
    "cycle": {"multicycle.losses": ("adversarial", "classification", "cycle")},
    "hold": {"multicycle.hold": 5.0},
    "light-teacher": {"multicycle.teacher": 1.0},
    "no-teacher": {"multicycle.teacher": 0.0},
}
"""Changes of ON_POLICY that are tried at the best start."""
RATES = (5e-4, 1e-3, 2e-3)


def arms(start: float, terms: str) -> dict[str, Arm]:
    """All arms. start, terms: of the on-policy chain, as they were chosen."""
    chosen = {**ON_POLICY, **TERMS[terms]}
    return {
        "base": Arm("StarGAN", NONE, seeds=PRIMARY_SEEDS, rate="base"),
        "on-policy": Arm("the on-policy chain", chosen, start, PRIMARY_SEEDS, "on-policy"),
        "full": Arm("the multicyclic loss: all losses at three further translations", FULL, seeds=PRIMARY_SEEDS),
        "limited": Arm("the cycle loss alone at three further translations", {**FULL, "multicycle.losses": ("cycle",)}),
        "stochastic": Arm("full, one drawn depth a step", {**FULL, "multicycle.form": "stochastic"}),
        "late": Arm("full, begun after three quarters of the training", FULL, 0.75),
        "triple": Arm("triple consistency", {**NONE, "method.triple": 10.0}, rate="on-policy"),
        "base-updates": Arm("StarGAN, with as many updates as full", NONE, rate="base", length="updates of full"),
        "base-critic-5": Arm("StarGAN, five discriminator steps an update", often(NONE), rate="base"),
        "on-policy-critic-5": Arm(
            "the on-policy chain, five discriminator steps an update", often(chosen), start, rate="on-policy"
        ),
        "full-critic-5": Arm("the multicyclic loss, five discriminator steps an update", often(FULL)),
    }
