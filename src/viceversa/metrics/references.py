"""Reference sets of features, each computed once, and the distances of outputs to them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viceversa.core.draws import seeded
from viceversa.images.fitting import in_bits
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import Direction, Place, Trial
from viceversa.metrics.distances import Population, frechet, frechet_diagonal, kernel
from viceversa.metrics.features import Advance, Extractor, Features, key_of_pixels, reference_features


@dataclass(frozen=True)
class ToReal:
    """Distances of outputs to real images, and to the outputs of a perfect translator; None if undefined."""

    frechet: float | None = None
    kernel: float | None = None
    kernel_std: float | None = None
    frechet_target: float | None = None
    kernel_target: float | None = None
    frechet_diagonal: float | None = None


@dataclass(frozen=True, eq=False)
class References:
    """Reference sets of a trial. Their features are in the cache; sets with equal pixels are computed once."""

    task: Trial
    extractor: Extractor
    _asked: dict[tuple[str, int], Population | None] = field(default_factory=dict, init=False)
    _known: dict[str, Population] = field(default_factory=dict, init=False)

    def distances(self, place: Place, features: Features) -> ToReal:
        """Return the distances of outputs at a place. Distances to the ground truth leave out images without any.

        For steps, only the kernel distance to the ground truth is computed.
        """
        target, other, known = self._target(place), Population(features), self.task.known(place)
        edited = Population(features[known]) if known.any() and not known.all() else other
        if place.direction == "step":
            return ToReal(kernel_target=None if target is None else (kernel(target.features, edited.features) or (None,))[0])
        real, fewest = self.real(place.direction), self.extractor.fewest
        far, (near, spread) = frechet(real, other, fewest), kernel(real.features, features) or (None, None)
        if target is real or target is None:
            far_target, near_target = (None, None) if target is None else (far, near)
        else:
            far_target, near_target = frechet(target, edited, fewest), (kernel(target.features, edited.features) or (None,))[0]
        return ToReal(far, near, spread, far_target, near_target, frechet_diagonal(real, other))

    def others(self, pixels: Pixels, advance: Advance) -> Features:
        """Return the features of an equal number of other real images."""
        return reference_features(in_bits(pixels, 8), advance, self.extractor)

    def real(self, direction: Direction) -> Population:
        """Return real images of the target space, as many as there are outputs."""
        space = self.task.away if direction == "inv" else self.task.home
        if (space, 0) not in self._asked:
            pixels = in_bits(self.task.dataset.splits[self.task.split][space].pixels[: len(self.task)], 8)
            self._asked[space, 0] = self._population(pixels)
        found = self._asked[space, 0]
        assert found is not None
        return found

    def _target(self, place: Place) -> Population | None:
        """Return the outputs of a perfect translator: ground truth, or real images with the requested labels; else None."""
        key = f"to {place.direction}", place.cycles if place.direction == "step" else 0
        if key not in self._asked:
            truth, goal = self.task.truth(place), self.task.goal(place)
            rows = None if goal is None or self.task.labels is None else _with_labels(self.task.labels, goal)
            if truth is not None:
                known = self.task.known(place)
                self._asked[key] = self._population(truth if known.all() else truth[known])
            else:
                self._asked[key] = None if rows is None else Population(self.real(place.direction).features[rows])
        return self._asked[key]

    def _population(self, pixels: Pixels) -> Population:
        name = key_of_pixels(pixels, self.extractor)
        if name not in self._known:
            self._known[name] = Population(reference_features(pixels, extractor=self.extractor))
        return self._known[name]


def _with_labels(labels: Tensor, goal: Tensor) -> NDArray[np.int64] | None:
    """Return a random row with each goal's label. Goals without such a row are left out; None if these are half or more."""
    rows: dict[tuple[float, ...], list[int]] = {}
    for number, label in enumerate(labels.tolist()):
        rows.setdefault(tuple(label), []).append(number)
    wanted = [rows[key] for each in goal.tolist() if (key := tuple(each)) in rows]
    if 2 * len(wanted) <= len(goal):
        return None
    draws = torch.rand(len(wanted), generator=seeded("target labels")).tolist()
    return np.array([found[int(draw * len(found))] for found, draw in zip(wanted, draws, strict=True)])
