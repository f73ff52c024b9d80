"""`viceversa evaluate MODEL`: measure a model after repeated translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from viceversa.cli.next_commands import print_next, studio_command
from viceversa.cli.own import build_of
from viceversa.cli.parsing import parsed
from viceversa.errors import UsageError, printable
from viceversa.evaluation.candidates.named import kind_of
from viceversa.evaluation.evaluate import evaluate
from viceversa.runs.selection import Checkpoint


@dataclass(frozen=True)
class Evaluate:
    """Measure a model after 0 to N earlier translations. Print a table; write metrics.json and report.html."""

    model: Annotated[Positional[str], arg(metavar="MODEL", help_behavior_hint="")]
    """folder of a run, hf:USER/NAME, ONNX file, Python function such as `mine:translate`, or folder of results (see `viceversa
    chains`)"""
    out: Annotated[Path, arg(metavar="DIR", help_behavior_hint="")]
    """folder for metrics.json and report.html"""
    data: Annotated[str | None, arg(metavar="SPEC", help_behavior_hint="")] = None
    """test data; by default the data of the run"""
    images: Annotated[str | None, arg(metavar="DIR", help_behavior_hint="")] = None
    """folder of the images that a table names"""
    size: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """height and width of images in pixels, if MODEL is not a run"""
    cycles: Annotated[int, arg(metavar="N")] = 3
    """measure after 0 to N earlier translations; with two spaces, after 0 to N round trips"""
    steps: Annotated[int, arg(metavar="N", help_behavior_hint="")] = 0
    """also measure every image of a chain of N translations, N up to 10; 0 (default): off"""
    probes: Annotated[bool, arg(help_behavior_hint="")] = False
    """also measure after noise, JPEG and blur; they remove information that a generator hides in its images"""
    samples: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """number of test images; all by default"""
    features: Literal["lite0", "inception"] = "lite0"
    """feature network for distances to real images; inception gives FID and KID"""
    build: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")] = None
    """MODULE:FUNCTION that builds a custom method"""
    device: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "auto"
    """auto (default), cpu, cuda, cuda:1 or mps"""
    overwrite: Annotated[bool, arg(help_behavior_hint="")] = False
    """replace a report that exists already"""
    checkpoint: Checkpoint = "best"
    """checkpoint of a run to measure"""


def run(arguments: Sequence[str]) -> None:
    """Measure the model, print the table and write the report."""
    asked = parsed(Evaluate, arguments, "evaluate")
    is_run = kind_of(asked.model) == "run"
    if asked.build and not is_run:
        raise UsageError(f"leave out --build: {asked.model!r} is not a run.")
    build = build_of(asked.model, [asked.build] if asked.build else []) if is_run else None
    report = evaluate(
        asked.model, asked.data, images=asked.images, out=asked.out, size=asked.size, cycles=asked.cycles, steps=asked.steps,
        probes=asked.probes, samples=asked.samples, features=asked.features, checkpoint=asked.checkpoint, device=asked.device,
        overwrite=asked.overwrite, build=build,
    )  # fmt: skip
    print(report.table())
    print(printable(f"{asked.out / 'report.html'} and {asked.out / 'metrics.json'}"))
    print_next(studio_command([asked.model] if is_run else [], asked.out))
