"""`viceversa export RUN --out model.onnx`: write a run as ONNX files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from viceversa.cli.own import build_of
from viceversa.cli.parsing import parsed
from viceversa.errors import printable
from viceversa.exporting.export import export
from viceversa.runs.selection import Checkpoint


@dataclass(frozen=True)
class Export:
    """Write a run as ONNX files, which run without viceversa and without PyTorch. Print how they agree with PyTorch."""

    run: Annotated[Positional[Path], arg(metavar="RUN", help_behavior_hint="")]
    """model: a folder, `avatars`, `icons` or hf:USER/NAME"""
    out: Annotated[Path, arg(metavar="FILE.onnx", help_behavior_hint="(required)")]
    """name of the file; a model with several target spaces becomes FILE-TARGET.onnx for each of them"""
    labeller: Annotated[bool, arg(help_behavior_hint="")] = False
    """put the labeller inside; it reads attributes that are given as NaN"""
    build: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")] = None
    """MODULE:FUNCTION that builds a custom method"""
    checkpoint: Annotated[Checkpoint, arg(metavar="WHICH")] = "best"
    """checkpoint to use: best or last"""
    overwrite: Annotated[bool, arg(help_behavior_hint="")] = False
    """replace files that exist already"""


def run(arguments: Sequence[str]) -> None:
    """Export the run, and print the files and how they agree with PyTorch."""
    asked = parsed(Export, arguments, "export")
    build = None if asked.run.suffix == ".onnx" else build_of(asked.run, [asked.build] if asked.build else [])
    made = export(
        asked.run, asked.out, labeller=asked.labeller, build=build, checkpoint=asked.checkpoint, overwrite=asked.overwrite
    )
    for path in made.files:
        takes = f": {made.takes[path]}" if path in made.takes else ""
        print(printable(f"{path} ({path.stat().st_size / 2**20:.1f} MiB){takes}"))
    for line in made.parity.lines:
        print(printable(line))
