"""`viceversa compare A B...`: what is left of images after repeated translation, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from viceversa.cli.parsing import parsed
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError, printable
from viceversa.evaluation.candidates import candidate
from viceversa.evaluation.compare import compare
from viceversa.recipes import dataset_of
from viceversa.recipes.record import read_record


@dataclass(frozen=True)
class Compare:
    """Measures several models on the same images and chains; differences are from the first one, paired by image. Prints a
    table, writes metrics.json and report.html."""

    models: Annotated[Positional[tuple[str, ...]], arg(metavar="MODEL [MODEL ...]")]
    """folders of runs, or Python functions, as in `mine:translate`: (uint8 N,H,W,C, {attribute: N values}) -> uint8 N,H,W,C"""
    out: Annotated[Path, arg(metavar="DIR")]
    """where metrics.json and report.html go"""
    data: Annotated[str | None, arg(metavar="SPEC")] = None
    """what to measure on; the data of the first run among the models, if not given"""
    size: int | None = None
    """of the images in pixels, where there is no run to say it"""
    cycles: int = 3
    """how many translations come before the one that is measured, at most"""
    steps: int = 0
    """how many translations of a chain are measured one by one, against the true edit of each; 10 at most"""
    probes: bool = False
    """measure the way back through noise, JPEG and blur too"""
    samples: Annotated[int | None, arg(metavar="N")] = None
    """how many test images; all, if not given"""


def run(arguments: Sequence[str]) -> None:
    """Measures, prints and writes."""
    asked = parsed(Compare, arguments, "compare")
    if len(set(asked.models)) < len(asked.models):
        raise UsageError("a model is named twice: name each once.")
    first = next((Path(model) for model in asked.models if (Path(model) / "recipe.json").exists()), None)
    if first is not None:
        record = read_record(first)
        dataset = dataset_of(record.recipe, asked.data, spaces=not record.space.attributes)
    elif asked.data is None:
        raise UsageError("none of the models is a run: say with --data what to measure on, as in --data avatars.")
    else:
        dataset = open_dataset(asked.data, asked.size or 32)
    folders = [Path(model).resolve().name if Path(model).exists() else model for model in asked.models]
    names = folders if len(set(folders)) == len(folders) else asked.models
    models = {name: candidate(model, dataset) for name, model in zip(names, asked.models, strict=True)}
    found = compare(models, dataset, cycles=asked.cycles, steps=asked.steps, probes=asked.probes, samples=asked.samples)
    report = found.report(f"{', '.join(names)} on {dataset.name}")
    print(report.table())
    report.save(asked.out)
    print(printable(f"{asked.out / 'report.html'} and {asked.out / 'metrics.json'}"))
