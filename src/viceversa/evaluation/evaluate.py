"""The evaluation of a translator per number of cycles: measured image by image, then summed up in rows (docs/methods.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viceversa.data.dataset import Pixels
from viceversa.data.fitting import in_bits
from viceversa.domains import Space
from viceversa.evaluation.chains import DIRECTIONS, LINKS, Direction, Place, Translate, Trial, outputs
from viceversa.evaluation.distances import frechet, kernel
from viceversa.evaluation.features import Features, measure, reference_features
from viceversa.evaluation.labeller import Labeller
from viceversa.evaluation.report import Row
from viceversa.evaluation.similarity import l1, psnr, ssim

PerImage = dict[str, NDArray[np.float64]]
"""A metric's name -> its value for each image (N,), NaN where it is undefined."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What can be said of output images without asking how many cycles they have gone through.

    features (N, 1280); distances to the source and to the true edit, per image; read: the labels that they show (N, K).
    """

    features: Features
    distances: PerImage
    read: Tensor | None


@dataclass(frozen=True)
class ToReal:
    """Distances of a set of outputs to real images; None where undefined."""

    frechet: float | None
    kernel: float | None
    kernel_std: float | None


@dataclass(frozen=True, eq=False)
class Assessment:
    """A model's rows, and for each place what every image got: for intervals paired between models."""

    rows: list[Row] = field(default_factory=list)
    per_image: dict[Place, PerImage] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Judge:
    """What all models of a comparison are measured by: the same test images and chains, and an independent labeller."""

    task: Trial
    labeller: Labeller | None

    def assess(self, name: str, translate: Translate, cycles: int, advance: Callable[[int], None]) -> Assessment:
        """A model after k = 0..cycles. `advance` hears how many images were just measured."""
        parts: dict[Place, list[Seen]] = {}
        for rows, made in outputs(translate, self.task, cycles):
            for place, seen in zip(made, self._see(rows, made, advance), strict=True):
                parts.setdefault(place, []).append(seen)
        assessment = Assessment()
        for place, found in parts.items():
            seen = _joined(found)
            self._add(assessment, name, place, seen, self._to_real(place.direction, seen.features))
        return assessment

    def bounds(self, cycles: int, advance: Callable[[int], None]) -> list[Row]:
        """Rows of doing nothing (`floor`), and of the true edits for inv and the real images for rec (`ceiling`)."""
        nothing = {Place(direction, 0, "8bit"): self.task.sources for direction in DIRECTIONS}
        best = {Place("rec", 0, "8bit"): self.task.sources}
        if self.task.truth is not None:
            best[Place("inv", 0, "8bit")] = self.task.truth
        assessment = Assessment()
        for name, images in (("floor", nothing), ("ceiling", best)):
            seen = self._see(slice(0, len(self.task)), images, advance)
            for start, found in zip(images, seen, strict=True):
                to_real = self._to_real(start.direction, found.features)
                for link in LINKS:
                    for number in range(cycles + 1):
                        self._add(assessment, name, Place(start.direction, number, link), found, to_real)
        return assessment.rows

    def _see(self, rows: slice, made: Mapping[Place, Pixels], advance: Callable[[int], None]) -> list[Seen]:
        source = self.task.sources[rows]
        different = {id(pixels): pixels for pixels in made.values()}
        looks = dict(zip(different, measure(source, list(different.values()), advance), strict=True))
        read = {key: self.labeller.read(pixels) if self.labeller else None for key, pixels in different.items()}
        seen = []
        for place, pixels in made.items():
            look = looks[id(pixels)]
            truth = self.task.sources if place.direction == "rec" else self.task.truth
            alike = pixels.shape == source.shape
            distances = {
                "perceptual_to_source": look.perceptual.astype(np.float64),
                "l1_to_source": l1(pixels, source) if alike else _undefined(len(pixels)),
                "psnr_to_truth": _undefined(len(pixels)) if truth is None else psnr(pixels, truth[rows]),
                "ssim_to_truth": _undefined(len(pixels)) if truth is None else ssim(pixels, truth[rows]),
            }
            seen.append(Seen(look.features, distances, read[id(pixels)]))
        return seen

    def _add(self, assessment: Assessment, name: str, place: Place, seen: Seen, to_real: ToReal) -> None:
        per_image = dict(seen.distances) | self._accuracies(place, seen.read)
        assessment.per_image[place] = per_image
        assessment.rows.append(self._row(name, place, to_real, per_image))

    def _accuracies(self, place: Place, read: Tensor | None) -> PerImage:
        """Each image's share of right attributes; changed, kept: of those that the last translation had to change, or not."""
        if read is None or self.labeller is None:
            return {}
        space, count = self.labeller.space, len(read)
        goal, before = self._asked(place, space, count)
        right, changed = space.agrees(read, goal).numpy(), ~space.agrees(before, goal).numpy()
        each = {f"accuracy {attribute.name}": right[:, index] for index, attribute in enumerate(space.attributes)}
        return {name: values.astype(np.float64) for name, values in each.items()} | {
            "label_accuracy": right.mean(1),
            "label_accuracy_bits": _bits(read, goal, space),
            "changed_accuracy": _share(right, changed),
            "kept_accuracy": _share(right, ~changed),
        }

    def _asked(self, place: Place, space: Space, count: int) -> tuple[Tensor, Tensor]:
        """The label that the outputs should have, and the one asked for before their last translation."""
        goal, before = self.task.goal(place.direction), self.task.asked_before(place.cycles)
        if goal is not None and before is not None:
            return goal, before
        home, away = (torch.eye(2)[[list(space.images).index(name)] * count] for name in (self.task.home, self.task.away))
        return (away, home) if place.direction == "inv" else (home, away if place.cycles else home)

    def _to_real(self, direction: Direction, features: Features) -> ToReal:
        """How far the outputs are from the real test images of the space that they should be in."""
        real = self.task.dataset.splits["test"][self.task.away if direction == "inv" else self.task.home]
        reference = reference_features(in_bits(real.pixels[: len(self.task)], 8))
        return ToReal(frechet(reference, features), *(kernel(reference, features) or (None, None)))

    def _row(self, name: str, place: Place, to_real: ToReal, per_image: PerImage) -> Row:
        attributes = self.labeller.space.attributes if self.labeller else ()
        each = {attribute.name: _mean(per_image[f"accuracy {attribute.name}"]) for attribute in attributes}
        return Row(
            model=name, direction=place.direction, cycles=place.cycles, chain=place.link, samples=len(self.task),
            label_accuracy=_mean(per_image.get("label_accuracy")),
            label_accuracy_bits=_mean(per_image.get("label_accuracy_bits")),
            accuracy_by_attribute=each,
            changed_accuracy=_mean(per_image.get("changed_accuracy")),
            kept_accuracy=_mean(per_image.get("kept_accuracy")),
            frechet=to_real.frechet, kernel=to_real.kernel, kernel_std=to_real.kernel_std,
            perceptual_to_source=_mean(per_image["perceptual_to_source"]),
            l1_to_source=_mean(per_image["l1_to_source"]),
            psnr_to_truth=_mean(per_image["psnr_to_truth"]),
            ssim_to_truth=_mean(per_image["ssim_to_truth"]),
        )  # fmt: skip


def _joined(parts: Sequence[Seen]) -> Seen:
    """The batches' findings as one."""
    read = [part.read for part in parts if part.read is not None]
    return Seen(
        np.concatenate([part.features for part in parts]),
        {name: np.concatenate([part.distances[name] for part in parts]) for name in parts[0].distances},
        torch.cat(read) if read else None,
    )


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


def _mean(values: NDArray[np.float64] | None) -> float | None:
    """The mean over images where it is defined, or None."""
    if values is None or np.isnan(values).all():
        return None
    return float(np.nanmean(values))
