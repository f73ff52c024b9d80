"""Train every arm with every seed for the same time, and measure each on test images: results/NAME-SEED.json.

A result that is stored is not made again; a training that was interrupted goes on. Two processes may share the work:

python -m experiments.generators train --part 1 --of 2 & python -m experiments.generators train --part 2 --of 2
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.common import commit, now, trained, use_cpu, write_result
from experiments.generators.arms import ARMS, SEEDS, TASKS, Arm
from experiments.generators.cost import steps_of
from experiments.generators.judges import judge

RESULTS = Path(__file__).parent / "results"
EVERY = 500
"""Steps between checkpoints."""


@dataclass(frozen=True)
class Train:
    """Which arms are trained and measured, and where."""

    tasks: tuple[str, ...] = ()
    """names of tasks; all if none is given"""
    arms: tuple[str, ...] = ()
    """names of arms; all of the tasks if none is given"""
    seeds: tuple[int, ...] = tuple(range(SEEDS))
    part: int = 1
    """which of the shares is this process's, from 1"""
    of: int = 1
    """number of shares"""
    photos: str = ""
    """folder of experiments/photos' crops of 128 px; without it, the task photos is left out"""
    mnist: str = ""
    """folder of MNIST's four files; without it, the task digits is left out"""
    runs: Path = Path("runs/generators")


def main(asked: Train) -> None:
    """Train and measure what has no result, seed by seed."""
    use_cpu(1)
    arms = {name: arm for name, arm in ARMS.items() if chosen(name, arm, asked)}
    work = [(name, seed) for seed in asked.seeds for name in arms]
    for name, seed in work[asked.part - 1 :: asked.of]:
        if not result_of(name, seed).exists():
            one(name, seed, asked)


def chosen(name: str, arm: Arm, asked: Train) -> bool:
    """Whether this call trains the arm."""
    wanted = (not asked.tasks or arm.task in asked.tasks) and (not asked.arms or name in asked.arms)
    folder = {"photos": asked.photos, "digits": asked.mnist}.get(arm.task, "none is needed")
    return wanted and bool(folder)


def one(name: str, seed: int, asked: Train) -> None:
    """Train an arm with a seed, measure it, and store its row."""
    arm, run = ARMS[name], asked.runs / f"{name}-{seed}"
    steps = steps_of(name)
    began, started = now(), time.process_time()
    values = arm.asked(seed, steps, {"photos": asked.photos, "mnist": asked.mnist})
    data, size = values.pop("data"), values.pop("size")
    model = trained(arm.recipe, run, data=data, size=size, settings=values, checkpoint_every=EVERY)
    facts: dict[str, Any] = {
        "arm": name, "task": arm.task, "seed": seed, "began": began, "commit": commit(), "steps": steps,
        "cpu_seconds_of_this_process": round(time.process_time() - started, 1),
        "settings": model.record.recipe.model_dump(mode="json", exclude={"images"}),
        "found": judge(TASKS[arm.task].judge, model, "test", photos=asked.photos),
    }  # fmt: skip
    facts["settings"]["data"] = arm.data or TASKS[arm.task].data
    write_result(result_of(name, seed), facts)
    print(name, seed, facts["found"], flush=True)


def result_of(name: str, seed: int) -> Path:
    """File of a row."""
    return RESULTS / f"{name}-{seed}.json"
