"""`viceversa evaluate MODEL`: what is left of images after repeated translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from viceversa.cli.own import build_of
from viceversa.cli.parsing import parsed
from viceversa.errors import printable
from viceversa.evaluation.candidates import candidate, data_of, kind_of, own_name
from viceversa.evaluation.compare import compare, evaluate
from viceversa.evaluation.report import Report
from viceversa.training.selection import Checkpoint


@dataclass(frozen=True)
class Evaluate:
    """Measures a model after 0, 1, 2, ... repeated translations; prints a table, writes metrics.json and report.html."""

    model: Annotated[Positional[str], arg(metavar="MODEL")]
    """the folder of a run, an ONNX file, a Python function as in `mine:translate`, or a folder of answers (`viceversa chains`)"""
    out: Annotated[Path, arg(metavar="DIR")]
    """where metrics.json and report.html go"""
    data: Annotated[str | None, arg(metavar="SPEC")] = None
    """what to measure on; a run's own data, if not given"""
    size: Annotated[int | None, arg(metavar="N")] = None
    """of the images in pixels, where there is no run to say it"""
    cycles: int = 3
    """how many translations come before the last, at most"""
    steps: int = 0
    """how many steps of a chain to measure, 10 at most"""
    probes: bool = False
    """measure the way back through noise, JPEG and blur too: what is hidden in an image does not survive them"""
    samples: Annotated[int | None, arg(metavar="N")] = None
    """how many test images; all, if not given"""
    features: Literal["lite0", "inception"] = "lite0"
    """the network behind the distances"""
    build: Annotated[str | None, arg(metavar="MODULE:FUNCTION")] = None
    """the function of the run's method, if it is your own"""
    checkpoint: Checkpoint = "best"
    """of runs; without a best one, the last"""


def run(arguments: Sequence[str]) -> None:
    """Measures, prints and writes."""
    asked = parsed(Evaluate, arguments, "evaluate")
    report = _of_run(asked) if kind_of(asked.model) == "run" else _of_other(asked)
    print(report.table())
    report.save(asked.out)
    print(printable(f"{asked.out / 'report.html'} and {asked.out / 'metrics.json'}"))


def _of_run(asked: Evaluate) -> Report:
    return evaluate(
        asked.model, asked.data, cycles=asked.cycles, steps=asked.steps, probes=asked.probes, samples=asked.samples,
        features=asked.features, build=build_of(asked.model, [asked.build] if asked.build else []), checkpoint=asked.checkpoint,
    )  # fmt: skip


def _of_other(asked: Evaluate) -> Report:
    dataset, name = data_of([asked.model], asked.data, asked.size), own_name(asked.model)
    found = compare(
        {name: candidate(asked.model, dataset)}, dataset, cycles=asked.cycles, steps=asked.steps, probes=asked.probes,
        samples=asked.samples, features=asked.features,
    )  # fmt: skip
    return found.report(f"{name} on {dataset.name}")
