"""Train every arm with every seed, measure it on all test images, and store a row: results/TASK-ARM-SEED.json.

A row that is stored is not made again; a training that was interrupted goes on. Two processes may share the work:

python -m experiments.multicyclic train --part 1 --of 2 & python -m experiments.multicyclic train --part 2 --of 2
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from experiments.common import commit, now, use_cpu, write_result
from experiments.multicyclic.arms import PRIMARY_SEEDS, SEEDS, TASKS, Arm, arms
from experiments.multicyclic.choices import rate_chosen, start_chosen, terms_chosen
from experiments.multicyclic.cost import update_cost, updates_for
from experiments.multicyclic.measures import held, measured
from experiments.multicyclic.training import model_of
from viceversa.data.sources import open_dataset

RESULTS = Path(__file__).parent / "results"
HELD = 200
"""Images that are translated into their own labels."""


@dataclass(frozen=True)
class Train:
    """Which arms are trained and measured, and where."""

    arms: tuple[str, ...] = ()
    """names of arms; all if none is given"""
    tasks: tuple[str, ...] = tuple(TASKS)
    seeds: tuple[int, ...] = tuple(PRIMARY_SEEDS)
    part: int = 1
    """which of the shares is this process's, from 1"""
    of: int = 1
    """number of shares"""
    images: int | None = None
    """number of test images, for a try; all by default"""
    runs: Path = Path("runs/multicyclic")


def main(asked: Train) -> None:
    """Train and measure what has no row: the primary arms seed by seed, then the others."""
    use_cpu(1)
    every = arms(start_chosen(), terms_chosen())
    chosen = {name: arm for name, arm in every.items() if not asked.arms or name in asked.arms}
    work = [(task, name, seed) for seed in asked.seeds for task in asked.tasks for name, arm in chosen.items() if seed in arm.seeds]
    work.sort(key=lambda each: every[each[1]].seeds == SEEDS)
    for task, name, seed in work[asked.part - 1 :: asked.of]:
        if not result_of(task, name, seed).exists():
            one(task, name, every, seed, asked)


def one(name: str, arm_name: str, every: dict[str, Arm], seed: int, asked: Train) -> None:
    """Train an arm of a task with a seed, measure it, and store its row."""
    task, arm = TASKS[name], every[arm_name]
    began, started = now(), time.process_time()
    of_length = every["full"] if arm.length == "updates of full" else arm
    updates, rate = updates_for(task, of_length.settings, of_length.start), rate_chosen(name, arm.rate)
    model = model_of(task, arm.settings, arm.start, updates, rate, seed, asked.runs / f"{name}-{arm_name}-{seed}")
    seconds = round(time.process_time() - started, 1)
    dataset = open_dataset(task.data, task.size)
    facts = {
        "task": name, "arm": arm_name, "seed": seed, "began": began, "commit": commit(), "updates": updates, "rate": rate,
        "start": arm.start, "settings": dict(arm.settings), "operations_of_an_update": update_cost(task, arm.settings),
        "cpu_seconds_of_this_process": seconds, "held": held(model, dataset, min(HELD, asked.images or HELD)),
    }  # fmt: skip
    rows = measured(model, dataset, images=asked.images)
    write_result(result_of(name, arm_name, seed), facts, rows)
    print(name, arm_name, seed, rows[0], rows[3], flush=True)


def result_of(task: str, arm: str, seed: int) -> Path:
    """File of a row."""
    return RESULTS / f"{task}-{arm}-{seed}.json"
