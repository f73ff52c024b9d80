"""The evaluation of a translator per number of cycles: measured image by image, then summed up in rows (docs/methods.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viceversa.data.dataset import Pixels
from viceversa.data.fitting import in_bits
from viceversa.domains import Space
from viceversa.draws import seeded
from viceversa.evaluation.bootstrap import intervals
from viceversa.evaluation.chains import DIRECTIONS, LINKS, Candidate, Direction, Place, Trial, Way, outputs, translating
from viceversa.evaluation.distances import frechet, frechet_diagonal, kernel
from viceversa.evaluation.features import Features, measure, reference_features
from viceversa.evaluation.labeller import Labeller
from viceversa.evaluation.lite0 import FEATURES
from viceversa.evaluation.report import Row
from viceversa.evaluation.similarity import l1, l1_where, psnr, ssim

PerImage = dict[str, NDArray[np.float64]]
"""A metric's name -> its value for each image (N,), NaN where it is undefined."""

MEANS = (
    "label_accuracy", "label_accuracy_bits", "changed_accuracy", "kept_accuracy", "perceptual_to_source", "l1_to_source",
    "psnr_to_truth", "ssim_to_truth", "l1_outside", "own_accuracy_bits",
)  # fmt: skip
"""What a row has the mean over images of."""

Advance = Callable[[int], None]
"""Hears how many images were just measured."""


@dataclass(eq=False)
class Seen:
    """What is found of the outputs at one place. Features lie in a file, mapped; the rest is some numbers an image.

    features (N, 1280); per_image: distances; read: the labels that they show, by the labeller and by the model's own
    discriminator (N, K).
    """

    features: Features
    per_image: PerImage
    read: Tensor | None = None
    own: Tensor | None = None


@dataclass(frozen=True)
class ToReal:
    """Distances of a set of outputs to the real images, and to the set that a perfect translator would make; None: undefined."""

    frechet: float | None = None
    kernel: float | None = None
    kernel_std: float | None = None
    frechet_target: float | None = None
    kernel_target: float | None = None
    frechet_diagonal: float | None = None


