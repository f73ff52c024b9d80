"""Settings of the arms, tried on validation images with seeds that no arm is trained with: results/tries/*.json.

First where the on-policy chain begins, then its terms, then the learning rate of each primary arm. A try has half of the
operations of an arm. What wins has the highest PSNR to the truth at k = 3, the mean over tasks and
seeds; a rate is chosen for each task.

A try that is stored is not made again, and one that was interrupted goes on. Two processes may share a stage:

python -m experiments.multicyclic choose --stage starts --part 1 --of 2 &
python -m experiments.multicyclic choose --stage starts --part 2 --of 2
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from experiments.common import commit, now, use_cpu, write_json
from experiments.multicyclic.arms import ON_POLICY, RATES, STARTS, TASKS, TERMS, TRIAL_SEEDS, Values, arms
from experiments.multicyclic.choices import TRIES, start_chosen, terms_chosen
from experiments.multicyclic.cost import updates_for
from experiments.multicyclic.measures import levels
from experiments.multicyclic.training import model_of
from viceversa.data.sources import open_dataset
from viceversa.metrics.chain_protocol import trial

IMAGES = 200
RATE = 1e-3
"""Of the tries before rates are chosen."""
Stage = Literal["starts", "terms", "rates"]


@dataclass(frozen=True)
class Try:
    """A training of half the operations. group, value: what it is a choice of, and which one."""

    task: str
    group: str
    value: str
    seed: int
    settings: Values
    start: float = 0.0
    rate: float = RATE

    @property
    def name(self) -> str:
        return f"{self.task}-{self.group}-{self.value}-{self.seed}"


@dataclass(frozen=True)
class Choose:
    """Which stage is worked on, and where."""

    stage: Stage
    part: int = 1
    """which of the shares is this process's, from 1"""
    of: int = 1
    """number of shares"""
    runs: Path = Path("runs/multicyclic")


def main(asked: Choose) -> None:
    """Make the tries of the stage that are not stored."""
    use_cpu(1)
    for each in list(tries(asked.stage))[asked.part - 1 :: asked.of]:
        if not (TRIES / f"{each.name}.json").exists():
            one(each, asked.runs)


def tries(stage: Stage) -> Iterator[Try]:
    """The tries of a stage, which needs the choices of the stages before it."""
    both = [(seed, task) for seed in TRIAL_SEEDS for task in TASKS]
    match stage:
        case "starts":
            for seed, task in both:
                yield from (Try(task, "start", f"{start:g}", seed, ON_POLICY, start) for start in STARTS)
        case "terms":
            start, changed = start_chosen(), {name: values for name, values in TERMS.items() if values}
            for seed, task in both:
                yield from (Try(task, "terms", name, seed, {**ON_POLICY, **values}, start) for name, values in changed.items())
        case "rates":
            every = arms(start_chosen(), terms_chosen())
            for task in TASKS:
                for name in ("base", "on-policy", "full"):
                    settings, start = every[name].settings, every[name].start
                    yield from (Try(task, f"rate-{name}", f"{rate:g}", TRIAL_SEEDS[0], settings, start, rate) for rate in RATES)


def one(each: Try, runs: Path) -> None:
    """Train a try, measure it, and store its row."""
    task, began = TASKS[each.task], now()
    updates = updates_for(task, each.settings, each.start, 0.5)
    model = model_of(task, each.settings, each.start, updates, each.rate, each.seed, runs / each.name)
    found = levels(model, trial(open_dataset(task.data, task.size), IMAGES, "validation"))
    row = {"task": each.task, "group": each.group, "value": each.value, "seed": each.seed, "rate": each.rate, "updates": updates}
    write_json(TRIES / f"{each.name}.json", {**row, "began": began, "commit": commit(), "psnr": found})
    print(each.name, found, flush=True)
