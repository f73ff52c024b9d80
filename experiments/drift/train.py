"""Train the editors that the package does not have, each for the same time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from experiments.common import trained, use_cpu
from experiments.drift.editors import SIZE, TRAININGS


@dataclass(frozen=True)
class Train:
    """Which editors are trained, and where."""

    names: tuple[str, ...] = ()
    """all if none is given"""
    runs: Path = Path("runs/drift")


def main(asked: Train) -> None:
    """Train the editors; a training that was interrupted goes on."""
    use_cpu(1)
    for name in asked.names or TRAININGS:
        training = TRAININGS[name]
        settings = {"training.steps": training.steps, "training.best": "none", "training.labeller": False, **training.settings}
        trained(training.recipe, asked.runs / name, data=training.data, size=SIZE, settings=settings)
