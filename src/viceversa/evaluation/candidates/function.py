"""User functions as translators in an evaluation, with checks of their results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from viceversa.core.attributes import Graded
from viceversa.core.domains import Domain
from viceversa.core.space import Space
from viceversa.errors import UsageError
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import TranslateImages
from viceversa.recipes.user_functions import function_named, reason_of

Function = Callable[[Pixels, Mapping[str, list[Any]]], Pixels]
"""A function (images, targets) -> translated images; images are (N, H, W, C) uint8.

targets: name of an attribute -> a value for each image: words such as "blond" and "yes", or numbers for graded attributes.
Between spaces there is one name, "space".
"""


def by_function(given: str | Function, space: Space) -> TranslateImages:
    """Return a function, given directly or as "module:function", as a translator. Raises UsageError."""
    function: Function = function_named(given) if isinstance(given, str) else given
    called = given if isinstance(given, str) else function_name(given)

    def make(pixels: Pixels, target: Domain) -> object:
        try:
            return function(pixels, asked(target, space, len(pixels)))
        except Exception as error:  # a user's function can raise anything
            raise UsageError(f"{called} failed: {reason_of(error)}.") from error

    return checked_translator(make, called, space)


def function_name(function: Function) -> str:
    """Return the name of a function; for another callable, the name of its class."""
    return function.__name__ if isinstance(function, FunctionType) else type(function).__name__


def checked_translator(make: Callable[[Pixels, Domain], object], name: str, space: Space) -> TranslateImages:
    """Return a function on uint8 images (N, H, W, C) as a translator. It raises UsageError for results of another form."""

    def translate(images: Tensor, source: Domain, target: Domain) -> Tensor:
        spec = space.images[target.space]
        shape = len(images), spec.height, spec.width, spec.channels
        made = make(np.asarray(quantized(images), np.uint8), target)
        if not isinstance(made, np.ndarray) or made.dtype != np.uint8 or made.shape != shape:
            what = f"{made.shape} of {made.dtype}" if isinstance(made, np.ndarray) else type(made).__name__
            raise UsageError(f"{name} returned {what}, not an array {shape} of uint8.")
        return normalized(torch.from_numpy(np.ascontiguousarray(made)))

    return translate


def asked(target: Domain, space: Space, count: int) -> dict[str, list[Any]]:
    """Return the target attributes: name -> a value for each image."""
    if target.label is None:
        return {"space": [target.space] * count}
    return {
        attribute.name: [attribute.low + (attribute.high - attribute.low) * value for value in values[:, 0].tolist()]
        if isinstance(attribute, Graded)
        else attribute.describe(values)
        for attribute, values in space.columns(target.label)
    }
