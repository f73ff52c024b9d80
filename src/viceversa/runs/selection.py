"""The best checkpoint of a run, kept beside the last ones.

    RUN/best/00017000/networks.safetensors, averages.safetensors   as they are in that step's checkpoint
                      judgment.json                                by which metric it is the best, and its value
                      manifest.json                                size and SHA-256 of the others

It has no state of optimizers: a training goes on from the last checkpoint.
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
    """What was found of a checkpoint: a line of RUN/validation.jsonl.

    metric, value: None where none is defined; the higher the better. measures, signs: of its health. elapsed, spent: seconds
    that the training had taken by then, of which on validation; seconds: what this one took.
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
        """The metric and the measures, by their names."""
        return dict(self.measures) | ({} if self.metric is None or self.value is None else {self.metric: self.value})

    def beats(self, other: Validation | None) -> bool:
        """Whether it is as good as the other or better: of equals, the later one has learned longer."""
        if self.value is None:
            return False
        return other is None or other.value is None or other.metric != self.metric or self.value >= other.value


def keep_best(run: Path, judgment: Validation) -> None:
    """Puts the checkpoint of that step in the place of the best one. Raises OSError."""
    folder, name = run / "best", f"{judgment.step:08d}"
    weights = {file: (run / "checkpoints" / name / file).read_bytes() for file in WEIGHTS}
    write_sealed(folder / name, weights | {JUDGMENT: judgment.model_dump_json().encode()})
    keep_only(folder, [folder / name])


def best_checkpoint(run: Path, *, quiet: bool = False) -> Path | None:
    """The folder of a run's best checkpoint; None where it has none that is whole, of which, unless quiet, standard error hears."""
    for folder in reversed(numbered(run / "best")):
        file = damaged_file(folder, (*WEIGHTS, JUDGMENT))
        if file is None:
            return folder
        if not quiet:
            say(f"viceversa: {str(file)!r} is missing or damaged: the best checkpoint is not used.")
    return None


def best_validation(run: Path) -> Validation | None:
    """What was found of a run's best checkpoint, if it has one."""
    folder = best_checkpoint(run, quiet=True)
    try:
        return Validation.model_validate_json((folder / JUDGMENT).read_bytes()) if folder else None
    except (OSError, ValidationError):  # whoever wrote its manifest wrote no judgment
        return None
