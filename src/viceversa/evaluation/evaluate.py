"""Measuring as a person asks for it, in Python and on the command line alike: one model, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import torch

from viceversa.core.method import Builder
from viceversa.device import Device, device_named
from viceversa.errors import UsageError
from viceversa.evaluation.candidates.named import Measured, candidate, data_of, kind_of, models_by_name
from viceversa.evaluation.comparison import comparison_of as compared
from viceversa.evaluation.report.contents import PAGE, Report
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.progress import say
from viceversa.runs.selection import Checkpoint

Networks = Literal["lite0", "inception"]


def evaluate(
    model: Measured,
    data: str | None = None,
    *,
    images: str | Path | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    size: int | None = None,
    cycles: int = 3,
    steps: int = 0,
    probes: bool = False,
    samples: int | None = None,
    features: Networks = "lite0",
    checkpoint: Checkpoint = "best",
    build: Builder | None = None,
    device: Device = "auto",
    quiet: bool = False,
) -> Report:
    """Measure a translator after 0..cycles repeated translations (docs/evaluation.md).

    Args:
        model: a Model, the folder of a run, an ONNX file, a folder of answers, or a function (N, H, W, C) uint8, targets ->
            the same; as a text, "module:function".
        data: what to measure on; a run's own data by default.
        images: the folder of a table's images, if it is not the table's own.
        out: a folder for metrics.json and report.html. overwrite: replace those of another report.
        size: of the images in pixels, where there is no run to say it; chosen from them by default.
        cycles: how many translations come before the last, at most.
        steps: how many steps of a chain to measure, 10 at most.
        probes: measure the way back through noise, JPEG and blur too.
        samples: how many test images; all by default.
        features: the network behind the distances.
        checkpoint: of a run: its best one, or its last.
        build: the function that a run was trained with, for a custom method.
        device: where networks compute, as in `load`; a Model stays where it is.
        quiet: show no progress.

    Raises UsageError.
    """
    if build is not None and not isinstance(model, str | Path):
        raise UsageError("leave out `build`: it is for the folder of a run.")
    return compare(
        [model], out=out, overwrite=overwrite, data=data, images=images, size=size, cycles=cycles, steps=steps, probes=probes,
        samples=samples, features=features, checkpoint=checkpoint, build=None if build is None else {str(model): build},
        device=device, quiet=quiet,
    )  # fmt: skip


def compare(
    models: Sequence[Measured] | Mapping[str, Measured | Sequence[Measured]],
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    data: str | None = None,
    images: str | Path | None = None,
    size: int | None = None,
    cycles: int = 3,
    steps: int = 0,
    probes: bool = False,
    samples: int | None = None,
    features: Networks = "lite0",
    checkpoint: Checkpoint = "best",
    build: Mapping[str, Builder] | None = None,
    device: Device = "auto",
    quiet: bool = False,
) -> Report:
    """Measure several translators on the same images and chains; differences are from the first, paired by image.

    models: their names -> a model (see `evaluate`), or a list of them for several trainings of one method; or a list of models,
    which are called by their folders or, as texts, "NAME=MODEL" and "NAME=MODEL,MODEL". data: that of the first run among them by
    default. build: for runs that were trained with a custom method: the folder of a run -> its function. Other arguments: see
    `evaluate`. Raises UsageError.
    """
    if out is not None and not overwrite and (Path(out) / PAGE).exists():
        raise UsageError(
            f"{str(out)!r} holds a report already: choose another folder with `out`, or replace it with `overwrite=True`."
        )
    chosen = device_named(device)
    asked = models_by_name(models)
    subjects = {name: _loaded(model, checkpoint, build or {}, chosen) for name, model in asked.models.items()}
    dataset = data_of(subjects.values(), data, size, images)
    if dataset.summary:
        say(dataset.summary, quiet=quiet)
    candidates = {name: candidate(model, dataset) for name, model in subjects.items()}
    found = compared(
        candidates, dataset, cycles=cycles, steps=steps, probes=probes, samples=samples, groups=asked.groups, features=features,
        device=chosen, quiet=quiet,
    )  # fmt: skip
    report = found.report(f"{', '.join(candidates)} on {dataset.name}", _training([*subjects.values()]))
    if out is not None:
        report.save(out)
    return report


def _loaded(model: Measured, checkpoint: Checkpoint, builds: Mapping[str, Builder], device: torch.device) -> Measured:
    """The model of a run's folder; all else as it is."""
    if not isinstance(model, str | Path) or kind_of(model) != "run":
        return model
    return load(model, build=builds.get(str(model)), checkpoint=checkpoint, device=device)


def _training(models: Sequence[Measured]) -> dict[str, str]:
    """What is said of the training, where there is one run alone."""
    match models:
        case [Model() as model]:
            recipe = model.record.recipe
            batches = f"{model.step} steps of batches of {recipe.training.batch}, in {model.record.precision}"
            return {"training": f"recipe {recipe.name}: {batches}"}
        case _:
            return {}
