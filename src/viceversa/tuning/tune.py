"""Tuning as a person asks for it, in Python and on the command line alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from viceversa.core.method import Builder
from viceversa.device import Device
from viceversa.recipes import recipe_named
from viceversa.recipes.settings import Recipe
from viceversa.training.run import updated
from viceversa.tuning import Equal
from viceversa.tuning.axes import DEFAULT, axes_of
from viceversa.tuning.findings import Findings
from viceversa.tuning.search import SearchPlan
from viceversa.tuning.search import search as searched


def tune(
    recipe: str | Recipe[Any],
    *,
    out: str | Path | None = None,
    trials: int = 20,
    search: Sequence[str] | Mapping[str, str] = (),
    objective: str | None = None,
    samples: int = 200,
    checks: int = 4,
    equal: Equal = "steps",
    storage: str | None = None,
    data: str | None = None,
    images: str | Path | None = None,
    size: int | None = None,
    steps: int | None = None,
    batch: int | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    build: Builder | None = None,
    device: Device = "auto",
) -> Findings:
    """Search for better settings of a recipe (docs/tuning.md). The same call goes on with a search.

    Args:
        recipe: its name, or its settings, from which the search starts.
        out: the search's folder; tuning/RECIPE by default.
        trials: how many trials the search has in all.
        search: what is searched: {"method.critic_steps": "1|2|5", "method.learning_rate": "1e-4..1e-3:log"}, or texts NAME=VALUES.
        objective: what to make better, as "inv3.psnr_to_truth".
        samples: how many validation images a trial is measured on.
        checks: how often a trial is measured; one that is worse than most is given up.
        equal: what trainings have alike: "steps" or "operations".
        storage: the URL of a database that several machines share.
        data, images, size, steps, batch, seed: of each training, as in `train`.
        settings: any settings of the recipe by their dotted names, for all trials.
        build: the function that builds the method, for settings of a custom method.
        device: where networks compute, as in `load`.

    Raises UsageError; KeyboardInterrupt (SystemExit after SIGTERM) with all that is done saved.
    """
    given = {
        "data": data,
        "images": None if images is None else str(images),
        "size": size,
        "training.steps": steps,
        "training.batch": batch,
        "training.seed": seed,
    }
    changes = {**(settings or {}), **{name: value for name, value in given.items() if value is not None}}
    base = updated(recipe_named(recipe) if isinstance(recipe, str) else recipe, changes)
    texts = [f"{name}={values}" for name, values in search.items()] if isinstance(search, Mapping) else search
    plan = SearchPlan(axes_of(base, texts or DEFAULT), objective, samples, checks, equal, build, device)
    folder = Path(out) if out is not None else Path("tuning") / base.name
    return searched(plan, folder, trials=trials, storage=storage)
