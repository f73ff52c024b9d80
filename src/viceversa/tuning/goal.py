"""The objective of a search: one number of an evaluation, measured on validation images through the 8-bit chain.

Most metrics need few translations and no feature network, and take a second. The others are measured by the code of an evaluation,
at one place of the chain only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from viceversa.core.domains import Domain
from viceversa.core.routing import routing_of
from viceversa.data.dataset import Dataset
from viceversa.device import CPU
from viceversa.errors import UsageError, quoted, unknown
from viceversa.evaluation.judge import Judge
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels
from viceversa.metrics.accuracies import accuracies
from viceversa.metrics.chain_protocol import Candidate, Place, TranslateImages, Trial, Way, linked, route, trial
from viceversa.metrics.features import lite0
from viceversa.metrics.labeller import Labeller
from viceversa.metrics.labeller_training import independent_labeller
from viceversa.metrics.rows import COLUMNS
from viceversa.metrics.similarity import psnr, ssim

Better = Literal["maximize", "minimize"]
METRICS: Mapping[str, Better] = {
    column.measure: "maximize" if column.better == "higher" else "minimize"
    for column in COLUMNS
    if column.better != "neither" and column.measure not in ("own_accuracy_bits", "success_rate")
}
"""Metrics of an evaluation that can be an objective, each with its better direction. Distances to the source have no better
direction, the accuracy by a model's own discriminator is circular, and the success rate needs all earlier steps."""

_BATCH = 100


@dataclass(frozen=True)
class Goal:
    """A metric at a place of the chain, such as "inv3.psnr_to_truth"."""

    place: Place
    metric: str

    @property
    def name(self) -> str:
        return f"{self.place.direction}{self.place.cycles}.{self.metric}"

    @property
    def better(self) -> Better:
        return METRICS[self.metric]


@dataclass(frozen=True, eq=False)
class Meter:
    """Measurement of an objective, on the same images for all trials of a search.

    Args:
        objective: the objective.
        task: the images.
        labeller: labeller for accuracies.
        device: device of the networks.
    """

    objective: Goal
    task: Trial
    labeller: Labeller | None
    device: torch.device = CPU

    def measured(self, translate: TranslateImages) -> float:
        """Return the objective of a translator. Raises UsageError if it is undefined."""
        pixels = np.concatenate([made for _, made in reached(translate, self.task, self.objective.place)])
        values = self._of_pixels(pixels)
        found = self._of_evaluation(pixels) if values is None else _mean(values)
        if found is None:
            about = f"{self.objective.name} is not defined on {len(self.task)} images of {self.task.dataset.name}"
            raise UsageError(f"{about}: take more `samples`, or another `objective`.")
        return found

    def _of_pixels(self, pixels: Pixels) -> NDArray[np.float64] | None:
        """Return the value of each image (N,); None if the metric needs features, or is undefined."""
        place, metric = self.objective.place, self.objective.metric
        if metric in ("psnr_to_truth", "ssim_to_truth"):
            truth = self.task.truth(place)
            found = None if truth is None else (psnr if metric == "psnr_to_truth" else ssim)(pixels, truth)
            return None if found is None else np.where(self.task.known(place), found, np.nan)
        if self.labeller is None:
            return None
        return accuracies(self.task, place, self.labeller.space, self.labeller.read(pixels), None)[metric]

    def _of_evaluation(self, pixels: Pixels) -> float | None:
        place = self.objective.place
        steps, cycles = (place.cycles, 0) if place.direction == "step" else (0, place.cycles)
        made = Candidate(lambda task, way: iter([(slice(0, len(task)), {place: pixels})]))
        (row,) = (
            Judge(self.task, self.labeller, Way(cycles, steps), lite0(self.device)).assess("trial", made, lambda images: None).rows
        )
        value = vars(row)[self.objective.metric]
        return None if value is None else float(value)


def meter_of(dataset: Dataset, text: str | None, samples: int, *, device: torch.device = CPU, quiet: bool = False) -> Meter:
    """Return the measurement of an objective on the first validation images.

    Args:
        dataset: the data set.
        text: name of the objective; None for the default of the data.
        samples: number of images.
        device: device of the networks.
        quiet: whether to omit messages.

    Raises:
        UsageError: For an unknown objective or too few samples.
    """
    if samples < 2:
        raise UsageError(f"{samples} samples are too few to measure anything: take 2 or more.")
    task = trial(dataset, samples, "validation")
    told = "changed_accuracy" if task.truth(Place("inv", 3, "8bit")) is None else "psnr_to_truth"
    objective = _objective(text or f"inv3.{told}", task)
    reads = "accuracy" in objective.metric and routing_of(dataset.space).question is not None
    labeller = independent_labeller(dataset, device=device, quiet=quiet) if reads else None
    return Meter(objective, task, labeller, device)


def reached(translate: TranslateImages, task: Trial, place: Place) -> Iterator[tuple[slice, Pixels]]:
    """Yield the outputs of a translator at one place of the 8-bit chain, in batches: (n, H, W, C) uint8.

    Args:
        translate: the translator.
        task: the images.
        place: place of the chain.
    """
    for start in range(0, len(task), _BATCH):
        rows = slice(start, min(start + _BATCH, len(task)))
        part = task.of(range(rows.start, rows.stop))
        here, image = Domain(part.home, part.labels), normalized(torch.tensor(part.sources))
        with torch.no_grad():
            for step, there in enumerate(route(part, place.direction, place.cycles)):
                image = linked(translate(image, here, there), "8bit", (), step)
                here = there
        yield rows, quantized(image)


def _objective(text: str, task: Trial) -> Goal:
    match = re.fullmatch(r"(inv|rec|step)(\d{1,3})\.(\w+)", text)
    if match is None:
        form = (
            "write a direction, a number of cycles, a dot and a metric, such as inv3.psnr_to_truth or rec1.kernel; "
            "docs/tuning.md lists the metrics"
        )
        raise UsageError(f"unknown objective {quoted(text)}: {form}.")
    direction, cycles, metric = match[1], int(match[2]), match[3]
    if metric not in METRICS:
        raise unknown("metric", metric, METRICS)
    most, least = (None if task.targets is None else len(task.targets)), int(direction == "step")
    if (direction == "step" and most is None) or cycles < least or (most is not None and cycles > most):
        what = f"{least} to {most} can" if most is not None else "steps need data with labels"
        raise UsageError(f"{direction}{cycles} cannot be measured: {what}.")
    return Goal(Place(direction, cycles, "8bit"), metric)  # type: ignore[arg-type]  # one of the three, as matched


def _mean(values: NDArray[np.float64]) -> float | None:
    """Return the mean over the images that have a value; None if none has one."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