@dataclass(frozen=True, eq=False)
class Assessment:
    """A model's rows, and for each place what every image got: for intervals paired between models."""

    rows: list[Row] = field(default_factory=list)
    per_image: dict[Place, PerImage] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Judge:
    """What all models of a comparison are measured by: the same images and chains, and an independent labeller."""

    task: Trial
    labeller: Labeller | None
    way: Way

    def assess(self, name: str, candidate: Candidate, advance: Advance) -> Assessment:
        """A model at all places of the way. Memory holds a batch, and some numbers an image."""
        with TemporaryDirectory() as folder:
            seen: dict[Place, Seen] = {}
            for rows, made in candidate.outputs(self.task, self.way):
                self._see(seen, rows, made, candidate, Path(folder), advance)
            assessment = Assessment()
            for place, found in seen.items():
                self._add(assessment, name, place, found, self._to_real(place, found.features))
            return assessment

    def bounds(self, advance: Advance) -> list[Row]:
        """Rows of doing nothing (`floor`), which a probe changes all the same; of the true edits, or the sources for rec
        (`ceiling`); and of as many other real images (`real`)."""
        bounds = Assessment()
        for name, images in (("floor", self._nothing()), ("ceiling", self._best())):
            with TemporaryDirectory() as folder:
                seen: dict[Place, Seen] = {}
                self._see(seen, slice(0, len(self.task)), images, translating(lambda image, *_: image), Path(folder), advance)
                to_real = {place: self._to_real(place, found.features) for place, found in seen.items()}
                for place in self._places():
                    start = place if place in seen else Place(place.direction, 0, "8bit")
                    if start in seen and (start == place or place.link in LINKS):
                        self._add(bounds, name, place, seen[start], to_real[start])
        return bounds.rows + list(self._other_real(advance))

    def _places(self) -> Iterator[Place]:
        for direction in DIRECTIONS:
            yield from (Place(direction, number, link) for link in LINKS for number in range(self.way.cycles + 1))
        yield from (Place("rec", number, link) for link in self.way.probes for number in range(1, self.way.cycles + 1))
        yield from (Place("step", number, "8bit") for number in range(1, self.way.steps + 1))

    def _nothing(self) -> dict[Place, Pixels]:
        """The sources; after k links of a probe, as these alone change them."""
        sources = self.task.sources
        made = {Place(direction, 0, "8bit"): sources for direction in DIRECTIONS}
        made |= {place: sources for place in self._places() if place.direction == "step"}
        idle = Way(self.way.cycles, 0, self.way.probes)
        for rows, found in outputs(lambda image, source, target: image, self.task, idle):
            for place, pixels in found.items():
                if place.link in idle.probes:
                    made.setdefault(place, np.empty_like(sources))[rows] = pixels
        return made

    def _best(self) -> dict[Place, Pixels]:
        places = [Place("rec", 0, "8bit"), Place("inv", 0, "8bit"), *(at for at in self._places() if at.direction == "step")]
        return {place: truth for place in places if (truth := self.task.truth(place)) is not None}

    def _other_real(self, advance: Advance) -> Iterator[Row]:
        """How far real images are from as many others, of the training split: what chance alone does to a distance."""
        others_of = self.task.dataset.splits.get("train" if self.task.split != "train" else "test", {})
        spaces: tuple[tuple[Direction, str], ...] = (("inv", self.task.away), ("rec", self.task.home))
        for direction, space in spaces:
            if space in others_of and len(others_of[space]) >= len(self.task):
                others = in_bits(others_of[space].pixels[: len(self.task)], 8)
                to_real = self._to_real(Place(direction, 0, "8bit"), reference_features(others, advance))
                for link in LINKS:
                    for number in range(self.way.cycles + 1):
                        yield self._row("real", Place(direction, number, link), to_real, {})

    def _see(
        self,
        seen: dict[Place, Seen],
        rows: slice,
        made: Mapping[Place, Pixels],
        candidate: Candidate,
        folder: Path,
        advance: Advance,
    ) -> None:
        """Adds what is found of a batch; outputs that are the same array are looked at once."""
        source = self.task.sources[rows]
        different = {id(pixels): pixels for pixels in made.values()}
        looks = dict(zip(different, measure(source, list(different.values()), advance), strict=True))
        read = {key: self.labeller.read(pixels) if self.labeller else None for key, pixels in different.items()}
        own = {key: candidate.read(pixels) if candidate.read else None for key, pixels in different.items()}
        for place, pixels in made.items():
            key = id(pixels)
            found = {"perceptual_to_source": looks[key].perceptual.astype(np.float64), **self._distances(place, pixels, rows)}
            if place not in seen:
                shape = (len(self.task), FEATURES)
                features = np.lib.format.open_memmap(folder / f"{len(seen)}.npy", "w+", np.float32, shape)
                seen[place] = Seen(features, {name: np.full(shape[0], np.nan) for name in found})
            seen[place].features[rows] = looks[key].features
            for name, values in found.items():
                seen[place].per_image[name][rows] = values
            seen[place].read = _appended(seen[place].read, read[key])
            seen[place].own = _appended(seen[place].own, own[key])

    def _distances(self, place: Place, pixels: Pixels, rows: slice) -> PerImage:
        source, whole = self.task.sources[rows], self.task.truth(place)
        truth, nothing = None if whole is None else whole[rows], _undefined(len(pixels))
        alike = pixels.shape == source.shape
        outside = None if truth is None or not alike else (np.asarray(truth) == source).all(3)
        return {
            "l1_to_source": l1(pixels, source) if alike else nothing,
            "l1_outside": nothing if outside is None or place.direction == "rec" else l1_where(pixels, source, outside),
            "psnr_to_truth": nothing if truth is None else psnr(pixels, truth),
            "ssim_to_truth": nothing if truth is None else ssim(pixels, truth),
        }

    def _add(self, assessment: Assessment, name: str, place: Place, seen: Seen, to_real: ToReal) -> None:
        per_image = dict(seen.per_image) | self._accuracies(place, seen)
        assessment.per_image[place] = per_image
        assessment.rows.append(self._row(name, place, to_real, per_image))

    def _accuracies(self, place: Place, seen: Seen) -> PerImage:
        """Each image's share of right attributes; changed, kept: of those that the last translation had to change, or not."""
        if seen.read is None or self.labeller is None:
            return {}
        space, count = self.labeller.space, len(seen.read)
        goal, before = self._asked(place, space, count)
        right, changed = space.agrees(seen.read, goal).numpy(), ~space.agrees(before, goal).numpy()
        each = {f"accuracy {attribute.name}": right[:, index] for index, attribute in enumerate(space.attributes)}
        own = {} if seen.own is None else {"own_accuracy_bits": _bits(seen.own, goal, space)}
        return {name: values.astype(np.float64) for name, values in each.items()} | {
            "label_accuracy": right.mean(1),
            "label_accuracy_bits": _bits(seen.read, goal, space),
            "changed_accuracy": _share(right, changed),
            "kept_accuracy": _share(right, ~changed),
            **own,
        }

    def _asked(self, place: Place, space: Space, count: int) -> tuple[Tensor, Tensor]:
        """The label that the outputs should have, and the one asked for before their last translation."""
        goal, before = self.task.goal(place), self.task.asked_before(place)
        if goal is not None and before is not None:
            return goal, before
        home, away = (torch.eye(2)[[list(space.images).index(name)] * count] for name in (self.task.home, self.task.away))
        return (away, home) if place.direction == "inv" else (home, away if place.cycles else home)

    def _reference_pixels(self, direction: str) -> Pixels:
        """The real images of the space that outputs should be in, as many as are judged."""
        space = self.task.away if direction == "inv" else self.task.home
        return in_bits(self.task.dataset.splits[self.task.split][space].pixels[: len(self.task)], 8)

    def _target_features(self, place: Place) -> Features | None:
        """Of the set that a perfect translator would make: the true edits, or real images with the labels asked for."""
        if place.direction == "rec":
            return reference_features(self.task.sources)
        if (truth := self.task.truth(place)) is not None:
            return reference_features(truth)
        goal = self.task.goal(place)
        rows = None if goal is None or self.task.labels is None else _with_labels(self.task.labels, goal)
        return None if rows is None else reference_features(self._reference_pixels(place.direction))[rows]

    def _to_real(self, place: Place, features: Features) -> ToReal:
        """Of a step only the kernel distance to its true edits: ten more Frechet distances take half a minute."""
        reference, target = reference_features(self._reference_pixels(place.direction)), self._target_features(place)
        to_target = None if target is None else (kernel(target, features) or (None,))[0]
        if place.direction == "step":
            return ToReal(kernel_target=to_target)
        far, spread = kernel(reference, features) or (None, None)
        frechet_target = None if target is None else frechet(target, features)
        return ToReal(frechet(reference, features), far, spread, frechet_target, to_target, frechet_diagonal(reference, features))

    def _row(self, name: str, place: Place, to_real: ToReal, per_image: PerImage) -> Row:
        attributes = self.labeller.space.attributes if self.labeller and per_image else ()
        found = intervals(per_image)
        means = {metric: each.mean for metric, each in found.items()}
        return Row(
            model=name, direction=place.direction, cycles=place.cycles, chain=place.link, samples=len(self.task),
            accuracy_by_attribute={attribute.name: means.get(f"accuracy {attribute.name}") for attribute in attributes},
            intervals={metric: (each.low, each.high) for metric, each in found.items()},
            **{metric: means.get(metric) for metric in MEANS}, **vars(to_real),
        )  # fmt: skip


