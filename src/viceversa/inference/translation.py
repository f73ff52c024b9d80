"""The steps of a translation: preprocessing, source domain, target domain, networks, mask."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from viceversa.core.domains import Domain
from viceversa.core.space import Wish
from viceversa.errors import UnfamiliarImage, UsageError
from viceversa.images.layers import Layers
from viceversa.images.load import Picture, layers_of
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels
from viceversa.inference.apply import ends
from viceversa.inference.batches import in_batches, rows_of, stacked
from viceversa.inference.full_size import in_channels, translated_whole
from viceversa.inference.masks import Weights, blended
from viceversa.inference.preprocessing import AS_TRAINED, Manner
from viceversa.pipeline import in_stages

if TYPE_CHECKING:
    from viceversa.inference.model import Model
    from viceversa.metrics.labeller import Labeller

_PIXELS = 2**15
"""Pixels of a batch: 8 images of 64 px. Larger batches are not faster on a CPU, and filling up a batch costs little."""


@dataclass(frozen=True, eq=False)
class Opened:
    """An image that is ready for the networks.

    layers: the image as the translator takes it. read: its pixels (H, W, C) as the labeller takes them, if it is asked. weights:
    where the image may change, (H, W, 1) in [0, 1]; None: everywhere. doubt: a warning if it is unlike the training images.
    """

    layers: Layers
    read: Pixels | None
    weights: Weights | None
    doubt: str = ""


def batch_size(model: Model, space: str, manner: Manner) -> int:
    """Return the number of images of a space that the networks get at once. It is always the same (see `in_batches`)."""
    spec = model.space.images[space]
    return 1 if manner.full_size else max(1, _PIXELS // (spec.height * spec.width))


def chained(model: Model, pictures: Sequence[Picture], targets: Sequence[Any], source: Any, manner: Manner) -> list[list[Layers]]:
    """Translate images to each target in turn, in batches. Return all images for each target. Raises UsageError."""
    to = targets[0] if targets else ""
    space = model.routing.departure(source, to)
    check_reader(model, source)

    def ready(group: Sequence[Picture]) -> list[Opened]:
        return with_doubts(model, [opened(model, each, source, to, manner) for each in group], space)

    def visited(batch: Sequence[Opened]) -> tuple[Sequence[Opened], list[list[Layers]]]:
        here = departed(model, [each.read for each in batch], source, to)
        stops = [[each.layers for each in batch]]
        for target in targets:
            there = model.routing.target(here, target, manner.strength)
            stops.append(translate_layers(model, stops[-1], here, there, manner, [each.weights for each in batch]))
            here = Domain(there.space, there.label)
        return batch, stops[1:]

    made: list[list[Layers]] = [[] for _ in targets]
    doubts: list[str] = []
    for batch, stops in in_stages(ready, visited, pictures, batch_size(model, space, manner)):
        doubts += [each.doubt for each in batch]
        for images, more in zip(made, stops, strict=True):
            images += more
    warn(pictures, doubts)
    return made


def opened(model: Model, picture: Picture, source: Wish, to: Wish, manner: Manner) -> Opened:
    """Return the picture ready for the networks, without a doubt. Raises UsageError, BadImage for a file."""
    space, preprocessing = model.routing.departure(source, to), model.preprocessing
    image = layers_of(picture, manner.most_pixels)
    layers = preprocessing.opened(image, space, manner)
    read = preprocessing.prepared(image, space)[0] if model.routing.unnamed(source) else None
    return Opened(layers, read, preprocessing.weights(layers, space, manner))


def with_doubts(model: Model, images: Sequence[Opened], space: str) -> list[Opened]:
    """Return the images with a doubt where one is unlike the training images."""
    if model.familiarity is None or not images:
        return list(images)
    seen = [model.preprocessing.seen(each.layers, space) for each in images]
    distances = model.familiarity.distances(seen, [*model.routing.sets] or [space])
    return [replace(each, doubt=_doubt(model, distance)) for each, distance in zip(images, distances, strict=True)]


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
    space = model.routing.departure(source, to)
    asked = bool(model.routing.unnamed(source))
    return departed(model, [model.preprocessing.prepared(image, space)[0] if asked else None for image in images], source, to)


def departed(model: Model, images: Sequence[Pixels | None], source: Wish, to: Wish, size: int | None = None) -> Domain:
    """Return the source domain of prepared images, which are asked for only if `source` does not name all attributes.

    size: number of images that the labeller gets at once; None: `batch_size`, which gives each image the same bits in any company.
    Raises UsageError if there is no labeller to predict them.
    """
    label = torch.zeros(len(images), model.space.label_width)
    if (reader := check_reader(model, source)) is not None:
        pixels = stacked([image for image in images if image is not None])
        at_once = size or batch_size(model, model.routing.departure(source, to), AS_TRAINED)
        label = in_batches(lambda numbers: reader.read_batch(pixels[numbers]), len(pixels), at_once)
    return model.routing.start(label, source, to)


def check_reader(model: Model, source: Wish) -> Labeller | None:
    """Return the labeller if there is something for it to predict. It is trained to its end first if it is not yet.

    Raises UsageError if there is none.
    """
    unnamed = model.routing.unnamed(source)
    if unnamed and model.reader is None:
        needed = f"give the attributes of the image ({', '.join(unnamed)}) with `source`"
        raise UsageError(f"this run has no labeller: {needed}.")
    return model.reader if unnamed else None


def translate_layers(
    model: Model,
    layers: Sequence[Layers],
    source: Domain,
    target: Domain,
    manner: Manner,
    weights: Sequence[Weights | None] | None = None,
    size: int | None = None,
) -> list[Layers]:
    """Translate preprocessed images from `source` to `target`.

    Args:
        layers: images of the run's size, or a single image that keeps its own size.
        weights: for each image where it may change, (H, W, 1) in [0, 1]; None: everywhere.
        size: number of images that the networks get at once; None: `batch_size`, as in `departed`.

    Raises UsageError.
    """
    if manner.full_size:
        made = [_whole(model, layers[0], source, target, manner)]
    else:
        pixels = stacked([each.colors for each in layers])
        images = in_batches(
            lambda numbers: model.translate_images(pixels[numbers], rows_of(source, numbers), rows_of(target, numbers), manner),
            len(pixels),
            size or batch_size(model, source.space, manner),
        )
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
    return with_doubts(model, [Opened(layers, None, None)], space)[0].doubt


def _doubt(model: Model, distance: float) -> str:
    if distance <= 1:
        return ""
    times = f"{distance:.2g} times the usual distance"
    return f"does not look like the images that {model.name!r} was trained on ({times}): the result may be meaningless"


def warn(pictures: Sequence[Picture], doubts: Sequence[str]) -> None:
    """Issue one warning (UnfamiliarImage) for the images with a doubt (see `doubt`)."""
    found = [number for number, doubt in enumerate(doubts) if doubt]
    if found:
        first = pictures[found[0]]
        what = repr(str(first)) if isinstance(first, str | Path) else f"image {found[0]}" if len(pictures) > 1 else "this image"
        more = f" (and {len(found) - 1} more of {len(pictures)})" if len(found) > 1 else ""
        warnings.warn(f"{what}{more} {doubts[found[0]]}.", UnfamiliarImage, stacklevel=5)
