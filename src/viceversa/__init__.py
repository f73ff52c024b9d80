"""Viceversa: train image-to-image translators and measure what repeated translation does to an image.

    import viceversa as vv
    vv.train("multicyclic", data="avatars", steps=2000, out="runs/a")
    vv.load("runs/a").translate("face.png", {"glasses": "yes"})
    print(vv.evaluate("runs/a", "avatars").table())

A custom method is built from Space, Method, Phase, Objective, Journey and related classes (examples/mine.py). All names are
imported at their first use, so that importing the package is fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from viceversa.core.domains import Domain, Example
    from viceversa.core.draws import Draws
    from viceversa.core.journey import Journey, walk
    from viceversa.core.method import Method, Optimizer, Phase, Request, to_labels, to_spaces
    from viceversa.core.objective import Objective
    from viceversa.core.plans import BackAndForth, Need, Retarget, relabeled
    from viceversa.core.schedules import Progress, every
    from viceversa.core.space import ImageSpec, Space
    from viceversa.errors import NotFiniteError, UnfamiliarImage, UsageError
    from viceversa.evaluation.evaluate import compare, evaluate
    from viceversa.evaluation.report.contents import Report
    from viceversa.exporting.export import Exported, export
    from viceversa.hub.push import Pushed, push
    from viceversa.inference.load import load
    from viceversa.inference.masks import Region
    from viceversa.inference.model import Model
    from viceversa.losses.multicycle import multicyclic
    from viceversa.multiturn.drift import drift
    from viceversa.multiturn.report import DriftReport
    from viceversa.recipes import RECIPES
    from viceversa.serving.api.launch import serve
    from viceversa.serving.api.limits import Limits
    from viceversa.serving.studio.launch import studio
    from viceversa.style.stylize import Painted, Stylize, stylize
    from viceversa.training.run import Outcome, train
    from viceversa.tuning.tune import tune

__version__ = "0.1.0"
__all__ = [
    "RECIPES",
    "BackAndForth",
    "Domain",
    "Draws",
    "DriftReport",
    "Example",
    "Exported",
    "ImageSpec",
    "Journey",
    "Limits",
    "Method",
    "Model",
    "Need",
    "NotFiniteError",
    "Objective",
    "Optimizer",
    "Outcome",
    "Painted",
    "Phase",
    "Progress",
    "Pushed",
    "Region",
    "Report",
    "Request",
    "Retarget",
    "Space",
    "Stylize",
    "UnfamiliarImage",
    "UsageError",
    "compare",
    "drift",
    "evaluate",
    "every",
    "export",
    "load",
    "multicyclic",
    "push",
    "relabeled",
    "serve",
    "studio",
    "stylize",
    "to_labels",
    "to_spaces",
    "train",
    "tune",
    "walk",
]

_HOMES = {
    "RECIPES": "viceversa.recipes",
    "BackAndForth": "viceversa.core.plans",
    "Domain": "viceversa.core.domains",
    "Draws": "viceversa.core.draws",
    "DriftReport": "viceversa.multiturn.report",
    "Example": "viceversa.core.domains",
    "Exported": "viceversa.exporting.export",
    "ImageSpec": "viceversa.core.space",
    "Journey": "viceversa.core.journey",
    "Limits": "viceversa.serving.api.limits",
    "Method": "viceversa.core.method",
    "Model": "viceversa.inference.model",
    "Need": "viceversa.core.plans",
    "NotFiniteError": "viceversa.errors",
    "Objective": "viceversa.core.objective",
    "Optimizer": "viceversa.core.method",
    "Outcome": "viceversa.training.run",
    "Painted": "viceversa.style.stylize",
    "Phase": "viceversa.core.method",
    "Progress": "viceversa.core.schedules",
    "Pushed": "viceversa.hub.push",
    "Region": "viceversa.inference.masks",
    "Report": "viceversa.evaluation.report.contents",
    "Request": "viceversa.core.method",
    "Retarget": "viceversa.core.plans",
    "Space": "viceversa.core.space",
    "Stylize": "viceversa.style.stylize",
    "UnfamiliarImage": "viceversa.errors",
    "UsageError": "viceversa.errors",
    "compare": "viceversa.evaluation.evaluate",
    "drift": "viceversa.multiturn.drift",
    "evaluate": "viceversa.evaluation.evaluate",
    "every": "viceversa.core.schedules",
    "export": "viceversa.exporting.export",
    "load": "viceversa.inference.load",
    "multicyclic": "viceversa.losses.multicycle",
    "push": "viceversa.hub.push",
    "relabeled": "viceversa.core.plans",
    "serve": "viceversa.serving.api.launch",
    "studio": "viceversa.serving.studio.launch",
    "stylize": "viceversa.style.stylize",
    "to_labels": "viceversa.core.method",
    "to_spaces": "viceversa.core.method",
    "train": "viceversa.training.run",
    "tune": "viceversa.tuning.tune",
    "walk": "viceversa.core.journey",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'viceversa' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
