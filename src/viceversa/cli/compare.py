"""`viceversa compare A B...`: what is left of images after repeated translation, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from viceversa.cli.own import build_of
from viceversa.cli.parsing import parsed
from viceversa.errors import printable
from viceversa.evaluation.candidates import candidate, data_of, kind_of, named
from viceversa.evaluation.compare import compare
from viceversa.training.selection import Checkpoint


@dataclass(frozen=True)
class Compare:
    """Measures several models on the same images and chains; differences are from the first one, paired by image. Prints a
    table, writes metrics.json and report.html."""

    models: Annotated[Positional[tuple[str, ...]], arg(metavar="MODEL [MODEL ...]")]
    """runs, ONNX files, Python functions as in `mine:translate`, folders of answers (`viceversa chains`); or NAME=MODEL, or
    NAME=MODEL,MODEL for several trainings of one method"""
    out: Annotated[Path, arg(metavar="DIR")]
    """where metrics.json and report.html go"""
    data: Annotated[str | None, arg(metavar="SPEC")] = None
    """what to measure on; the data of the first run among the models, if not given"""
    size: Annotated[int | None, arg(metavar="N")] = None
    """of the images in pixels, where there is no run to say it"""
    cycles: int = 3
    """how many translations come before the last, at most"""
    steps: int = 0
    """how many steps of a chain to measure, 10 at most"""
    probes: bool = False
    """measure the way back through noise, JPEG and blur too"""
    samples: Annotated[int | None, arg(metavar="N")] = None
    """how many test images; all, if not given"""
    features: Literal["lite0", "inception"] = "lite0"
    """the network behind the distances"""
    build: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="MODULE:FUNCTION")]] = ()
    """the function of a run's method, if it is your own; may be repeated"""
    checkpoint: Checkpoint = "best"
    """of runs; without a best one, the last"""


def run(arguments: Sequence[str]) -> None:
    """Measures, prints and writes."""
    asked = parsed(Compare, arguments, "compare")
    models = named(asked.models)
    dataset = data_of(models.models.values(), asked.data, asked.size)
    builds = {
        model: build_of(model, asked.build, alone=False) for model in models.models.values() if kind_of(model) == "run"
    }  # of all, before the first is loaded
    candidates = {
        name: candidate(model, dataset, asked.checkpoint, build=builds.get(model)) for name, model in models.models.items()
    }
    found = compare(
        candidates, dataset, cycles=asked.cycles, steps=asked.steps, probes=asked.probes, samples=asked.samples,
        groups=models.groups, features=asked.features,
    )  # fmt: skip
    report = found.report(f"{', '.join(candidates)} on {dataset.name}")
    print(report.table())
    report.save(asked.out)
    print(printable(f"{asked.out / 'report.html'} and {asked.out / 'metrics.json'}"))
