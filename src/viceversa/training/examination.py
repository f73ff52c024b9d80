"""Examination of a checkpoint: its translations of the first validation images, and its discriminators' scores of them.

    psnr_to_truth      mean PSNR of inv_3 to the ground truth (of inv_0 for a one-way method), in dB: for data with ground truth
    change_and_return  (share of right attributes in inv_3 among those that its last translation had to change)
                       * max(0, 1 - mean (rec_3 - x)^2 / mean (x - mean x)^2): for labeled data, read by the run's labeller if
                       its accuracy on held-out images is .9 or more

All images pass 8 bits (docs/methods.md, Evaluation). In change_and_return, a model that changes nothing scores near 0 on the first
factor, and a model that replaces the person scores low on the second. The share of right attributes alone soon is 1 for all models.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch

from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey
from viceversa.core.method import Method
from viceversa.core.plans import Batch, Plan
from viceversa.data.dataset import Dataset
from viceversa.images.fitting import in_bits
from viceversa.images.normalizing import normalized
from viceversa.images.pixels import Pixels
from viceversa.inference.apply import translated
from viceversa.inference.enlarged import enlarged, made_at_full_size
from viceversa.losses.adversarial import Discriminate
from viceversa.metrics.chain_protocol import Place, Trial, Way, outputs, trial
from viceversa.metrics.health import Scores, measured, separation
from viceversa.metrics.labeller import load_labeller
from viceversa.recipes.settings import Metric, Training
from viceversa.training.loader import Loader

IMAGES, CYCLES = 64, 3
PASSES, FEW = 31, 7
"""Bounds of the time of an examination, in translations of all its images: up to 23 with a metric, 4 without."""
EDIT, BACK = (Place(direction, CYCLES, "8bit") for direction in ("inv", "rec"))
FIRST_EDIT, STAY = (Place(direction, 0, "8bit") for direction in ("inv", "rec"))

Made = Mapping[Place, Pixels]
Measure = Callable[[Made], float]


@dataclass(frozen=True, eq=False)
class Examination:
    """Images and metric, the same for all checkpoints of a run. measure: None if the metric is "none"."""

    task: Trial
    metric: Metric
    measure: Measure | None
    batch: int
    seed: int

    @torch.no_grad()
    def __call__(self, method: Method, averages: Method) -> tuple[float | None, dict[str, float]]:
        """Return the metric's value, if there is a metric, and the measures of health.

        method holds the trained weights, averages those that translate. Neither is changed, and neither is any random state of the
        training: every step seeds its own.
        """
        with evaluating(method), evaluating(averages):
            made = self._made(averages)
            reals = in_bits(self.task.dataset.splits[self.task.split][self.task.away].pixels[:IMAGES], 8)
            same = made[STAY] if self.task.labeled else None
            large = made_at_full_size(averages, self.task)
            both = None if large is None else (large, enlarged(reals))
            measures = measured(self.task.sources, made[FIRST_EDIT], reals, same, both)
            if pairs := self._scores(method):
                measures["separation"] = separation(pairs)
            return self.measure(made) if self.measure else None, measures

    @torch.no_grad()
    def seconds(self, averages: Method) -> float:
        """Return an upper bound of the seconds that it takes, from the translation of one batch."""
        image = normalized(torch.tensor(self.task.sources[: self.batch]))
        label = None if self.task.labels is None else self.task.labels[: self.batch]
        for _ in range(2):  # the first call is slower
            started = time.perf_counter()
            translated(averages, image, Domain(self.task.home, label), Domain(self.task.away, label))
        return (time.perf_counter() - started) * (PASSES if self.measure else FEW) * -(-len(self.task) // self.batch)

    def _made(self, averages: Method) -> Made:
        way = Way(CYCLES if self.measure else 0)
        whole: dict[Place, Pixels] = {}
        for rows, made in outputs(partial(translated, averages), self.task, way, self.batch, returns=averages.returns):
            for place, pixels in made.items():
                whole.setdefault(place, np.empty((len(self.task), *pixels.shape[1:]), np.uint8))[rows] = pixels
        return whole

    def _scores(self, method: Method) -> list[tuple[Scores, Scores]]:
        """Return the scores of each discriminator on real and generated images, by patch; none without the loss `Discriminate`."""
        found = []
        for phase in method.phases:
            if any(isinstance(loss, Discriminate) for _, loss in phase.objective.terms.values()):
                batches = [  # the subjects of this loss are journeys
                    [_judged(cast(Journey, each)) for each in phase.plan(*batch)] for batch in self._batches(phase.plan, method)
                ]
                for of_one in zip(*batches, strict=True):
                    real, made = zip(*of_one, strict=True)
                    found.append((np.concatenate(real), np.concatenate(made)))
        return found

    def _batches(self, plan: Plan, method: Method) -> Iterator[tuple[Batch, Draws]]:
        splits, device = self.task.dataset.splits[self.task.split], next(method.networks.parameters()).device
        loader = Loader(splits, plan.needs, batch=self.batch, seed=self.seed, device=device)
        return map(loader, range(min(-(-IMAGES // self.batch), loader.steps_per_epoch)))


def examination(run: Path, dataset: Dataset, settings: Training, device: torch.device) -> Examination:
    """Return the examination of a run, by the metric of its settings; if the data cannot provide it, by the next one in the list.

    Raises UsageError.
    """
    task = trial(dataset, IMAGES, "validation")
    metric, measure = settings.best, None
    if metric == "psnr_to_truth" and (measure := _to_truth(task)) is None:
        metric = "change_and_return"
    if metric == "change_and_return" and (measure := _change_and_return(task, run / "labeller.safetensors", device)) is None:
        metric = "none"
    return Examination(task, metric, measure, settings.batch, settings.seed)


def _to_truth(task: Trial) -> Measure | None:
    """Return psnr_to_truth if the data has ground truth."""
    if (truth := task.truth(EDIT)) is None:
        return None
    from viceversa.metrics.similarity import psnr  # with torchmetrics

    known = task.known(EDIT)
    return lambda made: float(psnr(made[EDIT if EDIT in made else FIRST_EDIT], truth)[known].mean())  # both have the same true edit


def _change_and_return(task: Trial, path: Path, device: torch.device) -> Measure | None:
    """Return change_and_return if the run has a trusted labeller of the data's attributes. Raises UsageError for a damaged one."""
    goal, before = task.goal(EDIT), task.asked_before(EDIT)
    if goal is None or before is None or not path.exists():
        return None
    labeller = load_labeller(path, device)
    if labeller.space.attributes != task.dataset.space.attributes or not labeller.trusted:
        return None
    changed = ~labeller.space.agrees(before, goal)

    def measure(made: Made) -> float:
        right = labeller.space.agrees(labeller.read(made[EDIT]), goal)[changed]
        return float(right.double().mean()) * share_returned(made[BACK], task.sources) if len(right) else 0.0

    return measure


def share_returned(images: Pixels, sources: Pixels) -> float:
    """Return max(0, 1 - mean (y - x)^2 / mean (x - mean x)^2), means over images, pixels and channels: (N, H, W, C) uint8 twice."""
    there, here = images.astype(np.float64), sources.astype(np.float64)
    variance = here.var()
    return max(0.0, 1 - float(((there - here) ** 2).mean() / variance)) if variance else float(np.array_equal(images, sources))


def _judged(journey: Journey) -> tuple[Scores, Scores]:
    """Return the discriminator's scores of real images, and of the journey's first translations."""
    journey = journey.begin(False)
    real, made = (
        judged.score.float().flatten().cpu().numpy() for judged in (journey.judge_example(), journey.judge(journey.target))
    )
    return real, made


@contextmanager
def evaluating(method: Method) -> Iterator[None]:
    """Set the networks to evaluation mode within the block."""
    before = [(module, module.training) for module in (*method.networks.modules(), *method.translator.modules())]
    method.networks.eval()
    method.translator.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training
