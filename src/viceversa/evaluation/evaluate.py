"""Public functions to measure one model (`evaluate`) or several side by side (`compare`)."""

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
    """Measure a translator after 0 to `cycles` earlier translations (docs/evaluation.md).

    Args:
        model: a Model, the folder of a run, an ONNX file, a folder of results (see `viceversa chains`), or a function from images
            (N, H, W, C) uint8 and their targets to images, also as the text "module:function".
        data: test data; by default the data of the run.
        images: folder of the images that a table names, if it is not the table's own folder.
        out: folder for metrics.json and report.html.
        overwrite: replace a report that exists already.
        size: height and width of the images in pixels, if the model is not a run; by default a size that fits the images.
        cycles: largest number of earlier translations.
        steps: number of steps of a chain to measure, 10 at most; 0: none.
        probes: also measure the way back through noise, JPEG and blur.
        samples: number of test images; all by default.
        features: feature network of the distances to real images; "inception" gives FID and KID.
        checkpoint: checkpoint of a run: "best" or "last".
        build: function that the run was trained with, for a custom method.
        device: device of the networks, as in `load`; a Model stays on its own device.
        quiet: show no progress.

    Returns:
        The report; a notebook shows it as a page.

    Raises:
        UsageError: the model cannot be measured on the data, an argument is out of range, or a report exists already.
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
    """Measure several translators on the same images and chains, and their differences from the first one, paired by image.

    Args:
        models: name -> a model (see `evaluate`), or a list of models for several trainings of one method. Or a list of models;
            their names are those of their folders, or given in a text as "NAME=MODEL" or "NAME=MODEL,MODEL".
        data: test data; by default the data of the first run.
        build: folder of a run with a custom method -> the function that it was trained with.

    See `evaluate` for the other arguments, the result and the errors.
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
    """Load the model if a run's folder is given; return anything else unchanged."""
    if not isinstance(model, str | Path) or kind_of(model) != "run":
        return model
    return load(model, build=builds.get(str(model)), checkpoint=checkpoint, device=device)


def _training(models: Sequence[Measured]) -> dict[str, str]:
    """Return facts about the training if there is a single run."""
    match models:
        case [Model() as model]:
            recipe = model.record.recipe
            batches = f"{model.step} steps of batches of {recipe.training.batch}, in {model.record.precision}"
            return {"training": f"recipe {recipe.name}: {batches}"}
        case _:
            return {}
