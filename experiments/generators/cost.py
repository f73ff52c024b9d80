"""Seconds of a training step of each arm, from which the arms of a task get steps that take the same time.

Each arm takes BURST steps in turn, ROUNDS times, all in one process on one thread; a cost is the median of its bursts. So a busy
moment of the machine falls on all arms alike. results/cost.json keeps the medians, quartiles and the steps that they give.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.common import read_json, use_cpu, write_result
from experiments.generators.arms import ARMS, Arm
from viceversa.core.method import Builder
from viceversa.device import CPU
from viceversa.recipes import builder, dataset_of, recipe_named
from viceversa.recipes.settings import Recipe
from viceversa.training.processes import accelerator_for
from viceversa.training.run import updated
from viceversa.training.trainer import Trainer

COSTS = Path(__file__).parent / "results" / "cost.json"
WARM, BURST, ROUNDS = 4, 4, 6
"""Steps before timing, steps of a burst, and rounds. A burst has every phase that comes at every 4th step."""


@dataclass(frozen=True)
class Cost:
    """Which tasks are timed, and folders that their data names."""

    tasks: tuple[str, ...] = ()
    """names of tasks; all if none is given"""
    photos: str = ""
    mnist: str = ""


def main(asked: Cost) -> None:
    """Time the arms of each task, and add them to results/cost.json."""
    use_cpu(1)
    for task in dict.fromkeys(arm.task for arm in ARMS.values()):
        if not asked.tasks or task in asked.tasks:
            folders = {"photos": asked.photos, "mnist": asked.mnist}
            costs = timed({name: arm for name, arm in ARMS.items() if arm.task == task}, folders)
            found = read_json(COSTS)["arms"] if COSTS.exists() else {}  # another process may have added some
            write_result(COSTS, {"arms": found | costs})


def timed(arms: dict[str, Arm], folders: dict[str, str]) -> dict[str, dict[str, float]]:
    """Time the arms of one task in turn."""
    with tempfile.TemporaryDirectory() as folder:
        trainers = {name: trainer(arm, Path(folder) / name, folders) for name, arm in arms.items()}
        for each in trainers.values():
            steps(each, WARM)
        bursts = [{name: steps(each, BURST) for name, each in trainers.items()} for _ in range(ROUNDS)]
    found = {}
    for name, arm in arms.items():
        seconds = sorted(burst[name] / BURST for burst in bursts)
        low, median, high = np.quantile(seconds, (0.25, 0.5, 0.75)).round(4).tolist()
        count = int(arm.seconds / statistics.median(seconds))
        found[name] = {"seconds": median, "quartiles": [low, high], "steps": count - count % 10}
        print(name, found[name], flush=True)
    return found


def trainer(arm: Arm, folder: Path, folders: dict[str, str]) -> Trainer:
    """A trainer of the arm, whose run is thrown away."""
    own = None if isinstance(arm.recipe, str) else arm.recipe
    recipe = updated(recipe_named("cyclegan" if own else str(arm.recipe)), arm.asked(0, 1000, folders))
    return trainer_of(recipe, folder, own)


def trainer_of(recipe: Recipe[Any], folder: Path, own: Builder | None = None) -> Trainer:
    """A trainer of a recipe, or of a method by its builder, in a new folder."""
    folder.mkdir()
    accelerator = accelerator_for(folder)
    return Trainer(folder, own or builder(recipe), dataset_of(recipe), recipe.training, accelerator, CPU, "bf16", True)


def steps(trainer: Trainer, count: int) -> float:
    """CPU seconds of so many steps."""
    started = time.process_time()
    for _ in range(count):
        trainer.one_step()
    return time.process_time() - started


def steps_of(arm: str) -> int:
    """Return the steps of an arm. `added` has those of `resunet`, which is the same network with one plane more; `squares` has the
    pace of `glasses-masked`, which is the same training on other faces."""
    costs = read_json(COSTS)["arms"]
    if arm.endswith("-squares"):
        return int(costs["glasses-masked"]["steps"] * ARMS[arm].seconds / ARMS["glasses-masked"].seconds) // 10 * 10
    found: int = costs[arm.replace("-added", "-resunet")]["steps"]
    return found
