"""A Python function of your own as a translator in an evaluation; what makes 8-bit images, checked."""

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
"""(N, H, W, C) uint8, and the target attributes: name -> a value for each image -> the images, translated, uint8.

Values are words, as "blond" and "yes", and numbers where an attribute is graded. Between spaces there is the one "space".
"""


def by_function(given: str | Function, space: Space) -> TranslateImages:
    """A function, or the one that "module:function" names, as a translator. Raises UsageError."""
    function: Function = function_named(given) if isinstance(given, str) else given
    called = given if isinstance(given, str) else function_name(given)

    def make(pixels: Pixels, target: Domain) -> object:
        try:
            return function(pixels, asked(target, space, len(pixels)))
        except Exception as error:  # whatever the function does
            raise UsageError(f"{called} failed: {reason_of(error)}.") from error

    return checked_translator(make, called, space)


def function_name(function: Function) -> str:
    """What a function is called; another callable as its class."""
    return function.__name__ if isinstance(function, FunctionType) else type(function).__name__


def checked_translator(make: Callable[[Pixels, Domain], object], name: str, space: Space) -> TranslateImages:
    """What makes uint8 (N, H, W, C) of such, as a translator, every image rounded to 8 bits. It raises UsageError for others."""

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
    """The table of target attributes."""
    if target.label is None:
        return {"space": [target.space] * count}
    return {
        attribute.name: [attribute.low + (attribute.high - attribute.low) * value for value in values[:, 0].tolist()]
        if isinstance(attribute, Graded)
        else attribute.describe(values)
        for attribute, values in space.columns(target.label)
    }
