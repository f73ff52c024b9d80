"""Convert the values of the page's controls to a request to the model. These functions need a run's space, but no page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.routing import Routing
from viceversa.core.space import AnyAttribute, Space
from viceversa.errors import UsageError
from viceversa.images.layers import Layers
from viceversa.images.load import layers_of
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import AS_TRAINED, Manner
from viceversa.inference.translation import doubt, start

Value = bool | str | float
Values = Mapping[str, Value]
"""Attribute -> value of its control: on or off for a switch, the choice of a radio button, or the number of a slider."""
GRADES = 100
"""Number of steps of a slider."""


def values_of(space: Space, label: Tensor) -> dict[str, Value]:
    """Return the values of a space's controls for a label (1, K)."""
    return {attribute.name: _value(attribute, columns) for attribute, columns in space.columns(label)}


def _value(attribute: Any, columns: Tensor) -> Value:
    match attribute:
        case Binary():
            return bool(columns[0, 0] >= 0.5)
        case OneOf(choices=choices):
            return choices[int(columns[0].argmax())]
        case Graded(low=low, high=high):
            return low + (high - low) * round(float(columns[0, 0]) * GRADES) / GRADES
    raise TypeError(f"no control is made for {attribute!r}.")


@dataclass(frozen=True)
class Wanted:
    """A translation that the user asks for, with arguments of `Model.translate`."""

    to: str | Values
    source: Values
    manner: Manner


def wanted(model: Model, read: Values | None, values: Mapping[str, Any]) -> Wanted:
    """Return the translation that the controls ask for.

    Args:
        model: the model.
        read: attributes that the labeller recognized, which the controls showed at first; None if it recognized none.
        values: values of the controls: "to NAME" for an attribute's target, "from NAME" for what the image shows if nothing was
            recognized, "space" for a space or a set of images, and strength, seed and reference (a file) if the method has them.

    Raises:
        UsageError: If nothing is changed.
    """
    routing = model.routing
    targets = {name.removeprefix("to "): value for name, value in values.items() if name.startswith("to ")}
    shown = {name.removeprefix("from "): value for name, value in values.items() if name.startswith("from ")}
    manner = Manner(values.get("strength", 1.0), values.get("reference"), int(values.get("seed") or 0))
    if routing.sets:
        told = {attribute.name for attribute in routing.sets[values["space"]].attributes}
        return Wanted({name: value for name, value in targets.items() if name in told}, {}, manner)
    if not routing.described:
        return Wanted(values["space"], {}, manner)
    return Wanted(_changes(shown if read is None else read, targets), shown, manner)


def _changes(before: Values, after: Values) -> dict[str, Value]:
    """Return the changed values. Raises UsageError if there are none."""
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    if not changed:
        raise UsageError("nothing is changed yet: set one of the attributes to another value.")
    return changed


def edits_of(routing: Routing) -> list[str]:
    """Return all single edits for a chain, as `translate` takes them: "glasses=yes", or the name of a space."""
    return routing.choose(
        labels=[edit for attribute in routing.space.attributes for edit in _edits(attribute)],
        spaces=list(routing.space.images),
        sets=[",".join(_edits(each)[0] for each in part.attributes) for part in routing.sets.values()],
    )


def _edits(attribute: AnyAttribute) -> list[str]:
    match attribute:
        case Graded(name, steps, low, high):
            return [f"{name}={value:g}" for value in np.linspace(low, high, steps)]
        case _:
            return [f"{attribute.name}={value}" for value in attribute.values]


def chain_of(text: str) -> list[str]:
    """Return the edits of a chain, one per line of the text. Raises UsageError if there are none."""
    edits = [line.strip() for line in text.splitlines() if line.strip()]
    if not edits:
        raise UsageError("the chain is empty: add an edit.")
    return edits


@dataclass(frozen=True)
class Reading:
    """What is known of an image before its translation.

    Args:
        values: attributes that the labeller recognized; None if the run has no labeller, or needs none.
        doubt: warning that the image is unlike the training images; empty otherwise.
    """

    values: dict[str, Value] | None
    doubt: str


def reading(model: Model, file: str | Path) -> Reading:
    """Examine an image before its translation. Raises UsageError; BadImage if the file is no image."""
    layers = layers_of(file)
    doubts = [doubt(model, model.preprocessing.opened(layers, space, AS_TRAINED), space) for space in model.space.images]
    found = "" if "" in doubts else doubts[0]
    labeller = model.labeller
    if not model.routing.described or labeller is None or not (labeller.finished or labeller.trusted):
        return Reading(None, found)
    label = start(model, [file]).label
    return Reading(values_of(model.space, torch.zeros(1, 0) if label is None else label), found)


@dataclass(frozen=True, eq=False)
class Pair:
    """An image as the model receives it, and its translation."""

    before: Layers
    after: Layers


def translated(model: Model, file: str | Path, asked: Wanted) -> Pair:
    """Translate the image in a file. Raises UsageError."""
    source, manner = asked.source, asked.manner
    (after,) = model.layers(file, [asked.to], source=source, manner=manner)
    return Pair(model.preprocessing.opened(layers_of(file), model.routing.departure(source or "", asked.to), manner), after)


def painted_mask(layers: Sequence[NDArray[np.uint8]], file: str | Path) -> Image.Image | None:
    """Return the mask that the user painted: white under the brush, black elsewhere, with the image's size; None if nothing is
    painted.

    Args:
        layers: strokes of the brush, (H, W, 4) each, of any size.
        file: the image.
    """
    if not any(layer[..., 3].any() for layer in layers):
        return None
    painted = np.max([layer[..., 3] for layer in layers], 0)
    height, width = layers_of(file).colors.shape[:2]
    grown = Image.fromarray(painted).resize((width, height), Image.Resampling.BOX)
    return grown.point([0] * 128 + [255] * 128)
