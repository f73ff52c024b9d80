"""`viceversa compare A B...`: measure several models side by side after repeated translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from viceversa.cli.next_commands import print_next, studio_command
from viceversa.cli.own import build_of
from viceversa.cli.parsing import parsed
from viceversa.errors import UsageError, printable
from viceversa.evaluation.candidates.named import kind_of, models_by_name
from viceversa.evaluation.evaluate import compare
from viceversa.runs.selection import Checkpoint


@dataclass(frozen=True)
class Compare:
    """Measure several models on the same images, and their differences from the first model, paired by image. Print a table;
    write metrics.json and report.html."""

    models: Annotated[Positional[tuple[str, ...]], arg(metavar="MODEL [MODEL ...]", help_behavior_hint="(required)")]
    """runs, hf:USER/NAME, ONNX files, Python functions such as `mine:translate`, or folders of results (`viceversa chains`);
    NAME=MODEL names a model; NAME=MODEL,MODEL groups several trainings of one method"""
    out: Annotated[Path, arg(metavar="DIR", help_behavior_hint="")]
    """folder for metrics.json and report.html"""
    data: Annotated[str | None, arg(metavar="SPEC", help_behavior_hint="")] = None
    """test data; by default that of the first run"""
    images: Annotated[str | None, arg(metavar="DIR", help_behavior_hint="")] = None
    """folder of the images that a table names"""
    size: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """height and width of images in pixels, if no MODEL is a run"""
    cycles: Annotated[int, arg(metavar="N")] = 3
    """measure after 0 to N earlier translations; with two spaces, after 0 to N round trips"""
    steps: Annotated[int, arg(metavar="N", help_behavior_hint="")] = 0
    """also measure N translations in a chain, 10 at most"""
    probes: Annotated[bool, arg(help_behavior_hint="")] = False
    """also measure after noise, JPEG and blur"""
    samples: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """number of test images; all by default"""
    features: Literal["lite0", "inception"] = "lite0"
    """feature network for distances to real images; inception gives FID and KID"""
    build: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="NAME")]] = ()
    """MODULE:FUNCTION that builds a custom method"""
    device: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "auto"
    """auto (default), cpu, cuda, cuda:1 or mps"""
    overwrite: Annotated[bool, arg(help_behavior_hint="")] = False
    """replace a report that exists already"""
    checkpoint: Checkpoint = "best"
    """checkpoint of the runs to measure"""


def run(arguments: Sequence[str]) -> None:
    """Measure the models, print the table and write the report."""
    asked = parsed(Compare, arguments, "compare")
    runs = [model for model in models_by_name(asked.models).models.values() if isinstance(model, str) and kind_of(model) == "run"]
    builds = {run: build for run in runs if (build := build_of(run, asked.build, alone=False))}
    if asked.build and not builds:
        raise UsageError("leave out --build: none of these runs was trained with a custom method.")
    report = compare(
        asked.models, out=asked.out, data=asked.data, images=asked.images, size=asked.size, cycles=asked.cycles, steps=asked.steps,
        probes=asked.probes, samples=asked.samples, features=asked.features, checkpoint=asked.checkpoint, device=asked.device,
        overwrite=asked.overwrite, build=builds,
    )  # fmt: skip
    print(report.table())
    print(printable(f"{asked.out / 'report.html'} and {asked.out / 'metrics.json'}"))
    print_next(studio_command(runs, asked.out))
