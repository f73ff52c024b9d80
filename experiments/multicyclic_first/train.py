"""Train the arms of the experiment, measure each, and write results/ARM-SEED.json and results/ARM-SEED.png.

python -m experiments.multicyclic_first train                             all arms: about five hours on two cores
python -m experiments.multicyclic_first train --arms base full --seeds 0  some arms
python -m experiments.multicyclic_first page                              the page from the stored results

An interrupted training goes on with the same command. An arm with a stored result is not trained again.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from experiments.common import seconds_of, trained, use_cpu, write_result
from experiments.multicyclic_first.arms import ARMS, SEEDS, VARIATIONS, Arm, training_of
from experiments.multicyclic_first.cost import cost
from experiments.multicyclic_first.steps import steps
from experiments.multicyclic_first.stored import RESULTS
from viceversa.data.sources import open_dataset
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.evaluation.judge import Judge
from viceversa.images.pictures import grid, save_png
from viceversa.metrics.chain_protocol import PROBES, Way, trial
from viceversa.metrics.features import EXTRACTOR
from viceversa.metrics.labeller_training import independent_labeller
from viceversa.training.samples import samples

CYCLES, STEPS = 3, 10


@dataclass(frozen=True)
class Experiment:
    """Which arms are trained, where, and how they are measured."""

    arms: tuple[str, ...] = (*ARMS, *VARIATIONS)
    seeds: tuple[int, ...] = SEEDS
    runs: Path = Path("runs/multicyclic")
    """folder of the trainings"""
    threads: int = 2
    images: int = 500
    """number of test images"""
    updates: int | None = None
    """updates in place of those of the arms, for a try"""
    results: Path = RESULTS
    """folder of the results"""


def main(asked: Experiment) -> None:
    """Train and measure the arms one after the other.

    The arms of the question come first. Seeds follow one another, so that an interrupted experiment has whole seeds.
    """
    use_cpu(asked.threads)
    for arms in (ARMS, VARIATIONS):
        for seed in asked.seeds:
            for name, arm in arms.items():
                if name in asked.arms and seed in arm.seeds and not (asked.results / f"{name}-{seed}.json").exists():
                    print(f"{name}, seed {seed}", file=sys.stderr, flush=True)
                    one(name, replace(arm, updates=asked.updates or arm.updates), seed, asked)


def one(name: str, arm: Arm, seed: int, asked: Experiment) -> None:
    """Train and measure an arm; write its rows, the rows of the bounds once for each size, and a picture."""
    run = asked.runs / f"{name}-{seed}"
    model, dataset = trained(arm.recipe, run, **training_of(arm, seed)), open_dataset("avatars", arm.size)
    task = trial(dataset, asked.images)
    judge = Judge(task, independent_labeller(dataset), Way(CYCLES, STEPS, PROBES))
    bounds = asked.results / ("bounds.json" if arm.size == 32 else f"bounds-{arm.size}.json")
    if not bounds.exists():
        write_result(bounds, {"images": asked.images}, judge.bounds(lambda images: None))
    facts = {
        "recipe": arm.recipe, "seed": seed, "updates": arm.updates, "operations": arm.updates * cost(arm),
        "seconds": seconds_of(run), "threads": asked.threads, "dataset": dataset.name, "extractor": EXTRACTOR,
        "images": asked.images, "steps": steps(candidate_of(model), task, STEPS),
    }  # fmt: skip
    save_png(grid(*samples(model.method, dataset, 0, people=4)), asked.results / f"{name}-{seed}.png")
    write_result(asked.results / f"{name}-{seed}.json", facts, judge.assess("model", candidate_of(model), lambda images: None).rows)
