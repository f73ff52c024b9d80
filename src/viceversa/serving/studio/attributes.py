"""Controls for a model: radio buttons for one of several values, switches for yes or no, sliders for numbers; styles; strength."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.space import AnyAttribute
from viceversa.inference.model import Model
from viceversa.serving.studio.choosing import FILE_TYPES
from viceversa.serving.studio.controls import GRADES, Value, Values

MOST_STRENGTH = 1.5
"""Largest strength offered; 1 is the full edit."""


def lay_out_controls(model: Model, read: Values | None) -> dict[str, gr.Component]:
    """Lay out the controls of a model, and return them by the names that `controls.wanted` uses.

    Args:
        model: the model.
        read: attributes that the labeller recognized; without them the user says what the image shows.
    """
    routing, found = model.routing, {}
    if routing.sets:
        found["space"] = gr.Radio(list(routing.sets), value=next(iter(routing.sets)), label="Set of attributes", interactive=True)
        for name, part in routing.sets.items():
            found |= _group(f"Change to ({name})", "to", part.attributes, {})
    elif not routing.described:
        spaces = list(model.space.images)[0 if model.method.returns else 1 :]
        found["space"] = gr.Radio(spaces, value=spaces[-1], label="Translate to", interactive=True)
    else:
        if read is None:
            found |= _group("The image shows", "from", model.space.attributes, {})
        found |= _group("Change to", "to", model.space.attributes, read or {})
    if model.method.strengths:
        found["strength"] = gr.Slider(0, MOST_STRENGTH, value=1, step=0.05, label="Strength of the change", interactive=True)
    return found | (_styles() if model.method.styles else {})


def _group(title: str, end: str, attributes: Sequence[AnyAttribute], values: Mapping[str, Value]) -> dict[str, gr.Component]:
    """Lay out a group of controls for attributes, with names such as "to hair"."""
    with gr.Group():
        gr.HTML(f"<h3>{title}</h3>", elem_classes="title")
        return {f"{end} {attribute.name}": _control(attribute, values.get(attribute.name)) for attribute in attributes}


def _control(attribute: AnyAttribute, value: Any) -> gr.Component:
    """Return the control of an attribute, showing a value; None for the first or lowest one."""
    match attribute:
        case Binary(name):
            return gr.Checkbox(bool(value), label=name, interactive=True)
        case OneOf(name, choices):
            return gr.Radio(list(choices), value=value or choices[0], label=name, interactive=True)
        case Graded(name, _, low, high):
            return gr.Slider(
                low, high, value=low if value is None else value, step=(high - low) / GRADES, label=name, interactive=True
            )


def _styles() -> dict[str, gr.Component]:
    """Lay out the controls of a method with styles: a reference image, or a number that a die rolls."""
    with gr.Row():
        seed = gr.Number(0, precision=0, minimum=0, label="Style: a number for a random one", interactive=True)
        dice = gr.Button("🎲 Roll the dice", size="sm")
    reference = gr.File(
        label="Style: an image to be like instead", file_types=FILE_TYPES, height=96, interactive=True, elem_id="reference"
    )
    dice.click(lambda: random.randrange(10_000), None, seed)
    return {"seed": seed, "reference": reference}
