"""User ONNX files as translators in an evaluation. The inputs are like those of a Python function, with labels as columns:

images  uint8 (N, H, W, C)
label   float32 (N, K), label of the target in the order of `columns`: for data with attributes
space   int64 (N,), number of the target's space in the data, from 0: between two spaces

The file has one output of any name, uint8 (N, H, W, C). Each dimension is fixed or open. If N is fixed, images come in batches
of this size, and the last image is repeated. The metadata "attributes", a JSON list, must equal `columns`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from viceversa.core.domains import Domain
from viceversa.core.routing import routing_of
from viceversa.core.space import Space
from viceversa.errors import UsageError, quoted
from viceversa.evaluation.candidates.function import checked_translator
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import TranslateImages
from viceversa.runs.exported.session import in_one_line, opened

Shape = Sequence[int | str | None]


def by_onnx(path: Path, space: Space) -> TranslateImages:
    """Return the file as a translator on the CPU. Raises UsageError if its inputs, outputs or attributes do not fit the space."""
    session = opened(path)
    _check_signature(session, path, space)
    _check_columns(session, path, space)
    return checked_translator(_runner(session, path, space), str(path), space)


def columns(space: Space) -> list[str]:
    """Return the names of the label columns: the attribute, or such as "hair=blond" for an attribute with several columns."""
    return [
        name
        for attribute in space.attributes
        for name in ([f"{attribute.name}={value}" for value in attribute.values] if attribute.width > 1 else [attribute.name])
    ]


def _runner(session: Any, path: Path, space: Space) -> Callable[[Pixels, Domain], object]:
    declared = {each.name: each.shape[0] for each in session.get_inputs()}["images"]

    def make(pixels: Pixels, target: Domain) -> Pixels:
        index = list(space.images).index(target.space)
        more = np.full(len(pixels), index) if target.label is None else target.label.numpy()
        size, made = declared if isinstance(declared, int) else len(pixels), []
        with in_one_line(path):
            for start in range(0, len(pixels), size):
                rows = np.arange(start, start + size).clip(max=len(pixels) - 1)
                given = {"images": pixels[rows], "space" if target.label is None else "label": more[rows]}
                made.append(session.run(None, given)[0][: len(pixels) - start])
            return np.concatenate(made)

    return make


def _check_signature(session: Any, path: Path, space: Space) -> None:
    """Check names, types and dimensions of inputs and outputs. If spaces differ in size, height and width must be open."""
    sizes = [(spec.height, spec.width, spec.channels) for spec in space.images.values()]
    images = [each[0] if len(set(each)) == 1 else None for each in zip(*sizes, strict=True)]
    label: tuple[str, str, Shape] = ("label", "float", [space.label_width])
    more = routing_of(space).choose(labels=label, spaces=("space", "int64", []), sets=label)
    inputs, outputs = {each.name: each for each in session.get_inputs()}, session.get_outputs()
    fits = (
        inputs.keys() == {"images", more[0]}
        and len(outputs) == 1
        and _fits(inputs["images"], "uint8", images)
        and _fits(inputs[more[0]], more[1], more[2])
        and _fits(outputs[0], "uint8", images)
    )
    if not fits:
        wanted = f"{_said('images', 'uint8', images)}, {_said(*more)} -> {_said('', 'uint8', images)}"
        found = f"{_listed(session.get_inputs())} -> {_listed(outputs)}"
        raise UsageError(f"{quoted(str(path))} is {found}; for this data it must be {wanted}.")


def _check_columns(session: Any, path: Path, space: Space) -> None:
    text = session.get_modelmeta().custom_metadata_map.get("attributes")
    if text is None:
        return
    try:
        same = json.loads(text) == columns(space)
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise UsageError(f"{quoted(str(path))} is for the attributes {quoted(text)}, the data has {json.dumps(columns(space))}.")


def _fits(declared: Any, kind: str, shape: Shape) -> bool:
    """Return whether an input or output can hold arrays (N, *shape). None in `shape` requires an open dimension."""
    count, *dimensions = declared.shape or [0]
    return (
        declared.type == f"tensor({kind})"
        and (not isinstance(count, int) or count > 0)
        and len(dimensions) == len(shape)
        and all(not isinstance(have, int) or have == want for have, want in zip(dimensions, shape, strict=True))
    )


def _listed(declared: Sequence[Any]) -> str:
    texts = [
        _said(quoted(each.name)[1:-1], each.type.removeprefix("tensor(").removesuffix(")"), each.shape[1:]) for each in declared
    ]
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


def _said(name: str, kind: str, shape: Shape) -> str:
    dimensions = ", ".join(["N", *(str(each) if isinstance(each, int) else "?" for each in shape)])
    return f"{name} {'float32' if kind == 'float' else kind} ({dimensions})".strip()
