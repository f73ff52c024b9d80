"""Measures of a trained method beside the evaluation's rows: what it does without an edit, what it keeps, strengths and styles."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional import spearman_corrcoef

from viceversa.core.domains import Domain
from viceversa.data.dataset import Dataset
from viceversa.data.sets.avatars import avatars, labels_of, render
from viceversa.images.normalizing import normalized
from viceversa.images.pictures import grid
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.metrics.chain_protocol import Trial
from viceversa.metrics.diversity import diversity
from viceversa.metrics.labeller_training import independent_labeller

STRENGTHS = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
STRIPS, SHOWN = 200, 3
_TONE = 6
"""The column of the tone in a label of avatars."""


def glasses_and_others(model: Model, task: Trial) -> dict[str, float]:
    """Accuracy of the glasses and of all other attributes of faces that were given glasses, by the classifier of `avatars`.

    The same for the plain faces (`floor_`) and for the true edits (`ceiling_`).
    """
    reader = independent_labeller(avatars(task.sources.shape[1]))
    persons = [int(name) for name in task.dataset.splits[task.split][task.home].ids[: len(task)]]
    wanted = torch.from_numpy(labels_of(persons))
    wanted[:, 3] = 1
    translated = model.translate_pixels(task.sources, Domain(task.home), Domain(task.away))
    true = render(persons, wanted.numpy(), task.sources.shape[1])
    found = {}
    for name, pixels in (("", translated), ("floor_", task.sources), ("ceiling_", true)):
        right = reader.space.agrees(reader.read(pixels), wanted)
        found[f"{name}changed_accuracy"] = right[:, 1].double().mean().item()
        found[f"{name}kept_accuracy"] = right[:, [0, 2, 3, 4]].double().mean().item()
    return found


def strengths(model: Model, dataset: Dataset) -> tuple[dict[str, float], Any]:
    """Does a stronger edit of the tone change the skin more? Return measures, and a picture of strips of strengths above true ones.

    `rank_correlation` is that of the tone read along a strip with the tone of the true strip, the mean over people.
    """
    reader = independent_labeller(dataset)
    images = dataset.splits["test"]["avatars"]
    assert images.labels is not None
    ends = [index for index, label in enumerate(images.labels) if label[_TONE] in (0, 1)][:STRIPS]
    label = images.labels[ends]
    other = label.clone()
    other[:, _TONE] = 1 - label[:, _TONE]
    here = Domain("avatars", label)
    persons = [int(images.ids[index]) for index in ends]
    asked = [label + strength * (other - label) for strength in STRENGTHS]
    made = [model.translate_pixels(images.pixels[ends], here, Domain("avatars", each)) for each in asked]
    true = [render(persons, each.numpy(), images.pixels.shape[1]) for each in asked]
    seen, wanted = (torch.stack([reader.read(pixels)[:, _TONE] for pixels in strip]) for strip in (made, true))
    ranks = spearman_corrcoef(seen, wanted)  # 0 for a strip in which nothing changes
    error = float(np.mean([np.abs(one.astype(float) - two) for one, two in zip(made, true, strict=True)]))
    rows = [[strip[number][row] for number in range(len(STRENGTHS))] for row in range(SHOWN) for strip in (made, true)]
    captions = [f"{strength:g}" for strength in STRENGTHS]
    return {"rank_correlation": ranks.mean().item(), "l1_to_true_strip": error}, grid(rows, captions)


def seeded(model: Model, task: Trial, images: int = 100, seeds: int = 10) -> dict[str, float]:
    """Mean distances between the translations of one source with different seeds."""
    goal = task.inverted[:images] if task.inverted is not None else None
    label = task.labels[:images] if task.labels is not None else None

    def translate(rows: slice, seed: int) -> Pixels:
        here, there = (Domain(name, None if one is None else one[rows]) for name, one in ((task.home, label), (task.away, goal)))
        return model.translate_pixels(task.sources[:images][rows], here, there, Manner(seed=seed))

    found = diversity(translate, [slice(start, start + 50) for start in range(0, min(images, len(task)), 50)], seeds)
    return {
        "diversity_l1": float(found.l1.mean()),
        "diversity_perceptual_lite0": float(found.perceptual.mean()),
        "diversity_seeds": seeds,
    }


def still(model: Model, task: Trial) -> dict[str, float]:
    """Mean L1 of G(x, c_x) to x, in levels."""
    assert task.labels is not None
    same = Domain(task.home, task.labels)
    made: Tensor = model.translate_images(normalized(torch.tensor(task.sources)), same, same)
    error = (made.clamp(-1, 1) - normalized(torch.tensor(task.sources))).abs().mean().item() * 127.5
    return {"fixed_point_l1": error}
