"""`viceversa evaluate RUN`: what is left of images after repeated translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from viceversa.cli.parsing import parsed
from viceversa.errors import printable
from viceversa.evaluation.compare import evaluate


@dataclass(frozen=True)
class Evaluate:
    """Measures a run after 0, 1, 2, ... repeated translations; prints a table, writes metrics.json and report.html."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """the folder of a trained run"""
    out: Annotated[Path, arg(metavar="DIR")]
    """where metrics.json and report.html go"""
    data: Annotated[str | None, arg(metavar="SPEC")] = None
    """what to measure on; the run's own data, if not given"""
    cycles: int = 3
    """how many translations come before the one that is measured, at most"""
    steps: int = 0
    """how many translations of a chain are measured one by one, against the true edit of each; 10 at most"""
    probes: bool = False
    """measure the way back through noise, JPEG and blur too: what is hidden in an image does not survive them"""
    samples: Annotated[int | None, arg(metavar="N")] = None
    """how many test images; all, if not given"""


def run(arguments: Sequence[str]) -> None:
    """Measures, prints and writes."""
    asked = parsed(Evaluate, arguments, "evaluate")
    report = evaluate(asked.run, asked.data, cycles=asked.cycles, steps=asked.steps, probes=asked.probes, samples=asked.samples)
    print(report.table())
    report.save(asked.out)
    print(printable(f"{asked.out / 'report.html'} and {asked.out / 'metrics.json'}"))
