"""An image of any size through a trained generator, as it is: in its own size, depth and channels."""

from __future__ import annotations

import math
import weakref
from collections.abc import MutableMapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError
from viceversa.images.decoding import recolored
from viceversa.images.layers import Layers
from viceversa.images.pixels import Pixels
from viceversa.inference.onnx_translator import OnnxTranslator
from viceversa.inference.receptive_field import ImageFunction, ReceptiveField, receptive_field_of
from viceversa.inference.tiles import translated_in_tiles
from viceversa.networks.adapters import Coded, PerTarget

_FOOTPRINTS: MutableMapping[nn.Module, dict[tuple[str, str], ReceptiveField]] = weakref.WeakKeyDictionary()
"""What was found of translators, for each source and target space: to find it takes about as long as a translation."""


def translated_whole(
    translator: nn.Module, image: Layers, source: Domain, target: Domain, *, spec: ImageSpec, memory: int
) -> Layers:
    """The image in other colors, of its own size and depth. Alpha is put back as it was; where all of it is transparent, the
    network sees the run's background. A gray image for a network of color images comes back gray.

    source, target: both on the translator's device, the style read. spec: of the source space. memory: in MiB, see `tiles`.
    Raises UsageError for a generator or a number of channels with which this cannot be.
    """
    generator = generator_of(translator, source, target)
    found = _FOOTPRINTS.setdefault(translator, {})
    way = source.space, target.space
    if way not in found:
        if isinstance(translator, OnnxTranslator):
            found[way] = translator.receptive_field(target.space)
        else:
            found[way] = receptive_field_of(generator, spec)
    colors = in_channels(colors_seen(image, spec), spec.channels)
    height, width = colors.shape[:2]
    made = translated_in_tiles(generator, _padded(colors, spec, found[way].multiple), found[way], memory)[:height, :width]
    back = image.colors.shape[2] == 1 and spec.channels == made.shape[2] == 3
    return image.with_colors(np.ascontiguousarray(recolored(made, 1) if back else made))


def generator_of(translator: nn.Module, source: Domain, target: Domain) -> ImageFunction:
    """The translation between two domains at any size, of images on the CPU."""
    device = next(translator.parameters()).device
    return lambda image: translated_at_its_size(translator, image.to(device), source, target).cpu()


def translated_at_its_size(translator: nn.Module, image: Tensor, source: Domain, target: Domain) -> Tensor:
    """The translation of images of any size: the adapter of spaces would bring them to its canvas, so the generator behind it is
    called."""
    if isinstance(translator, PerTarget | Coded):
        return translator.at_its_size(image, target)
    return translator(image, source, target)  # type: ignore[no-any-return]


def colors_seen(image: Layers, spec: ImageSpec) -> Pixels:
    """The colors, and the run's background where none can be seen."""
    if image.alpha is None:
        return image.colors
    background = round((spec.background + 1) / 2 * np.iinfo(image.colors.dtype).max)
    pixels: NDArray[Any] = np.where(image.alpha == 0, background, image.colors).astype(image.colors.dtype)
    return pixels


def in_channels(colors: Pixels, channels: int) -> Pixels:
    """(H, W, 1 or 3) -> (H, W, channels). Raises UsageError for other numbers of channels."""
    try:
        pixels: Pixels = recolored(colors, channels)
    except ValueError:
        needs = f"this run needs images with {channels} channels, not {colors.shape[2]}"
        raise UsageError(f"{needs}: give an image with {channels} channels.") from None
    return pixels


def _padded(colors: Pixels, spec: ImageSpec, multiple: int) -> Pixels:
    """Sides as long as the run's, or longer and multiples; what is missing is a reflection, below and to the right."""
    sides = zip(colors.shape[:2], (spec.height, spec.width), strict=True)
    missing = [multiple * math.ceil(max(side, least) / multiple) - side for side, least in sides]
    if not any(missing):
        return colors
    padded: NDArray[Any] = np.pad(colors, [(0, missing[0]), (0, missing[1]), (0, 0)], mode="reflect")
    return padded
