"""The computations of a worker: translations of a batch, in one process that has the models."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from viceversa.core.domains import Domain
from viceversa.errors import UnfamiliarImage, UsageError, is_out_of_memory
from viceversa.images.formats import Embedded, TooLarge
from viceversa.images.layers import Layers, content_of, read_layers
from viceversa.images.load import seen
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.inference.translation import Opened, departed, opened, translate_layers, with_doubts
from viceversa.serving.api.messages import Ask, Form, Made, Refused

JPEG_QUALITY = WEBP_QUALITY = 95


def computed(model: Model, asks: Sequence[Ask], most_pixels: int) -> list[Made | Refused]:
    """Answer a batch. Requests with a bad image, target or reference are refused one by one; the others are computed together.

    Args:
        model: the model.
        asks: requests with equal keys.
        most_pixels: limit of an image file's size; larger ones are refused.
    """
    answers: dict[int, Made | Refused] = {}
    ready: list[tuple[int, Opened]] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for number, found in enumerate(pool.map(partial(_opened, model, most_pixels=most_pixels), asks)):
            if isinstance(found, Refused):
                answers[number] = found
            else:
                ready.append((number, found))
        if ready:
            numbers, images = zip(*ready, strict=True)
            try:
                made = _chained(model, [asks[number] for number in numbers], images, most_pixels)
                answers |= zip(numbers, pool.map(_in_files, [asks[number].form for number in numbers], *made), strict=True)
            except Exception as error:
                answers |= dict.fromkeys(numbers, _refusal(error))
    return [answers[number] for number in range(len(asks))]


def warm_up(model: Model) -> None:
    """Translate a blank image, because the first translation takes longer than later ones."""
    to, source = model.routing.example_target, model.routing.example_source
    spec = model.space.images[model.routing.departure(source, to)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnfamiliarImage)
        model.arrays(np.zeros((spec.height, spec.width, spec.channels), np.uint8), [to], source=source)


def _opened(model: Model, ask: Ask, most_pixels: int) -> Opened | Refused:
    """Return the image, ready for the networks, after checking its targets."""
    try:
        here = model.routing.start(torch.zeros(1, model.space.label_width), ask.source, ask.targets[0])
        for target in ask.targets:
            there = model.routing.target(here, target, ask.strength)
            here = Domain(there.space, there.label)
        return opened(model, _layers(ask.image, most_pixels), ask.source, ask.targets[0], _manner(ask, None))
    except Exception as error:
        return _refusal(error)


def _chained(model: Model, asks: Sequence[Ask], images: Sequence[Opened], most_pixels: int) -> tuple[list[list[Layers]], list[str]]:
    """Return the translations of each image, one for each of its targets, and the warning of each image."""
    first = asks[0]
    manner = _manner(first, None if first.reference is None else _layers(first.reference, most_pixels, "reference"))
    space = model.routing.departure(first.source, first.targets[0])
    doubts = [each.doubt for each in with_doubts(model, images, space)]
    here = departed(model, [each.read for each in images], first.source, first.targets[0], len(images))
    stops = [[each.layers for each in images]]
    for targets in zip(*(ask.targets for ask in asks), strict=True):
        there = _joined(
            [
                model.routing.target(_row(here, number), target, ask.strength)
                for number, (target, ask) in enumerate(zip(targets, asks, strict=True))
            ]
        )
        stops.append(translate_layers(model, stops[-1], here, there, manner, size=len(images)))
        here = Domain(there.space, there.label)
    return [list(each) for each in zip(*stops[1:], strict=True)], doubts


def _row(domain: Domain, number: int) -> Domain:
    """Return the domain of one image of a batch. A label with one row is that of all images."""
    if domain.label is None:
        return domain
    return Domain(domain.space, domain.label[[number if len(domain.label) > 1 else 0]])


def _joined(domains: Sequence[Domain]) -> Domain:
    """Return the domains of a batch's images, which are in one space, as one domain."""
    labels = [domain.label for domain in domains if domain.label is not None]
    return Domain(domains[0].space, torch.cat(labels) if labels else None)


def _manner(ask: Ask, reference: Layers | None) -> Manner:
    return Manner(ask.strength, reference, ask.seed, ask.full_size)


def _layers(content: bytes, most_pixels: int, name: str = "image") -> Layers:
    """Return the image in the content of a file. Raises BadImage; UsageError if a package is missing."""
    return read_layers(Embedded(name, content), most_pixels=most_pixels)


def _in_files(form: Form, made: Sequence[Layers], warning: str) -> Made | Refused:
    try:
        return Made(tuple(_content(each, form) for each in made), warning)
    except Exception as error:
        return _refusal(error)


def _content(layers: Layers, form: Form) -> bytes:
    """Return the content of an image file. PNG keeps every bit; WebP and JPEG have 8 bits."""
    if form == "png":
        if layers.suffix != ".png":
            raise UsageError(f"this model makes images of {layers.colors.shape[2]} channels, and a PNG file holds 1 or 3.")
        return content_of(layers, Path("image.png"))
    return picture_content(seen(layers), form)


def picture_content(picture: Image.Image, form: Form) -> bytes:
    """Return the content of an image file of a picture, in 8 bits. In JPEG, transparent parts become white."""
    buffer, profile = io.BytesIO(), picture.info.get("icc_profile", b"")
    if picture.mode.startswith("I"):
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if form == "jpeg" and "A" in picture.getbands():
        below = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(below, picture.convert("RGBA")).convert("RGB" if picture.mode == "RGBA" else "L")
    options: Mapping[str, int] = {} if form == "png" else {"quality": JPEG_QUALITY}
    picture.save(buffer, form, icc_profile=profile, **options)
    return buffer.getvalue()


def _refusal(error: Exception) -> Refused:
    """Return why a request is refused. Raises the error itself if the request is not the cause."""
    if isinstance(error, TooLarge):
        return Refused(str(error), 413)
    if isinstance(error, UsageError):
        return Refused(str(error))
    if is_out_of_memory(error):
        return Refused("out of memory: send a smaller image.", 413)
    raise error
