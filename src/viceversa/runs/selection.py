"""The best checkpoint of a run, kept in addition to the last ones.

    RUN/best/00017000/networks.safetensors, averages.safetensors   as in that step's checkpoint
                      judgment.json                                metric that chose it, and its value
                      manifest.json                                size and SHA-256 of the others

It has no optimizer state: a training continues from the last checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from viceversa.progress import say
from viceversa.recipes.settings import FROZEN
from viceversa.runs.weights import damaged_file, keep_only, numbered, write_sealed

Checkpoint = Literal["best", "last"]
WEIGHTS = ("networks.safetensors", "averages.safetensors")
JUDGMENT = "judgment.json"


class Validation(BaseModel):
    """Measurement of a checkpoint: one line of RUN/validation.jsonl.

    Args:
        step: step of the checkpoint.
        metric, value: the metric that chooses the best checkpoint, and its value, higher is better; None if none is defined.
        measures, signs: measures of the training's health, and signs of trouble.
        elapsed, spent: seconds since the training began, and those of them spent on validation.
        seconds: duration of this validation.
    """

    model_config = FROZEN

    step: int = Field(ge=0)
    metric: str | None = None
    value: FiniteFloat | None = None
    measures: Mapping[str, FiniteFloat] = {}
    signs: tuple[str, ...] = ()
    elapsed: FiniteFloat = 0.0
    spent: FiniteFloat = 0.0
    seconds: FiniteFloat = 0.0

    def numbers(self) -> dict[str, float]:
        """Return the metric and the measures, by name."""
        return dict(self.measures) | ({} if self.metric is None or self.value is None else {self.metric: self.value})

    def beats(self, other: Validation | None) -> bool:
        """Return whether it is as good as the other or better. If both are equal, the later one wins because it was trained
        longer."""
        if self.value is None:
            return False
        return other is None or other.value is None or other.metric != self.metric or self.value >= other.value


def keep_best(run: Path, judgment: Validation) -> None:
    """Replace the best checkpoint by the checkpoint of that step. Raises OSError."""
    folder, name = run / "best", f"{judgment.step:08d}"
    weights = {file: (run / "checkpoints" / name / file).read_bytes() for file in WEIGHTS}
    write_sealed(folder / name, weights | {JUDGMENT: judgment.model_dump_json().encode()})
    keep_only(folder, [folder / name])


def best_checkpoint(run: Path, *, quiet: bool = False) -> Path | None:
    """Return the folder of a run's best checkpoint; None if there is none that is complete. Unless quiet, report a damaged one."""
    for folder in reversed(numbered(run / "best")):
        file = damaged_file(folder, (*WEIGHTS, JUDGMENT))
        if file is None:
            return folder
        if not quiet:
            say(f"viceversa: {str(file)!r} is missing or damaged: the best checkpoint is not used.")
    return None


def best_validation(run: Path) -> Validation | None:
    """Return the validation of a run's best checkpoint, if it has one."""
    folder = best_checkpoint(run, quiet=True)
    try:
        return Validation.model_validate_json((folder / JUDGMENT).read_bytes()) if folder else None
    except (OSError, ValidationError):  # its manifest is valid, but the judgment is not
        return None
