"""The search for users: `tune`, in Python and on the command line."""

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
    """Search for better settings of a recipe (docs/tuning.md). The same call continues a search.

    Args:
        recipe: name or settings of the recipe from which the search starts.
        out: folder of the search; tuning/RECIPE by default.
        trials: number of trials in all.
        search: settings to vary: {"method.critic_steps": "1|2|5", "method.learning_rate": "1e-4..1e-3:log"}, or texts NAME=VALUES.
        objective: metric to improve, such as "inv3.psnr_to_truth".
        samples: number of validation images for a measurement.
        checks: number of measurements per trial; a trial worse than most stops early.
        equal: budget of every trial: equal "steps" or equal "operations".
        storage: URL of a database that several machines share.
        data, images, size, steps, batch, seed: settings of each training, as in `train`.
        settings: any settings of the recipe, by dotted name, for all trials.
        build: function that builds a custom method, to search its settings.
        device: device of the networks, as in `load`.

    Raises:
        UsageError: If the search is not possible.
        KeyboardInterrupt: At Ctrl-C (SystemExit at SIGTERM). All finished work is saved.
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
