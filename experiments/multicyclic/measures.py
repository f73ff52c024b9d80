"""What is measured of a translator along its chains, through images of 8 bits, on all images of a split."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from viceversa.core.domains import Domain
from viceversa.data.dataset import Dataset
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.images.normalizing import normalized, quantized
from viceversa.inference.model import Model
from viceversa.metrics.accuracies import PerImage, accuracies, success
from viceversa.metrics.chain_protocol import Place, Trial, Way, trial
from viceversa.metrics.labeller_training import independent_labeller
from viceversa.metrics.similarity import psnr

CYCLES, STEPS = 3, 10
PLACES = tuple(
    [Place(direction, number, "8bit") for direction in ("inv", "rec") for number in range(CYCLES + 1)]
    + [Place("step", number, "8bit") for number in range(1, STEPS + 1)]
)


def measured(model: Model, dataset: Dataset, split: str = "test", images: int | None = None) -> list[dict[str, Any]]:
    """A row for each place, means over images.

    psnr in dB and mse in levels^2, to the truth (of rec: to the source); changed, kept: accuracies by an independent labeller;
    success_rate: SR@k, of steps.
    """
    task, labeller = trial(dataset, images, split), independent_labeller(dataset)
    found: dict[Place, list[PerImage]] = {place: [] for place in PLACES}
    for rows, made in candidate_of(model).outputs(task, Way(CYCLES, STEPS)):
        here, before = task.of(range(rows.start, rows.stop)), dict[Place, PerImage]()
        for place in PLACES:
            distance = {"psnr": psnr(made[place], here.truth(place)), "mse": squared_error(made[place], here.truth(place))}
            read = accuracies(here, place, labeller.space, labeller.read(made[place]), None)
            before[place] = {**distance, "changed": read["changed_accuracy"], "kept": read["kept_accuracy"]}
            if place.direction == "step":
                before[place] |= success(read, place, before)
            found[place].append(before[place])
    return [{"direction": at.direction, "k": at.cycles, **means(parts)} for at, parts in found.items()]


def held(model: Model, dataset: Dataset, images: int) -> list[float]:
    """PSNR to the source in dB after each of STEPS translations into the label that an image has already."""
    task = trial(dataset, images)
    image, home = normalized(torch.tensor(task.sources)), Domain(task.home, task.labels)
    found = []
    for _ in range(STEPS):
        pixels = quantized(model.translate_images(image, home, home))
        image = normalized(torch.from_numpy(pixels))
        found.append(round(float(psnr(pixels, task.sources).mean()), 3))
    return found


def levels(model: Model, task: Trial) -> list[float]:
    """PSNR to the truth of inv_k, k = 0..3: what settings are chosen by."""
    every = [made for _, made in candidate_of(model).outputs(task, Way(CYCLES))]
    places = [Place("inv", number, "8bit") for number in range(CYCLES + 1)]
    return [round(float(psnr(np.concatenate([made[at] for made in every]), task.truth(at)).mean()), 3) for at in places]


def squared_error(images: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean squared difference of each image, in levels^2: (N,)."""
    return np.square(images.astype(np.float64) - others).mean((1, 2, 3))


def means(parts: list[PerImage]) -> dict[str, float]:
    """Of each measure over the images that have it; a measure that none has is left out."""
    every = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {name: round(float(np.nanmean(values)), 5) for name, values in every.items() if np.isfinite(values).any()}
