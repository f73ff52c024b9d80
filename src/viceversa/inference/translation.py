"""The steps of a translation: source domain, preprocessing, target domain, networks, mask."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from viceversa.core.domains import Domain
from viceversa.core.space import Wish
from viceversa.errors import UnfamiliarImage, UsageError
from viceversa.images.layers import Layers
from viceversa.images.load import Picture, layers_of
from viceversa.images.normalizing import normalized, quantized
from viceversa.inference.apply import ends
from viceversa.inference.batches import rows, stacked
from viceversa.inference.full_size import in_channels, translated_whole
from viceversa.inference.masks import Weights, blended
from viceversa.inference.preprocessing import Manner

if TYPE_CHECKING:
    from viceversa.inference.model import Model

_BATCH, _PIXELS = 32, 2**20
"""Images, and pixels of one space, that go through a network at once: at most."""


def chained(model: Model, pictures: Sequence[Picture], targets: Sequence[Any], source: Any, manner: Manner) -> list[list[Layers]]:
    """The images translated to each target in turn, in batches: for each target, every image. Raises UsageError."""
    to = targets[0] if targets else ""
    spec = model.space.images[model.routing.departure(source, to)]
    size = 1 if manner.full_size else max(1, min(_BATCH, _PIXELS // (spec.height * spec.width)))
    made: list[list[Layers]] = [[] for _ in targets]
    doubts: list[str] = []
    for first in range(0, len(pictures), size):
        batch = [layers_of(picture, manner.most_pixels) for picture in pictures[first : first + size]]
        here = start(model, batch, source, to)
        layers = [model.preprocessing.opened(picture, here.space, manner) for picture in batch]
        doubts += [doubt(model, each, here.space) for each in layers]
        weights = [model.preprocessing.weights(each, here.space, manner) for each in layers]
        for number, target in enumerate(targets):
            there = model.routing.target(here, target, manner.strength)
            layers = translate_layers(model, layers, here, there, manner, weights)
            made[number] += layers
            here = Domain(there.space, there.label)
    warn(pictures, doubts)
    return made


def check(model: Model, to: Wish, source: Wish = "") -> tuple[Domain, Domain]:
    """Return the source and target domain of an image whose label is not read yet.

    Raises UsageError for a target or source that the model does not know.
    """
    here = model.routing.start(torch.zeros(1, model.space.label_width), source, to)
    return here, model.routing.target(here, to)


def start(model: Model, images: Sequence[Picture], source: Wish = "", to: Wish = "") -> Domain:
    """Return the source domain of images of one space. The labeller predicts the attributes that `source` does not name.

    Raises UsageError if there is no labeller to predict them.
    """
    label = torch.zeros(len(images), model.space.label_width)
    if unnamed := model.routing.unnamed(source):
        if model.reader is None:
            needed = f"give the attributes of the image ({', '.join(unnamed)}) with `source`"
            raise UsageError(f"this run has no labeller: {needed}.")
        space = model.routing.departure(source, to)
        label = model.reader.read_batch(stacked([model.preprocessing.prepared(image, space)[0] for image in images]))
    return model.routing.start(label, source, to)


def translate_layers(
    model: Model,
    layers: Sequence[Layers],
    source: Domain,
    target: Domain,
    manner: Manner,
    weights: Sequence[Weights | None] | None = None,
) -> list[Layers]:
    """Translate preprocessed images from `source` to `target`.

    Args:
        layers: images of the run's size, or a single image that keeps its own size.
        weights: for each image where it may change, (H, W, 1) in [0, 1]; None: everywhere.

    Raises UsageError.
    """
    if manner.full_size:
        made = [_whole(model, layers[0], source, target, manner)]
    else:
        here, there = rows(source, len(layers)), rows(target, len(layers))
        images = model.translate_images(stacked([each.colors for each in layers]), here, there, manner)
        made = [
            each.with_colors(quantized(one[None], 8 * each.colors.itemsize)[0]) for one, each in zip(images, layers, strict=True)
        ]
    kept = weights or [None] * len(layers)
    return [
        after if where is None else after.with_colors(blended(before.colors, after.colors, where))
        for before, after, where in zip(layers, made, kept, strict=True)
    ]


def _whole(model: Model, layers: Layers, source: Domain, target: Domain, manner: Manner) -> Layers:
    """Translate an image at its own size."""
    spec = model.space.images[source.space]
    small = normalized(torch.tensor(model.preprocessing.fitted(in_channels(layers.colors, spec.channels), source.space)[None]))
    reference = model.preprocessing.reference(manner, target.space, styles=model.method.styles)
    here, there = ends(model.method, small, source, target, reference=reference, seed=manner.seed)
    return translated_whole(model.method.translator, layers, here, there, spec=spec, memory=manner.memory)


def doubt(model: Model, layers: Layers, space: str) -> str:
    """Return a warning if the image is unlike the training images, otherwise an empty text."""
    if model.familiarity is None:
        return ""
    distance = model.familiarity.distance(model.preprocessing.seen(layers, space), [*model.routing.sets] or [space])
    if distance <= 1:
        return ""
    times = f"{distance:.2g} times the usual distance"
    return f"does not look like the images that {model.name!r} was trained on ({times}): the result may be meaningless"


def warn(pictures: Sequence[Picture], doubts: Sequence[str]) -> None:
    """Warns (UnfamiliarImage) once of the images for which there is a doubt (see `doubt`)."""
    found = [number for number, doubt in enumerate(doubts) if doubt]
    if found:
        first = pictures[found[0]]
        what = repr(str(first)) if isinstance(first, str | Path) else f"image {found[0]}" if len(pictures) > 1 else "this image"
        more = f" (and {len(found) - 1} more of {len(pictures)})" if len(found) > 1 else ""
        warnings.warn(f"{what}{more} {doubts[found[0]]}.", UnfamiliarImage, stacklevel=5)
