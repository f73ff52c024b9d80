"""The search: trials one after the other. Each is a training with its own settings, measured on the way, and stopped early if it
lags."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from viceversa.core.method import Builder
from viceversa.data.dataset import Dataset
from viceversa.data.sources import absolute, located_folder
from viceversa.device import Device, device_named
from viceversa.errors import NotFiniteError, Terminated, UsageError, printable
from viceversa.inference.load import load
from viceversa.progress import say
from viceversa.recipes import builder, dataset_of
from viceversa.recipes.settings import Recipe
from viceversa.recipes.user_functions import name_of
from viceversa.training.run import in_steps, run_recipe, updated
from viceversa.tuning import Equal
from viceversa.tuning.axes import Axes
from viceversa.tuning.findings import Findings
from viceversa.tuning.goal import Meter, meter_of
from viceversa.tuning.operations import equal_steps
from viceversa.tuning.study import Studio, is_own, study_opened

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

INTERRUPTED = "interrupted: finished work is kept; run the same search again to continue."


@dataclass(frozen=True)
class SearchPlan:
    """What all trials of a search have in common.

    Args:
        axes: recipe and axes.
        objective: name of the objective; None for the default of the data.
        samples: number of images to measure it on.
        checks: number of measurements per trial, at equal distances; the last one is at its end.
        equal: what trials have in common: steps, or operations of the unchanged recipe.
        build: function that builds a custom method.
        device: device of the networks.
    """

    axes: Axes
    objective: str | None = None
    samples: int = 200
    checks: int = 4
    equal: Equal = "steps"
    build: Builder | None = None
    device: Device = "auto"


def search(plan: SearchPlan, folder: Path, *, trials: int = 20, storage: str | None = None) -> Findings:
    """Search until the study has the given number of trials; write trials.csv and tuning.png to the folder.

    Several calls at once share the work. The same call continues a search.

    Args:
        plan: what all trials have in common.
        folder: folder of the search.
        trials: number of trials in all.
        storage: URL of a database that several machines share.

    Raises:
        UsageError: If the search is not possible.
        KeyboardInterrupt: At SIGINT, or Terminated at SIGTERM. All finished work is stored in the folder.
    """
    _check_plan(plan, trials)
    device = device_named(plan.device)
    asked = plan.axes.recipe
    places = {"data": absolute(asked.data), "images": located_folder(asked.images)}
    recipe = updated(asked, {**places, "training.labeller": False})
    dataset = dataset_of(recipe)
    recipe = in_steps(recipe, dataset)
    plan = replace(plan, axes=replace(plan.axes, recipe=recipe))
    if dataset.summary:
        say(dataset.summary)
    meter = meter_of(dataset, plan.objective, plan.samples, device=device)
    if meter.labeller and not meter.labeller.trusted:
        read = f"the objective is read by a labeller whose accuracy is {meter.labeller.accuracy:.3f} on held-out images"
        say(f"viceversa: {read}: small differences between trials mean nothing.")
    _try_out(plan, meter)
    described, own = _described(plan, meter), plan.axes.own()
    better, seed = meter.objective.better, recipe.training.seed
    with study_opened(folder, storage, search=described, own=own, better=better, seed=seed) as studio:
        try:
            while trial := studio.next_trial(trials):
                _tried(trial, plan, studio, meter)
                findings = Findings(studio, plan.axes, meter.objective)
                findings.write_table()
                say(printable(findings.line(trial.number, trials)))
        except (KeyboardInterrupt, Terminated) as stop:
            _written(Findings(studio, plan.axes, meter.objective))
            raise type(stop)(INTERRUPTED) from None
        return _written(Findings(studio, plan.axes, meter.objective))


def _written(findings: Findings) -> Findings:
    findings.write_table()
    findings.write_picture()
    return findings


def _check_plan(plan: SearchPlan, trials: int) -> None:
    if trials < 1:
        raise UsageError(f"`trials={trials}`: a search needs at least 1 trial.")
    steps = plan.axes.recipe.training.steps
    if not 1 <= plan.checks <= steps:
        raise UsageError(f"`checks={plan.checks}`: give a number from 1 to the number of training steps, {steps}.")
    if plan.equal == "operations" and any(axis.name == "training.steps" for axis in plan.axes.axes):
        computed = "with `equal='operations'`, the search computes training.steps itself"
        raise UsageError(f"{computed}: leave training.steps out of the search.")


def _try_out(plan: SearchPlan, meter: Meter) -> None:
    """Raise UsageError for settings that the method rejects, and for an undefined objective, before the first trial."""
    space = meter.task.dataset.space
    with torch.device("meta"):
        for axis in plan.axes.axes:
            for value in axis.ends():
                builder(updated(plan.axes.recipe, plan.axes.settings({axis.name: value})), plan.build)(space)
    meter.measured(builder(plan.axes.recipe, plan.build)(space).translate)


def _described(plan: SearchPlan, meter: Meter) -> dict[str, Any]:
    """Return the description of a search, for JSON. Trials of searches with different descriptions cannot be compared."""
    return {
        "recipe": plan.axes.recipe.model_dump(mode="json"),
        "dataset": meter.task.dataset.name,
        "search": {axis.name: axis.text for axis in plan.axes.axes},
        "objective": meter.objective.name,
        "samples": len(meter.task),
        "checks": plan.checks,
        "equal": plan.equal,
    } | ({} if plan.build is None else {"build": name_of(plan.build)})


def _tried(trial: Trial, plan: SearchPlan, studio: Studio, meter: Meter) -> None:
    """Train and measure a trial to its end. An interrupted trial can be continued."""
    from optuna.trial import TrialState

    try:
        value = _trained(trial, plan, studio, meter)
    except NotFiniteError:
        trial.set_user_attr("diverged", True)
        studio.finish(trial, None, TrialState.PRUNED)  # worse than all; after FAIL, similar settings would be tried again
        return
    except (UsageError, MemoryError, RuntimeError):
        studio.finish(trial, None, TrialState.FAIL)
        raise
    studio.finish(trial, value, TrialState.PRUNED if value is None else TrialState.COMPLETE)


def _trained(trial: Trial, plan: SearchPlan, studio: Studio, meter: Meter) -> float | None:
    """Return a trial's objective; None if it was stopped early."""
    before = studio.study.trials[trial.number]
    recipe = _recipe(trial, before, plan, meter.task.dataset)
    run, seconds, value = studio.run_of(trial.number), before.user_attrs.get("seconds", 0.0), None
    for check in range(1, plan.checks + 1):
        if check in before.intermediate_values and check < plan.checks:
            continue
        started, until = time.perf_counter(), max(1, round(recipe.training.steps * check / plan.checks))
        resume = (run / "recipe.json").exists()
        try:
            run_recipe(recipe, run, own=plan.build, until=until, resume=resume, device=plan.device, introduce=False)
        finally:
            seconds += time.perf_counter() - started
            trial.set_user_attr("seconds", round(seconds, 1))
        value = meter.measured(load(run, build=plan.build, device=plan.device).translate_images)
        trial.report(value, check)
        if check < plan.checks and not is_own(before) and trial.should_prune():
            return None
    return value


def _recipe(trial: Trial, before: FrozenTrial, plan: SearchPlan, dataset: Dataset) -> Recipe[Any]:
    """Return the recipe of a trial, the same whenever it is continued, and store it with the trial."""
    own = is_own(before)
    values = plan.axes.suggested(trial, only=list(plan.axes.own()) if own else None)
    settings = {} if own else plan.axes.settings(values)
    recipe = updated(plan.axes.recipe, settings)
    if plan.equal == "operations":
        steps = before.user_attrs.get("steps") or equal_steps(recipe, plan.axes.recipe, dataset, plan.build)
        recipe = updated(recipe, {"training.steps": steps})
    trial.set_user_attr("settings", settings)
    trial.set_user_attr("steps", recipe.training.steps)
    return recipe
