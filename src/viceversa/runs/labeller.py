"""Finish the labeller of a run whose training was stopped early, when attributes must be recognized."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import torch

from viceversa.core.routing import routing_of
from viceversa.errors import UsageError
from viceversa.metrics.labeller import FILE, Labeller, write_labeller
from viceversa.metrics.labeller_training import independent_labeller
from viceversa.recipes import dataset_of
from viceversa.runs.record import Record


def finished_labeller(run: Path, record: Record, now: Labeller | None, device: torch.device) -> Labeller | None:
    """Return the labeller of a run, trained to its end and stored in the run; None if the run has no labeller.

    Args:
        run: folder of the run.
        record: its record.
        now: the unfinished labeller, if there is one.
        device: device for training and use.

    Raises:
        UsageError: If there is no labeller and the data to train one is missing.
    """
    recipe = record.recipe
    if not (recipe.training.labeller and routing_of(record.space).described) or record.dataset == "imported":
        return now
    try:
        dataset = dataset_of(recipe, trained=record.space)
        if dataset.name != record.dataset:
            raise UsageError(f"the run was trained on {record.dataset}, but the data is now {dataset.name}")
    except UsageError as error:
        if now is not None:
            return now
        unfinished = f"the labeller of {str(run)!r} is unfinished, and its data cannot be read ({str(error).removesuffix('.')})"
        raise UsageError(f"{unfinished}: give the attributes of the image with `source`.") from error
    labeller = independent_labeller(dataset, device=device)
    with suppress(OSError):  # the labeller is usable even if the run is read-only
        write_labeller(labeller, run / FILE)
    return labeller
