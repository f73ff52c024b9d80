"""Sizes, receptive field and memory of a generator, found by experiment.

No knowledge of methods or layers is needed: a NaN in the input appears at every output that depends on it.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError, is_out_of_memory
from viceversa.inference.norms import Moments, Normalizing

ImageFunction = Callable[[Tensor], Tensor]
"""A function from images (N, C, H, W) in [-1, 1] to (N, C', H, W), for any size."""

FARTHEST = 1024
"""Side in pixels of the largest image tried. A generator that looks farther than half of it is not used in tiles."""

_LEAST = 64


@dataclass(frozen=True)
class ReceptiveField:
    """Properties of a generator for images of any size.

    Args:
        multiple: sides must be multiples of this number.
        reaches: receptive field in pixels of each norm, in order, and of the output last, rounded up to multiples; empty if one is
            too large.
        weight: peak memory of activations in bytes per pixel.
    """

    multiple: int
    reaches: tuple[int, ...]
    weight: float


@torch.no_grad()
def multiple_of(generator: ImageFunction, spec: ImageSpec) -> int:
    """Return the smallest power of two by which sides can grow beyond the run's size, so that the generator keeps the size.

    Raises UsageError for a generator that accepts one size only, or changes sizes.
    """
    grown, base = 1, 2 ** math.ceil(math.log2(max(spec.height, spec.width)))
    while grown <= base:
        size = base + grown, base + grown
        try:
            if generator(torch.zeros(1, spec.channels, *size)).shape[2:] == size:
                return grown
        except (RuntimeError, ValueError) as error:
            if is_out_of_memory(error):
                raise
        grown *= 2
    size_of_run = f"{spec.width}x{spec.height} pixels"
    resized = "leave out `full_size`, and viceversa resizes the images"
    raise UsageError(f"this run's generator takes only images of {size_of_run}: {resized}.")


@torch.no_grad()
def receptive_field_of(generator: ImageFunction, spec: ImageSpec) -> ReceptiveField:
    """Return the properties of a generator. Raises UsageError for a generator that accepts one size only."""
    multiple = multiple_of(generator, spec)
    side = multiple * math.ceil(max(_LEAST, 2 * multiple) / multiple)
    while True:
        with _Weighing() as weighing:
            reaches = _reaches(generator, spec.channels, side, multiple)
        if math.inf not in reaches:
            return ReceptiveField(multiple, tuple(map(int, reaches)), weighing.peak / side**2)
        if 2 * side > FARTHEST:
            return ReceptiveField(multiple, (), weighing.peak / side**2)
        side *= 2


def _reaches(generator: ImageFunction, channels: int, side: int, multiple: int) -> tuple[float, ...]:
    """Return how far the norms and the output look, in pixels; infinity if it is beyond the image."""
    first = side // 2 // multiple * multiple
    image = torch.zeros(1, channels, side, side)
    image[:, :, first : first + multiple, first : first + multiple] = torch.nan
    found: list[float] = []

    def look(values: Tensor) -> None:
        places = values.isnan().flatten(0, 1).any(0)
        found.append(max(_beyond(places.any(axis), side, first, multiple) for axis in (0, 1)))

    def find(number: int, values: Tensor) -> Moments:
        look(values)
        blank = torch.zeros(values.shape[:2], dtype=torch.float64)
        return Moments(values.shape[2] * values.shape[3], blank, blank + 1)

    with Normalizing(find):
        made = generator(image)
    look(made)
    return tuple(found)


def _beyond(seen: Tensor, side: int, first: int, multiple: int) -> float:
    """Return how far outside the block of `multiple` pixels at `first` it has an influence, along one axis; infinity at the border.

    seen: (n,) Booleans, for an image of `side` pixels at any scale.
    """
    if not seen.any():
        return 0
    pixels = side / len(seen)
    places = seen.nonzero().flatten().tolist()
    low, high = places[0] * pixels, (places[-1] + 1) * pixels
    if low <= 0 or high >= side:
        return math.inf
    far: float = max(first - low, high - first - multiple, 0)
    return multiple * math.ceil(far / multiple)


class _Weighing(TorchFunctionMode):
    """While active, measures the bytes of tensors alive at once. peak: the maximum."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._alive: list[weakref.ref[Tensor]] = []

    def __torch_function__(
        self, function: Callable[..., Any], types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        results = result if isinstance(result, tuple | list) else (result,)
        self._alive += [weakref.ref(each) for each in results if isinstance(each, Tensor)]
        tensors = [each for reference in self._alive if (each := reference()) is not None]
        storages = {each.untyped_storage().data_ptr(): each.untyped_storage().nbytes() for each in tensors}
        self._alive = [weakref.ref(each) for each in tensors]
        self.peak = max(self.peak, sum(storages.values()))
        return result
