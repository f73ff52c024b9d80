"""Measurement of a translator for each number of cycles: by image, then as rows of means (docs/methods.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viceversa.evaluation.first_outputs import FirstOutputs
from viceversa.images.pixels import Pixels
from viceversa.metrics.accuracies import PerImage, accuracies, success
from viceversa.metrics.bootstrap import intervals
from viceversa.metrics.chain_protocol import DIRECTIONS, LINKS, Candidate, Direction, Place, Trial, Way, outputs
from viceversa.metrics.clock import Clock
from viceversa.metrics.features import Advance, Extractor, Features, lite0
from viceversa.metrics.labeller import Labeller
from viceversa.metrics.measure import Accumulated, Looker
from viceversa.metrics.references import References, ToReal
from viceversa.metrics.rows import Row

MEANS = (
    "label_accuracy", "label_accuracy_bits", "changed_accuracy", "kept_accuracy", "perceptual_to_source", "l1_to_source",
    "psnr_to_truth", "ssim_to_truth", "l1_outside", "own_accuracy_bits", "success_rate",
)  # fmt: skip
"""Measures of which a row has the mean over images."""

_BATCH = 100


@dataclass(frozen=True, eq=False)
class Assessment:
    """Rows of a model, and the values of every image at each place, which are needed for intervals paired between models.

    measures: name -> measure of health of its first outputs (metrics/health.py).
    """

    rows: list[Row] = field(default_factory=list)
    per_image: dict[Place, PerImage] = field(default_factory=dict)
    measures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Judge:
    """Common basis of all models in a comparison: images, chains, networks and reference sets."""

    task: Trial
    labeller: Labeller | None
    way: Way
    extractor: Extractor = field(default_factory=lite0)
    clock: Clock = field(default_factory=Clock)

    @cached_property
    def references(self) -> References:
        return References(self.task, self.extractor)

    def assess(self, name: str, candidate: Candidate, advance: Advance) -> Assessment:
        """Measure a model at all places of the way. Memory holds one batch, and a few numbers per image."""
        assessment = Assessment()
        with TemporaryDirectory() as folder:
            seen: dict[Place, Accumulated] = {}
            looker, first = self._looker(folder), FirstOutputs(self.task)
            for rows, made in self.clock.each("translation", candidate.outputs(self.task, self.way)):
                looker.look(seen, rows, made, candidate.read, advance)
                first.add(rows, made)
            with self.clock.part("pixels"):
                large = candidate.full_size(self.task) if candidate.full_size else None
                assessment.measures.update(first.measures(large))
            to_real: dict[Path, ToReal] = {}
            for place, found in seen.items():
                if found.file not in to_real:
                    to_real[found.file] = self._to_real(place, found.features)
                self._add(assessment, name, place, found, to_real[found.file])
        return assessment

    def bounds(self, advance: Advance) -> list[Row]:
        """Return the rows of the bounds.

        `floor`: no translation (a probe still changes the images); `ceiling`: the ground truth, or the sources for rec; `real`: an
        equal number of other real images.
        """
        rows = self._bound("floor", self._nothing(), advance)
        for known, places in self._known():
            part = self if known.all() else replace(self, task=self.task.of(np.flatnonzero(known).tolist()))
            rows += part._bound("ceiling", part._best(places), advance)
        return rows + list(self._other_real(advance))

    def _bound(self, name: str, batches: Iterable[tuple[slice, dict[Place, Pixels]]], advance: Advance) -> list[Row]:
        """Return the rows of images that do not depend on the number of cycles."""
        bound = Assessment()
        with TemporaryDirectory() as folder:
            seen: dict[Place, Accumulated] = {}
            looker = self._looker(folder)
            for rows, made in batches:
                looker.look(seen, rows, made, None, advance)
            to_real = {place: self._to_real(place, found.features) for place, found in seen.items()}
            for place in self._places():
                start = place if place in seen else Place(place.direction, 0, "8bit")
                if start in seen and (start == place or place.link in LINKS):
                    self._add(bound, name, place, seen[start], to_real[start])
        return bound.rows

    def _looker(self, folder: str) -> Looker:
        return Looker(self.task, self.labeller, self.extractor, self.clock, Path(folder))

    def _places(self) -> Iterator[Place]:
        for direction in DIRECTIONS:
            yield from (Place(direction, number, link) for link in LINKS for number in range(self.way.cycles + 1))
        yield from (Place("rec", number, link) for link in self.way.probes for number in range(1, self.way.cycles + 1))
        yield from (Place("step", number, "8bit") for number in range(1, self.way.steps + 1))

    def _unmoved(self) -> list[Place]:
        """Return the places where outputs of no translation do not depend on the number of cycles."""
        return [Place("rec", 0, "8bit"), Place("inv", 0, "8bit"), *(at for at in self._places() if at.direction == "step")]

    def _nothing(self) -> Iterator[tuple[slice, dict[Place, Pixels]]]:
        """Yield the sources, changed only by the k links of a probe."""
        idle = Way(self.way.cycles if self.way.probes else 0, 0, self.way.probes)
        for rows, found in outputs(lambda image, source, target: image, self.task, idle):
            source = self.task.sources[rows]
            probed = {place: pixels for place, pixels in found.items() if place.link in idle.probes}
            yield rows, dict.fromkeys(self._unmoved(), source) | probed

    def _known(self) -> list[tuple[NDArray[np.bool_], list[Place]]]:
        """Return masks of the images with a known ground truth, each with its places. Places without any are left out."""
        found: dict[bytes, tuple[NDArray[np.bool_], list[Place]]] = {}
        with self.clock.part("true edits"):
            for place in self._unmoved():
                if (known := self.task.known(place)).any():
                    found.setdefault(known.tobytes(), (known, []))[1].append(place)
        return list(found.values())

    def _best(self, places: Sequence[Place]) -> Iterator[tuple[slice, dict[Place, Pixels]]]:
        """Yield the ground truth at these places, for images where it is known."""
        with self.clock.part("true edits"):
            truths = {place: truth for place in places if (truth := self.task.truth(place)) is not None}
        for start in range(0, len(self.task), _BATCH):
            rows = slice(start, min(start + _BATCH, len(self.task)))
            yield rows, {place: truth[rows] for place, truth in truths.items()}

    def _other_real(self, advance: Advance) -> Iterator[Row]:
        """Yield the distances of real images to an equal number of real training images: the distance that chance alone causes."""
        others_of = self.task.dataset.splits.get("train" if self.task.split != "train" else "test", {})
        spaces: tuple[tuple[Direction, str], ...] = (("inv", self.task.away), ("rec", self.task.home))
        for direction, space in spaces:
            if space in others_of and len(others_of[space]) >= len(self.task):
                with self.clock.part("features"):
                    features = self.references.others(others_of[space].pixels[: len(self.task)], advance)
                to_real = self._to_real(Place(direction, 0, "8bit"), features)
                for link in LINKS:
                    for number in range(self.way.cycles + 1):
                        yield self._row("real", Place(direction, number, link), to_real, {})

    def _to_real(self, place: Place, features: Features) -> ToReal:
        with self.clock.part("distances"):
            return self.references.distances(place, features)

    def _add(self, assessment: Assessment, name: str, place: Place, seen: Accumulated, to_real: ToReal) -> None:
        per_image = dict(seen.per_image)
        if seen.read is not None and self.labeller is not None:
            per_image |= accuracies(self.task, place, self.labeller.space, seen.read, seen.own)
            if place.direction == "step":
                per_image |= success(per_image, place, assessment.per_image)
        assessment.per_image[place] = per_image
        assessment.rows.append(self._row(name, place, to_real, per_image))

    def _row(self, name: str, place: Place, to_real: ToReal, per_image: PerImage) -> Row:
        attributes = self.labeller.space.attributes if self.labeller and per_image else ()
        with self.clock.part("intervals"):
            found = intervals(per_image)
        means = {metric: each.mean for metric, each in found.items()}
        measures: dict[str, Any] = {**{metric: means.get(metric) for metric in MEANS}, **vars(to_real)}
        known = int(np.isfinite(per_image.get("psnr_to_truth", np.empty(0))).sum())
        return Row(
            model=name,
            direction=place.direction,
            cycles=place.cycles,
            chain=place.link,
            samples=len(self.task),
            known=known if 0 < known < len(self.task) else None,
            accuracy_by_attribute={attribute.name: means.get(f"accuracy {attribute.name}") for attribute in attributes},
            intervals={metric: (each.low, each.high) for metric, each in found.items()},
            **measures,
        )
