"""Settings that may change when a run is resumed, and settings that may not.

| setting | may it change? |
|---|---|
| intervals, choice of the best checkpoint, the labeller | yes: nothing that is learned depends on them |
| number of steps, learning rates | yes: they scale the updates to come. Adam's moments are those of gradients, whatever the rate |
| widths of networks, attributes, size | no: the checkpoint's weights would have no place, or another meaning |
| batch | no: the step and the batch give the place in the data, so images would be repeated or left out |
| seed | no: the seed and the step give every draw, so one seed could not repeat the run |
| weights of losses, decay, averages, augmentation, precision | no: it would be another training under the name of this one |

To change another setting, start a new training from the weights of this one (`init`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viceversa.errors import UsageError
from viceversa.runs.record import Record, changed_settings
from viceversa.training.trainer import Trainer

STEPS = "training.steps"
FREE = (STEPS, "training.checkpoint_every", "training.sample_every", "training.best", "training.labeller")
ELSEWHERE = ("device", "changes", "recipe.data", "recipe.images")
"""Settings that may differ without counting as a change. Moved data keeps its name."""


@dataclass(frozen=True)
class Change:
    """A setting of a resumed run with a new value."""

    name: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.name} {self.old} -> {self.new}"


def changes(stored: Record, asked: Record, run: Path, step: int) -> list[Change]:
    """Return the settings that change when a run is resumed at a step. Raises UsageError for one that may not change."""
    found = [Change(name, old, new) for name, old, new in changed_settings(stored, asked) if name not in ELSEWHERE]
    for change in found:
        setting = change.name.removeprefix("recipe.")
        if setting not in FREE and not (setting.startswith("method.") and setting.endswith("learning_rate")):
            begun = f"{str(run)!r} was begun with {change.name} = {change.old!r}, not {change.new!r}"
            raise UsageError(f"{begun}: leave it out, or begin a new run.")
    if asked.recipe.training.steps < step and found:
        raise UsageError(f"steps={asked.recipe.training.steps}: {str(run)!r} has {step} steps already; give {step} or more.")
    return [Change(change.name.removeprefix("recipe."), change.old, change.new) for change in found]


def noted(record: Record, found: Sequence[Change], before: Record, step: int) -> Record:
    """Return the record of a run that is resumed at a step with these changes."""
    return record.model_copy(update={"changes": (*before.changes, *(f"step {step}: {change}" for change in found))})


def line_of_change(change: Change, trainer: Trainer) -> str:
    """Describe in one line what a change does to a resumed training."""
    if change.name != STEPS:
        return str(change)
    schedule = next(iter(trainer.method.optimizers.values())).schedule
    now, then = (schedule(trainer.progress(steps)) for steps in (change.old, change.new))
    if now == then:
        return str(change)
    return f"{change}: at this step the learning rate changes from {now:.3g} to {then:.3g} times its initial value"
