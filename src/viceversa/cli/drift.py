"""`viceversa drift FOLDER...`: measure what repeated editing does to images. `viceversa drift run` makes the images."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from viceversa.cli.next_commands import print_next
from viceversa.cli.parsing import parsed
from viceversa.errors import printable
from viceversa.multiturn.drift import SIDE, drift
from viceversa.multiturn.report import CARD, NUMBERS, PAGE, DriftReport, parsed_limit


@dataclass(frozen=True)
class Drift:
    """Measure what repeated editing does to images. Needs images only: no model, labels or ground truth. Print a table; write
    drift.html, drift.json and model-index.yaml. `viceversa drift run --help` shows how to make the images with an editor."""

    folders: Annotated[Positional[tuple[str, ...]], arg(metavar="FOLDER [FOLDER ...]", help_behavior_hint="(required)")]
    """images of each editor: a folder of ID/turn0.png, ID/turn1.png, ... or a CSV file with the columns id, turn and file;
    FOLDER or NAME=FOLDER; the first one is compared with the others"""
    out: Annotated[Path, arg(metavar="DIR", help_behavior_hint="")]
    """folder for the report; a measurement that was interrupted goes on there"""
    weights: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None
    """safetensors file of VGG-16, for a second perceptual distance"""
    side: Annotated[int, arg(metavar="N")] = SIDE
    """height and width in pixels to which images are resized for perceptual distances"""
    fail_above: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="MEASURE=VALUE")]] = ()
    """exit with code 1 if an editor's mean after its last turn is above this value, as in l1=12 or collapse_rate=0.1;
    MEASURE@K=VALUE: after turn K"""
    device: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "auto"
    """auto (default), cpu, cuda, cuda:1 or mps"""
    overwrite: Annotated[bool, arg(help_behavior_hint="")] = False
    """replace a report that exists already"""


def run(arguments: Sequence[str]) -> int:
    """Measure, print and write; the exit code is 1 if a limit is exceeded."""
    if arguments and arguments[0] == "run":
        from viceversa.cli.drift_run import run as run_editor

        return run_editor(arguments[1:])
    asked = parsed(Drift, arguments, "drift")
    for limit in asked.fail_above:
        parsed_limit(limit)  # raises for an invalid limit before anything is measured
    report = drift(
        asked.folders, out=asked.out, overwrite=asked.overwrite, weights=asked.weights, side=asked.side, device=asked.device
    )
    print(report.table())
    print(printable(", ".join(str(asked.out / name) for name in (PAGE, NUMBERS, CARD))))
    if not asked.fail_above:
        _print_limit(asked, report)
    above = report.above(asked.fail_above)
    for line in above:
        print(printable(line))
    return 1 if above else 0


def _print_limit(asked: Drift, report: DriftReport) -> None:
    """Print the command that fails if an editor drifts a tenth more than the worst one does now."""
    most = max((value for editor in report.editors if (value := report.value(editor, "l1")) is not None), default=0.0)
    words = ["viceversa", "drift", *asked.folders, "--out", str(asked.out), "--overwrite", "--fail-above", f"l1={1.1 * most:.2g}"]
    words += ["--side", str(asked.side)] if asked.side != SIDE else []
    words += ["--weights", str(asked.weights)] if asked.weights else []
    print_next(shlex.join(words))
