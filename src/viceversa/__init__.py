"""Viceversa: train image-to-image translators and measure what is left of an image after repeated translation.

    import viceversa as vv
    vv.train("multicyclic", data="avatars", steps=2000, out="runs/a")
    vv.load("runs/a").translate("face.png", {"glasses": "yes"})
    print(vv.evaluate("runs/a", "avatars").table())

These names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from viceversa.errors import NotFiniteError, UnfamiliarImage, UsageError
    from viceversa.evaluation.measuring import compare, evaluate
    from viceversa.evaluation.report.contents import Report
    from viceversa.inference.model import Model, load
    from viceversa.losses.multicycle import multicyclic
    from viceversa.recipes import RECIPES
    from viceversa.style.stylize import Painted, Stylize, stylize
    from viceversa.training.run import Outcome, train
    from viceversa.tuning.tune import tune

__version__ = "0.1.0"
__all__ = [
    "RECIPES",
    "Model",
    "NotFiniteError",
    "Outcome",
    "Painted",
    "Report",
    "Stylize",
    "UnfamiliarImage",
    "UsageError",
    "compare",
    "evaluate",
    "load",
    "multicyclic",
    "stylize",
    "train",
    "tune",
]

_HOMES = {
    "RECIPES": "viceversa.recipes",
    "Model": "viceversa.inference.model",
    "NotFiniteError": "viceversa.errors",
    "Outcome": "viceversa.training.run",
    "Painted": "viceversa.style.stylize",
    "Report": "viceversa.evaluation.report.contents",
    "Stylize": "viceversa.style.stylize",
    "UnfamiliarImage": "viceversa.errors",
    "UsageError": "viceversa.errors",
    "compare": "viceversa.evaluation.measuring",
    "evaluate": "viceversa.evaluation.measuring",
    "load": "viceversa.inference.model",
    "multicyclic": "viceversa.losses.multicycle",
    "stylize": "viceversa.style.stylize",
    "train": "viceversa.training.run",
    "tune": "viceversa.tuning.tune",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'viceversa' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
