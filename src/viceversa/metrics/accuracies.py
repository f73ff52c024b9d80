"""Label accuracies: whether outputs show the requested attributes, for each image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viceversa.core.space import Space
from viceversa.metrics.chain_protocol import Place, Trial

PerImage = dict[str, NDArray[np.float64]]
"""Name of a metric -> value for each image (N,), NaN if undefined."""


def accuracies(task: Trial, place: Place, space: Space, read: Tensor, own: Tensor | None) -> PerImage:
    """Return the share of right attributes of each image: of all, and of those that the last translation had to change, or to keep.

    Args:
        read: labels (N, K) of the outputs, predicted by the labeller.
        own: labels predicted by the model's own discriminator.
    """
    goal, before = _asked(task, place, space, len(read))
    right, changed = space.agrees(read, goal).numpy(), ~space.agrees(before, goal).numpy()
    each = {f"accuracy {attribute.name}": right[:, index] for index, attribute in enumerate(space.attributes)}
    return {name: values.astype(np.float64) for name, values in each.items()} | {
        "label_accuracy": right.mean(1),
        "label_accuracy_bits": _bits(read, goal, space),
        "changed_accuracy": _share(right, changed),
        "kept_accuracy": _share(right, ~changed),
        **({} if own is None else {"own_accuracy_bits": _bits(own, goal, space)}),
    }


def success(found: PerImage, place: Place, before: Mapping[Place, PerImage]) -> PerImage:
    """Return 1 for each image whose attributes are all as requested after this step and every earlier step, else 0.

    The mean is the success rate SR@k. Empty if an earlier step was not measured.

    Args:
        found: result of `accuracies` for this step.
        before: results for earlier steps.
    """
    right = (found["label_accuracy"] == 1).astype(np.float64)
    if place.cycles == 1:
        return {"success_rate": right}
    earlier = before.get(replace(place, cycles=place.cycles - 1), {})
    return {"success_rate": right * earlier["success_rate"]} if "success_rate" in earlier else {}


def _asked(task: Trial, place: Place, space: Space, count: int) -> tuple[Tensor, Tensor]:
    """Return the label that the outputs should have, and the label requested before their last translation."""
    goal, before = task.goal(place), task.asked_before(place)
    if goal is not None and before is not None:
        return goal, before
    home, away = (torch.eye(2)[[list(space.images).index(name)] * count] for name in (task.home, task.away))
    return (away, home) if place.direction == "inv" else (home, away if place.cycles else home)


def _bits(read: Tensor, goal: Tensor, space: Space) -> NDArray[np.float64]:
    """Return the share of right columns; a one-of attribute counts once for each choice (the multicyclic author's form)."""
    parts = zip(space.columns(read), space.columns(goal), strict=True)
    columns = [
        (values >= 0.5) == (wanted >= 0.5) if attribute.width > 1 else attribute.agrees(values, wanted)[:, None]
        for (attribute, values), (_, wanted) in parts
    ]
    return torch.cat(columns, 1).double().mean(1).numpy()


def _share(right: NDArray[np.bool_], which: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of right attributes among `which` for each image; NaN if there is none."""
    total = which.sum(1)
    return np.where(total > 0, (right & which).sum(1) / np.maximum(total, 1), np.nan)