def _appended(before: Tensor | None, more: Tensor | None) -> Tensor | None:
    return more if before is None or more is None else torch.cat([before, more])


def _with_labels(labels: Tensor, goal: Tensor) -> NDArray[np.int64] | None:
    """For each goal a row with that label, drawn at random; goals of no row are left out. None where these are half or more."""
    rows: dict[tuple[float, ...], list[int]] = {}
    for number, label in enumerate(labels.tolist()):
        rows.setdefault(tuple(label), []).append(number)
    wanted = [rows[key] for each in goal.tolist() if (key := tuple(each)) in rows]
    if 2 * len(wanted) <= len(goal):
        return None
    draws = torch.rand(len(wanted), generator=seeded("target labels")).tolist()
    return np.array([found[int(draw * len(found))] for found, draw in zip(wanted, draws, strict=True)])


def _bits(read: Tensor, goal: Tensor, space: Space) -> NDArray[np.float64]:
    """The share of right columns, a one-of attribute counted once for each choice (the multicyclic author's form)."""
    parts = zip(space.columns(read), space.columns(goal), strict=True)
    columns = [
        (values >= 0.5) == (wanted >= 0.5) if attribute.width > 1 else attribute.agrees(values, wanted)[:, None]
        for (attribute, values), (_, wanted) in parts
    ]
    return torch.cat(columns, 1).double().mean(1).numpy()


def _share(right: NDArray[np.bool_], which: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Each image's share of right ones among `which`; NaN where there is none."""
    total = which.sum(1)
    return np.where(total > 0, (right & which).sum(1) / np.maximum(total, 1), np.nan)


def _undefined(count: int) -> NDArray[np.float64]:
    return np.full(count, np.nan)
