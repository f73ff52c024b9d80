"""Graphs of a model before tracing: a module, example inputs, and descriptions of inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.journey import entered
from viceversa.core.method import Request
from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError
from viceversa.exporting.graphs import StyleGraph, TranslationGraph, inputs_of, sizes_of
from viceversa.inference.apply import ends
from viceversa.inference.full_size import generator_of
from viceversa.inference.model import Model
from viceversa.inference.receptive_field import ReceptiveField, receptive_field_of
from viceversa.metrics.labeller import Labeller
from viceversa.networks.adapters import PerTarget
from viceversa.runs.exported.description import StyleInput

COUNT = 2
"""Batch size for tracing. A batch of one would be taken for a constant."""

LABEL = "1 and 0 for yes and no, 1 for the choice and 0 for the others, 0 to 1 from the lowest to the highest number"
READ = "; NaN in all columns of an attribute: what the labeller inside reads off the image"
LOGITS = "what the labeller reads: yes at 0 and above, the choice with the largest, the sigmoid of a number"


@dataclass(frozen=True, eq=False)
class Traced:
    """A graph to trace.

    Args:
        module: the computation.
        source, target: spaces of the translation; with labels, both are the one space.
        examples: example inputs by name, in order.
        inputs, outputs: types, shapes and meanings, by name.
        field: receptive field for translations at any size; None if the graph takes only the trained size.
    """

    module: nn.Module
    source: str
    target: str
    examples: Mapping[str, Tensor]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    field: ReceptiveField | None = None


def translation(model: Model, target: str, labeller: Labeller | None, styled: str) -> Traced:
    """Return the graph of the translation to a space.

    Args:
        model: model to export.
        target: target space.
        labeller: labeller to include.
        styled: what styles are, in words.

    Raises:
        UsageError: If a labeller is given, but no label is needed.
    """
    translator, space, source = model.method.translator, model.space, model.routing.departure("", target)
    before, after = space.images[source], space.images[target]
    labeled = model.routing.choose(labels=True, spaces=False, sets=True)
    label = space.draw(COUNT, seeded("export")) if labeled else None
    here, there = ends(model.method, torch.zeros(COUNT, *before.shape), Domain(source, label), Domain(target, label))
    examples = inputs_of(translator, torch.zeros(COUNT, *before.shape), here, there)
    if labeller is not None and "target" not in examples:
        raise UsageError("the generator of this method takes no labels: leave out `labeller`.")
    field = _field(model, here, there)
    module = TranslationGraph(
        translator, space, source, target, names=[*examples], multiple=field.multiple if field else None,
        reader=labeller.network if labeller else None, crop=model.record.recipe.crop,
    )  # fmt: skip
    read = READ if labeller else ""
    meanings = {"target": f"label of the target, {LABEL}{read}", "source": f"label of the images, {LABEL}{read}", "style": styled}
    inputs = {"images": _described(before, field is not None)}
    inputs |= {name: _row(value, meanings[name]) for name, value in examples.items()}
    outputs = {"translated": _described(after, field is not None, before)}
    outputs |= {"logits": f"float32 (N, {space.label_width}): {LOGITS}"} if labeller else {}
    examples = {"images": _pixels(before, odd=field is not None), **examples}
    return Traced(module, source, target, examples, inputs, outputs, field)


def style(model: Model, made_of: StyleInput) -> Traced:
    """Return the graph of a target's style, computed from a code or from a reference image."""
    space, method, latent = model.space, model.method, model.method.latent
    assert latent is not None
    label, code = space.draw(COUNT, seeded("export")), latent.draw(0).expand(COUNT, -1).contiguous()
    found = entered(code, method.destination(Request(space.only, label, code=code))).style
    assert isinstance(found, Tensor)
    inputs = {"target": _row(label, f"label of the target, {LABEL}")}
    if made_of == "code":
        examples = {"target": label, "code": code}
        inputs |= {"code": _row(code, "normal random numbers")}
    else:
        examples = {"target": label, "images": _pixels(space.spec)}
        inputs |= {"images": f"{_described(space.spec)}: images in that style"}
    module = StyleGraph(method.networks, method.destination, space.only, of_reference=made_of == "reference")
    return Traced(module, space.only, space.only, examples, inputs, {"style": _row(found, "")})


def _field(model: Model, source: Domain, target: Domain) -> ReceptiveField | None:
    """Return the receptive field of the translation; None if only the trained size is possible.

    That is also the case if an adapter between spaces adds margins in pixels, which have no meaning at other sizes.
    """
    translator, spec = model.method.translator, model.space.images[source.space]
    before, canvas, after = sizes_of(translator, model.space, source.space, target.space)
    if isinstance(translator, PerTarget) and translator.how != "resize" and not before == canvas == after:
        return None
    try:
        found = receptive_field_of(generator_of(translator, _first(source), _first(target)), spec)
    except UsageError:
        return None
    return None if any(side % found.multiple for side in canvas) else found


def _first(domain: Domain) -> Domain:
    """Return the domain of the first image."""
    label, found = domain.label, domain.style
    return replace(domain, label=None if label is None else label[:1], style=found[:1] if isinstance(found, Tensor) else found)


def _pixels(spec: ImageSpec, *, odd: bool = False) -> Tensor:
    """Return example images (N, H, W, C). odd: whether the sides need padding and differ."""
    height, width = (spec.height + 1, spec.width + 2) if odd else (spec.height, spec.width)
    return torch.zeros(COUNT, height, width, spec.channels, dtype=torch.uint8)


def _described(spec: ImageSpec, any_size: bool = False, of: ImageSpec | None = None) -> str:
    """Return type and shape of images. of: source images, if the sides are given as multiples of theirs."""
    sides = f"{spec.height}, {spec.width}"
    if any_size:
        ratios = [(spec.height, (of or spec).height, "H"), (spec.width, (of or spec).width, "W")]
        sides = ", ".join(name if new == old else f"{new}/{old} {name}" for new, old, name in ratios)
    return f"uint8 (N, {sides}, {spec.channels})"


def _row(value: Tensor, meaning: str) -> str:
    return f"float32 (N, {value.shape[1]}): {meaning}"
