"""Whatever translates images, as a candidate for an evaluation: a run's folder, or a Python function of your own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from viceversa.attributes import Graded
from viceversa.data.augment import normalized, quantized
from viceversa.data.dataset import Dataset, Pixels
from viceversa.domains import Domain, Space
from viceversa.errors import UsageError, quoted
from viceversa.evaluation.chains import Candidate, translating
from viceversa.translate import Model, load

Function = Callable[[Pixels, Mapping[str, list[Any]]], Pixels]
"""(N, H, W, C) uint8, and the target attributes: name -> a value for each image -> the images, translated, uint8.

Values are words, as "blond" and "yes", and numbers where an attribute is graded. Between spaces there is the one "space".
"""


def candidate(spec: str, dataset: Dataset) -> Candidate:
    """A run's folder, or "module:function" (see Function), to be measured on a data set. Raises UsageError."""
    if (Path(spec) / "recipe.json").exists():
        return of_run(load(spec), spec, dataset)
    module, colon, name = spec.partition(":")
    if not colon or not module.replace(".", "").isidentifier() or not name.isidentifier():
        raise UsageError(f"{quoted(spec)} is neither the folder of a run nor a Python function, as in module:function.")
    return translating(by_function(_imported(module, name), spec, dataset.space))


def of_run(model: Model, run: str, dataset: Dataset) -> Candidate:
    """A loaded run. Raises UsageError for a data set of other attributes or spaces."""
    if model.space != dataset.space:
        trained = model.record.dataset
        raise UsageError(f"{run!r} was trained on {trained}, which has other attributes or spaces than {dataset.name}.")
    return model.candidate


def by_function(function: Function, name: str, space: Space) -> Callable[[Tensor, Domain, Domain], Tensor]:
    """The function as a translator, every image rounded to 8 bits. What it returns is checked; raises UsageError."""

    def translate(images: Tensor, source: Domain, target: Domain) -> Tensor:
        spec = space.images[target.space]
        shape = len(images), spec.height, spec.width, spec.channels
        made = function(np.asarray(quantized(images), np.uint8), asked(target, space, len(images)))
        if not isinstance(made, np.ndarray) or made.dtype != np.uint8 or made.shape != shape:
            what = f"{made.shape} of {made.dtype}" if isinstance(made, np.ndarray) else type(made).__name__
            raise UsageError(f"{name} returned {what}, not an array {shape} of uint8.")
        return normalized(torch.from_numpy(np.ascontiguousarray(made)))

    return translate


def asked(target: Domain, space: Space, count: int) -> dict[str, list[Any]]:
    """The table of target attributes."""
    if target.label is None:
        return {"space": [target.space] * count}
    return {
        attribute.name: [attribute.low + (attribute.high - attribute.low) * value for value in values[:, 0].tolist()]
        if isinstance(attribute, Graded)
        else attribute.describe(values)
        for attribute, values in space.columns(target.label)
    }


def _imported(module: str, name: str) -> Function:
    """The function, from the working folder too, as `python -m` finds it."""
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        function = vars(importlib.import_module(module))[name]
    except ImportError as error:
        raise UsageError(f"cannot import {module!r}: {error}.") from error
    except KeyError:
        raise UsageError(f"the module {module!r} has no {name!r}.") from None
    if not callable(function):
        raise UsageError(f"{module}:{name} is not a function.")
    return function  # type: ignore[no-any-return]
