"""Translation of an image of any size by a trained generator, with its own size, bit depth and channels."""

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
"""Cache of translators' receptive fields for each source and target space. Finding one takes about as long as a translation."""


def translated_whole(
    translator: nn.Module, image: Layers, source: Domain, target: Domain, *, spec: ImageSpec, memory: int
) -> Layers:
    """Translate an image and keep its size and bit depth.

    Alpha is kept unchanged; the network sees the run's background in fully transparent pixels. A gray image for a network of color
    images is returned in gray.

    Args:
        source, target: domains on the translator's device, with their styles computed.
        spec: channels and size of the source space.
        memory: limit in MiB, see `tiles`.

    Raises:
        UsageError: the generator does not accept this size, or the number of channels differs.
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
    """Return the translation between two domains as a function of images of any size on the CPU."""
    device = next(translator.parameters()).device
    return lambda image: translated_at_its_size(translator, image.to(device), source, target).cpu()


def translated_at_its_size(translator: nn.Module, image: Tensor, source: Domain, target: Domain) -> Tensor:
    """Translate images of any size. The generator is called without the adapter of spaces, which would resize to its canvas."""
    if isinstance(translator, PerTarget | Coded):
        return translator.at_its_size(image, target)
    return translator(image, source, target)  # type: ignore[no-any-return]


def colors_seen(image: Layers, spec: ImageSpec) -> Pixels:
    """Return the colors, with the run's background in fully transparent pixels."""
    if image.alpha is None:
        return image.colors
    background = round((spec.background + 1) / 2 * np.iinfo(image.colors.dtype).max)
    pixels: NDArray[Any] = np.where(image.alpha == 0, background, image.colors).astype(image.colors.dtype)
    return pixels


def in_channels(colors: Pixels, channels: int) -> Pixels:
    """Convert (H, W, 1 or 3) to (H, W, channels). Raises UsageError for other numbers of channels."""
    try:
        pixels: Pixels = recolored(colors, channels)
    except ValueError:
        needs = f"this run needs images with {channels} channels, not {colors.shape[2]}"
        raise UsageError(f"{needs}: give an image with {channels} channels.") from None
    return pixels


def _padded(colors: Pixels, spec: ImageSpec, multiple: int) -> Pixels:
    """Pad an image by reflection, below and to the right, to at least the run's size and to multiples of `multiple`."""
    sides = zip(colors.shape[:2], (spec.height, spec.width), strict=True)
    missing = [multiple * math.ceil(max(side, least) / multiple) - side for side, least in sides]
    if not any(missing):
        return colors
    padded: NDArray[Any] = np.pad(colors, [(0, missing[0]), (0, missing[1]), (0, 0)], mode="reflect")
    return padded
