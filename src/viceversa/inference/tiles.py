"""Translation of images of any size in overlapping tiles, with norm statistics of the whole image.

A tile has a core, and a border as wide as the receptive field. So a core equals the same part of the whole image's translation, if
every norm has the mean and variance of the whole image. These are found norm by norm: the statistics of norm k need those of norms
1..k-1, so for each norm all tiles pass the network up to this norm. n norms cost about n / 2 + 1 translations of all tiles.
Estimating several norms at once, each with the last estimates of the others, does not converge any sooner.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viceversa.errors import UsageError
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels
from viceversa.inference.norms import Moments, Normalizing, moments_of
from viceversa.inference.receptive_field import FARTHEST, ImageFunction, ReceptiveField

BLEND = 16
"""Width in pixels over which neighboring tiles are blended."""

WORKSPACE = 3.0
"""Memory at the peak for each byte of numbers between the layers: convolutions rearrange theirs. Measured: 0.8 to 2.5."""


@dataclass(frozen=True)
class Span:
    """A tile along one axis: the network receives [start, stop), whose core is [first, last).

    Args:
        start, stop: the tile.
        first, last: its core.
        length: length of the image.
    """

    start: int
    stop: int
    first: int
    last: int
    length: int

    def faded(self, blend: int) -> tuple[int, int]:
        """Return the part of the output that is used: the core and half of the blending on both sides, no blending at the image's
        border."""
        low = self.first - blend // 2 if self.first else 0
        return low, self.last + blend // 2 if self.last < self.length else self.length

    def window(self, blend: int) -> Tensor:
        """Return the weights of the used part: 1, and (i + 1/2) / blend over `blend` pixels at each inner end. Weights of
        neighbors sum to 1."""
        low, high = self.faded(blend)
        weights, ramp = torch.ones(high - low), (torch.arange(blend) + 0.5) / max(blend, 1)
        if self.first:
            weights[:blend] = ramp
        if self.last < self.length:
            weights[len(weights) - blend :] = 1 - ramp
        return weights


def spans(length: int, side: int, border: int, multiple: int) -> list[Span]:
    """Return tiles of `side` pixels whose cores, of about equal size, cover `length`; one tile if the image fits.

    All ends are multiples of `multiple`. Tiles have the same size, so that each reuses the memory of the previous one: with
    changing sizes, an allocator keeps several times as much. Raises ValueError if no core is left.

    Args:
        length: length of the image.
        side: length of a tile.
        border: width of the border around a core.
        multiple: unit of all lengths.
    """
    if length <= side:
        return [Span(0, length, 0, length, length)]
    most = (side - 2 * border) // multiple * multiple
    if most < 1:
        raise ValueError(f"tiles of {side} pixels have no core within borders of {border}.")
    count = math.ceil(length / most)
    ends = [number * (length // multiple) // count * multiple for number in range(count + 1)]
    starts = [min(max(first - border, 0), length - side) for first in ends[:-1]]
    return [
        Span(start, start + side, first, last, length)
        for start, (first, last) in zip(starts, itertools.pairwise(ends), strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Image:
    """An image (H, W, C) uint8 or uint16, and the height and width of tiles."""

    pixels: Pixels
    sides: tuple[int, int]

    def spans(self, border: int, multiple: int) -> tuple[list[Span], list[Span]]:
        height, width = self.pixels.shape[:2]
        return spans(height, self.sides[0], border, multiple), spans(width, self.sides[1], border, multiple)

    def tile(self, row: Span, column: Span) -> Tensor:
        """Return a tile as (1, C, h, w) in [-1, 1]."""
        return normalized(torch.tensor(self.pixels[None, row.start : row.stop, column.start : column.stop]))


@torch.no_grad()
def translated_in_tiles(generator: ImageFunction, pixels: Pixels, footprint: ReceptiveField, memory: float) -> Pixels:
    """Translate an image (H, W, C) uint8 or uint16, in tiles if necessary: (H, W, C') of the same bit depth.

    Args:
        generator: translation of images of any size.
        pixels: image, with sides that are multiples of `footprint.multiple`.
        footprint: properties of the generator.
        memory: memory in MiB for activations, beside the image and its translation.

    Raises:
        UsageError: the memory is too small.
    """
    if pixels.shape[0] * pixels.shape[1] <= room(footprint, memory):
        made: NDArray[Any] = quantized(generator(normalized(torch.tensor(pixels[None]))), 8 * pixels.itemsize)[0]
        return made
    if not footprint.reaches:
        raise UsageError(
            f"the generator's receptive field is unknown or reaches beyond {FARTHEST // 2} pixels, so tiles are impossible. Raise "
            f"`memory` ({memory:g}) until the {pixels.shape[1]}x{pixels.shape[0]} image fits in one tile, or leave out `full_size`."
        )
    border = _rounded_up(footprint.reaches[-1] + BLEND // 2, footprint.multiple)
    image = _Image(pixels, sides_of(pixels.shape[:2], footprint, memory, border))
    known = whole_moments(generator, image.tile, lambda reach: image.spans(reach, footprint.multiple), footprint.reaches[:-1])

    def translate(row: Span, column: Span) -> Tensor:
        with Normalizing(lambda number, values: known[number]):
            return generator(image.tile(row, column))[0]

    return blended(translate, *image.spans(border, footprint.multiple), bits=8 * pixels.itemsize)


def room(footprint: ReceptiveField, memory: float) -> float:
    """Return how many pixels pass the network at once with this memory in MiB."""
    return max(memory, 0) * 2**20 / (footprint.weight * WORKSPACE)


def sides_of(size: Sequence[int], footprint: ReceptiveField, memory: float, border: int) -> tuple[int, int]:
    """Return the height and width of the largest tiles that fit into the memory: squares, or longer where the image is narrow.

    Args:
        size: height and width of the image.
        footprint: properties of the generator.
        memory: memory in MiB.
        border: width of the border around a core.

    Raises:
        UsageError: If a core would be less than half as wide as its border, so that every pixel would be computed 25 times.
    """
    multiple, pixels = footprint.multiple, room(footprint, memory)
    side = max(math.isqrt(int(pixels)) // multiple, 1) * multiple
    height = min(size[0], side)
    width = min(size[1], int(pixels / height) // multiple * multiple)
    height = min(size[0], int(pixels / max(width, 1)) // multiple * multiple)
    least = 2 * border + _rounded_up(max(border // 2, 2 * BLEND), multiple)
    if height < min(size[0], least) or width < min(size[1], least):
        wanted = math.ceil(least**2 * footprint.weight * WORKSPACE / 2**20)
        raise UsageError(
            f"`memory={memory:g}` is too little: the generator's receptive field reaches {border} pixels, which needs {wanted} MiB."
        )
    return height, width


def whole_moments(
    generator: ImageFunction,
    tile: Callable[[Span, Span], Tensor],
    tiling: Callable[[int], tuple[list[Span], list[Span]]],
    reaches: Sequence[int],
) -> list[Moments]:
    """Return the moments of every norm's input over the whole image, in the order of the norms. reaches: their receptive fields."""
    known: list[Moments] = []
    for reach in reaches:
        rows, columns = tiling(reach)
        parts = [_part(generator, tile, row, column, known) for row in rows for column in columns]
        total = parts[0]
        for part in parts[1:]:
            total = total.merged(part)
        known.append(total)
    return known


class _Measured(Exception):  # noqa: N818
    """Exception that ends a translation at the norm to be measured."""


def _part(
    generator: ImageFunction, tile: Callable[[Span, Span], Tensor], row: Span, column: Span, known: Sequence[Moments]
) -> Moments:
    """Return the moments of the first unknown norm over a tile's core."""
    found: list[Moments] = []

    def find(number: int, values: Tensor) -> Moments:
        if number < len(known):
            return known[number]
        (top, bottom), (left, right) = _core(row, values.shape[2]), _core(column, values.shape[3])
        found.append(moments_of(values[:, :, top:bottom, left:right]))
        raise _Measured

    try:
        with Normalizing(find):
            generator(tile(row, column))
    except _Measured:
        pass
    return found[0]


def _core(span: Span, length: int) -> tuple[int, int]:
    """Return the position of the core in a feature map of the tile, whose length is given."""
    whole = span.stop - span.start
    return (span.first - span.start) * length // whole, (span.last - span.start) * length // whole


def blended(
    translate: Callable[[Span, Span], Tensor], rows: Sequence[Span], columns: Sequence[Span], *, bits: int, blend: int = BLEND
) -> Pixels:
    """Return the tiles' outputs (C, h, w) in [-1, 1], weighted by their windows and summed: (H, W, C) in 8 or 16 bits.

    Rows of tiles are finished one after the other; floats are kept for one row only.

    Args:
        translate: function that translates a tile.
        rows, columns: the tiles.
        bits: 8 or 16.
        blend: width of the blending in pixels.
    """
    finished: list[Pixels] = []
    below: Tensor | None = None
    for row in rows:
        low, high = row.faded(blend)
        band = torch.zeros(0)
        for column in columns:
            left, right = column.faded(blend)
            made = translate(row, column).float().cpu()
            if not band.numel():
                band = made.new_zeros(len(made), high - low, column.length)
            part = made[:, low - row.start : high - row.start, left - column.start : right - column.start]
            band[:, :, left:right] += part * row.window(blend)[:, None] * column.window(blend)
        if below is not None:
            band[:, : below.shape[1]] += below
        ready = band.shape[1] if row.last == row.length else band.shape[1] - blend
        finished.append(quantized(band[None, :, :ready], bits)[0])
        below = band[:, ready:]
    whole: NDArray[Any] = np.concatenate(finished)
    return whole


def _rounded_up(number: int, multiple: int) -> int:
    return multiple * math.ceil(number / multiple)
