"""How the runs of a comparison were trained, and in what they differ."""

from __future__ import annotations

from collections.abc import Mapping

from viceversa.runs.record import Record, dotted

Trained = Mapping[str, str]
"""What a run was trained with: a setting's short name -> its value."""

_LEFT_OUT = ("checkpoint_every", "sample_every", "best", "labeller", "compile", "kind", "skip_bad", "name", "steps", "data")
"""Settings that change neither the data nor what is learned, and those that are said otherwise."""


def training_of(record: Record, step: int) -> Trained:
    """The method, the steps made, the data, and every setting of a run that could make a difference."""
    settings = {name.removeprefix("training.").removeprefix("method."): value for name, value in dotted(record.recipe.model_dump())}
    found = {"method": record.recipe.name, "steps": f"{step:,}", "data": record.dataset}
    return found | {name: f"{value}" for name, value in settings.items() if name not in _LEFT_OUT}


def contrasted(trainings: Mapping[str, Trained]) -> str:
    """In what trainings differ, as "steps: a 2,000, b 1,000; width: a 32, b 64"; empty where they do not.

    trainings: by the models' names. Settings are compared where all have them, as those of one method are not another's.
    """
    if len(trainings) < 2:
        return ""
    common = [name for name in next(iter(trainings.values())) if all(name in each for each in trainings.values())]
    different = [name for name in common if len({each[name] for each in trainings.values()}) > 1]
    return "; ".join(f"{name}: {', '.join(f'{model} {each[name]}' for model, each in trainings.items())}" for name in different)
