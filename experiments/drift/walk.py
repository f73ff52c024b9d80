"""Ten turns of every editor by every protocol, and their drift: results/NAME-PROTOCOL.json."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import viceversa as vv
from experiments.common import use_cpu, write_result
from experiments.drift.editors import SIZE, TRAININGS, TURNS, WALKS, Walk
from experiments.drift.page import RESULTS, row_of


@dataclass(frozen=True)
class Walks:
    """Which editors walk, and where."""

    names: tuple[str, ...] = ()
    """all if none is given"""
    runs: Path = Path("runs/drift")
    out: Path = Path("runs/drift/turns")


def main(asked: Walks) -> None:
    """Make and measure the turns that have no result."""
    use_cpu(1)
    for name in asked.names or WALKS:
        for protocol in WALKS[name].protocols:
            result = RESULTS / f"{name}-{protocol}.json"
            if not result.exists():
                command = arguments(name, WALKS[name], protocol, asked)
                subprocess.run([sys.executable, "-m", "viceversa", *command], check=True)
                report = vv.drift({name: asked.out / f"{name}-{protocol}"})
                write_result(result, row_of(report.numbers(), WALKS[name].what, f"viceversa {' '.join(command)}"))


def arguments(name: str, walk: Walk, protocol: str, asked: Walks) -> list[str]:
    """The command that makes the turns."""
    editor = str(asked.runs / walk.editor) if walk.editor in TRAININGS else walk.editor
    return [
        "drift", "run", "--editor", editor, "--images", walk.images, "--protocol", protocol, "--turns", str(TURNS),
        "--samples", str(walk.samples), "--size", str(SIZE), "--out", str(asked.out / f"{name}-{protocol}"),
    ]  # fmt: skip
