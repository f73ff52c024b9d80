"""A run, or a packaged model, as an editor."""

from __future__ import annotations

import numpy as np
from PIL import Image

from viceversa.core.domains import Domain
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.multiturn.editors.answers import answered
from viceversa.multiturn.editors.editor import Edit, Editor
from viceversa.multiturn.editors.wishes import wishes


def by_model(model: Model, *, full_size: bool = False) -> Editor:
    """Return an editor that translates by the edit's attributes, or to its space, and ignores the instruction.

    The editor raises UsageError for an edit without a target, and for one that the model does not know.

    Args:
        model: a model, as `viceversa.load` returns it.
        full_size: whether to keep the size of each image; otherwise answers have the size of the training images.
    """

    def edited(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        source, target = wishes(edit, model.routing, model.name)
        if isinstance(target, str) and source == target and target in model.space.images:
            return answered(_stayed(model, image, target), model.name)
        drawn = seed if model.method.styles else 0  # the other methods give one result, and take no seed
        return answered(model.translate(image, target, source=source, seed=drawn, full_size=full_size), model.name)

    return edited


def _stayed(model: Model, image: Image.Image, space: str) -> Pixels:
    """Return an image of one of two spaces, translated to its own space at the size of the training images."""
    pixels = model.preprocessing.prepared(image, space)
    return np.asarray(model.translate_pixels(pixels, Domain(space), Domain(space))[0])
