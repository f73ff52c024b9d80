"""An ONNX file as an editor."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image

from viceversa.core.routing import routing_of
from viceversa.core.space import Space
from viceversa.errors import UsageError, quoted
from viceversa.evaluation.candidates.onnx import by_onnx
from viceversa.images.load import pixels_of
from viceversa.images.normalizing import normalized, quantized
from viceversa.multiturn.editors.answers import answered
from viceversa.multiturn.editors.editor import Edit, Editor
from viceversa.multiturn.editors.wishes import wishes


def by_onnx_file(path: Path, space: Space | None) -> Editor:
    """Return an editor that runs the file on the CPU by the edit's attributes, or to its space, and ignores the instruction.

    The editor raises UsageError for an edit without a target or without a complete source, and for images of another size.

    Args:
        path: an ONNX file as `viceversa.evaluation.candidates.onnx` describes it.
        space: space of the images.

    Raises:
        UsageError: If there is no space, or the file does not fit it.
    """
    name = quoted(str(path))
    if space is None:
        remedy = "use labeled images, as `images='avatars'` or `images='icons'`"
        raise UsageError(f"the ONNX file {name} edits by attributes, and the images have none: {remedy}.")
    translate, routing = by_onnx(path, space), routing_of(space)

    def edited(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        source, target = wishes(edit, routing, name)
        if routing.described and (unnamed := routing.unnamed(source)):
            raise UsageError(f"{name} needs every attribute of the image; its source lacks {', '.join(unnamed)}.")
        here = routing.start(torch.zeros(1, space.label_width), source, target)
        there = routing.target(here, target)
        spec = space.images[here.space]
        if image.size != (spec.width, spec.height):
            found = f"{image.width} x {image.height} px"
            raise UsageError(f"{name} takes images of {spec.width} x {spec.height} px, and this one has {found}.")
        pixels = pixels_of(image, spec.channels, 255)
        return answered(quantized(translate(normalized(torch.tensor(pixels[None])), here, there))[0], name)

    return edited
