"""Preprocessing of the images, masks and reference images of a translation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError
from viceversa.images.decoding import MOST_PIXELS
from viceversa.images.fitting import Filter, fitted
from viceversa.images.layers import Layers
from viceversa.images.load import Picture, layers_of, mask_of, pixels_of
from viceversa.images.normalizing import normalized
from viceversa.images.paper_drawings import flattened
from viceversa.images.pixels import Pixels
from viceversa.inference.full_size import colors_seen, in_channels
from viceversa.inference.masks import Region, Weights


@dataclass(frozen=True)
class Manner:
    """Options of a translation besides source and target.

    Args:
        strength: strength of an edit of attributes: 0 is none, 1 the full edit; other values for RelGAN and STGAN only.
        reference: image whose style to copy, for methods with styles such as StarGAN v2.
        seed: seed of the random style, for such methods.
        full_size: keep size, channels and alpha of an image; otherwise its middle is cut out and resized to the run's size.
        memory: memory in MiB for the networks at full size; a larger image is translated in tiles.
        region: where the image may change; None: everywhere.
        paper: images are drawings on paper, scanned or photographed, to be flattened first (images/paper_drawings.py).
        most_pixels: limit of an image file, counting every four channels; larger files are refused as decompression bombs.
    """

    strength: float = 1.0
    reference: Picture | None = None
    seed: int = 0
    full_size: bool = False
    memory: int = 2048
    region: Region | None = None
    paper: bool = False
    most_pixels: int = MOST_PIXELS


AS_TRAINED = Manner()
"""The defaults: the run's size, the full edit, everywhere."""


@dataclass(frozen=True)
class Preprocessing:
    """Preprocessing for the spaces of a run. images: their sizes and channels; crop, filter: see `images.fitting.fitted`."""

    images: Mapping[str, ImageSpec]
    crop: int | None = None
    filter: Filter = "bicubic"

    def fitted(self, pixels: Pixels, space: str) -> Pixels:
        """Resize (H, W, C) to the height and width of a space."""
        spec = self.images[space]
        return fitted(pixels, (spec.height, spec.width), self.crop, self.filter)

    def prepared(self, image: Picture, space: str, *, paper: bool = False, most_pixels: int = MOST_PIXELS) -> Pixels:
        """Return the image with the size and channels of a space, (1, H, W, C), in its own depth; drawings on paper in 8 bits."""
        spec = self.images[space]
        pixels = pixels_of(image, spec.channels, round((spec.background + 1) * 127.5), most_pixels)
        return self.fitted(_of_paper(pixels, spec.channels) if paper else pixels, space)[None]

    def opened(self, image: Picture, space: str, manner: Manner) -> Layers:
        """Return the image with its color profile: unchanged at full size, otherwise as `prepared` returns it."""
        layers = layers_of(image, manner.most_pixels)
        if not manner.full_size:
            return Layers(self.prepared(layers, space, paper=manner.paper)[0], profile=layers.profile, name=layers.name)
        channels = self.images[space].channels
        return layers.with_colors(_of_paper(layers.colors, channels)) if manner.paper else layers

    def seen(self, layers: Layers, space: str) -> Pixels:
        """Return an opened image as the network of a space sees it at the run's size: (H, W, C)."""
        spec = self.images[space]
        return self.fitted(in_channels(colors_seen(layers, spec), spec.channels), space)

    def weights(self, layers: Layers, space: str, manner: Manner) -> Weights | None:
        """Return where the image may change: (H, W, 1) in [0, 1]; None for everywhere. A mask is resized like the image."""
        if manner.region is None:
            return None
        mask = None if manner.region.mask is None else mask_of(manner.region.mask, manner.most_pixels)
        if mask is not None and not manner.full_size:
            mask = self.fitted(mask, space)
        return manner.region.weights(layers.colors, mask)

    def reference(self, manner: Manner, space: str, *, styles: bool) -> Tensor | None:
        """Return the reference image, (1, C, H, W) in [-1, 1]. Raises UsageError if there is one and the method has no styles."""
        if not styles and (manner.seed or manner.reference is not None):
            raise UsageError("this method gives one result for each target: it takes no reference image and no seed.")
        if manner.reference is None:
            return None
        return normalized(torch.tensor(self.prepared(manner.reference, space, most_pixels=manner.most_pixels)))


def _of_paper(colors: Pixels, channels: int) -> Pixels:
    """Return the lines of a drawing on paper, in this number of channels. Raises UsageError if it is neither gray nor color."""
    return in_channels(flattened(in_channels(colors, 1)), channels)
