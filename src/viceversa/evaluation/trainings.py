"""Training settings of the runs in a comparison, and their differences."""

from __future__ import annotations

from collections.abc import Mapping

from viceversa.runs.record import Record, dotted

Trained = Mapping[str, str]
"""Settings of a training: short name -> value."""

_LEFT_OUT = ("checkpoint_every", "sample_every", "best", "labeller", "compile", "kind", "skip_bad", "name", "steps", "data")
"""Settings that are left out: they do not affect the result, or are reported elsewhere."""


def training_of(record: Record, step: int) -> Trained:
    """Return the method, the steps, the data, and every setting of a run that could affect the result."""
    settings = {name.removeprefix("training.").removeprefix("method."): value for name, value in dotted(record.recipe.model_dump())}
    found = {"method": record.recipe.name, "steps": f"{step:,}", "data": record.dataset}
    return found | {name: f"{value}" for name, value in settings.items() if name not in _LEFT_OUT}


def contrasted(trainings: Mapping[str, Trained]) -> str:
    """Return the differences of trainings, such as "steps: a 2,000, b 1,000; width: a 32, b 64"; "" if there are none.

    trainings: name of the model -> settings. Only settings that all of them have are compared, as methods differ in theirs.
    """
    if len(trainings) < 2:
        return ""
    common = [name for name in next(iter(trainings.values())) if all(name in each for each in trainings.values())]
    different = [name for name in common if len({each[name] for each in trainings.values()}) > 1]
    return "; ".join(f"{name}: {', '.join(f'{model} {each[name]}' for model, each in trainings.items())}" for name in different)
