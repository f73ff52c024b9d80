"""Measurement of outputs in batches: features, predicted labels, and distances to sources and ground truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viceversa.images.pixels import Pixels
from viceversa.metrics.accuracies import PerImage
from viceversa.metrics.chain_protocol import Place, Trial
from viceversa.metrics.clock import Clock
from viceversa.metrics.features import Advance, Extractor, Features, Measurement, by_batch
from viceversa.metrics.labeller import Labeller
from viceversa.metrics.similarity import l1, l1_where, psnr, ssim

TO_TRUTH = ("l1_outside", "psnr_to_truth", "ssim_to_truth")
"""Distances that need the ground truth."""

Read = Callable[[Pixels], Tensor]
"""A function that predicts labels: images (n, H, W, C) -> (n, K)."""


@dataclass(frozen=True, eq=False)
class Findings:
    """Measurements of some images: distances by name, and labels predicted by the labeller and by the model's own network."""

    measured: Measurement
    distances: PerImage
    read: Tensor | None
    own: Tensor | None


@dataclass(eq=False)
class Accumulated:
    """Measurements of the outputs at one place. Features are in a file; the rest are a few numbers per image in memory.

    Args:
        per_image: distances by name.
        read, own: labels (N, K) predicted by the labeller, and by the model's own discriminator.
    """

    file: Path
    per_image: PerImage = field(default_factory=dict)
    read: Tensor | None = None
    own: Tensor | None = None

    @property
    def features(self) -> Features:
        """Features (N, width), memory-mapped."""
        features: Features = np.load(self.file, mmap_mode="r")
        return features

    def add(self, rows: slice, look: Findings, count: int) -> None:
        """Add the measurements of some rows of `count`."""
        if not self.file.exists():
            np.lib.format.open_memmap(self.file, "w+", np.float32, (count, look.measured.features.shape[1]))
        np.load(self.file, mmap_mode="r+")[rows] = look.measured.features
        for name, values in look.distances.items():
            self.per_image.setdefault(name, np.full(count, np.nan))[rows] = values
        self.read, self.own = _appended(self.read, look.read), _appended(self.own, look.own)


@dataclass(frozen=True, eq=False)
class OutputBatch:
    """Some rows of a trial's outputs: for each place the images, the ground truth if there is any, and for which images."""

    rows: slice
    made: Mapping[Place, Pixels]
    truths: Mapping[Place, Pixels | None]
    known: Mapping[Place, NDArray[np.bool_]]
    own: Read | None
    threads: int


@dataclass(frozen=True, eq=False)
class Looker:
    """Networks that measure outputs, and the folder of the features."""

    task: Trial
    labeller: Labeller | None
    extractor: Extractor
    clock: Clock
    folder: Path

    def look(
        self, seen: dict[Place, Accumulated], rows: slice, made: Mapping[Place, Pixels], own: Read | None, advance: Advance
    ) -> None:
        """Measure a batch and add the results. An array that several places share, with the same ground truth, is measured once."""
        first: dict[tuple[int, str, int], Place] = {}
        for place, pixels in made.items():
            alike = first.setdefault((id(pixels), place.direction, place.cycles if place.direction == "step" else 0), place)
            if place not in seen:
                seen[place] = seen[alike] if alike != place else Accumulated(self.folder / f"{len(seen)}.npy")
        with self.clock.part("true edits"):
            truths = {place: None if (truth := self.task.truth(place)) is None else truth[rows] for place in first.values()}
        known = {place: self.task.known(place)[rows] for place in truths}
        batch = OutputBatch(rows, {place: made[place] for place in truths}, truths, known, own, torch.get_num_threads())
        for part, looks in by_batch(partial(self._look, batch), rows.stop - rows.start):
            for place, look in looks.items():
                seen[place].add(slice(rows.start + part.start, rows.start + part.stop), look, len(self.task))
            advance(len({id(made[place]) for place in looks}) * (part.stop - part.start))

    def _look(self, batch: OutputBatch, part: slice) -> dict[Place, Findings]:
        """Measure some rows of a batch. It runs in several threads at once."""
        source = self.task.sources[batch.rows][part]
        different = {id(pixels): pixels[part] for pixels in batch.made.values()}
        with self.clock.part("features", batch.threads):
            measured = dict(zip(different, self.extractor.compared(source, list(different.values())), strict=True))
        with self.clock.part("labels", batch.threads):
            read = {key: self.labeller.read(pixels) if self.labeller else None for key, pixels in different.items()}
            own = {key: batch.own(pixels) if batch.own else None for key, pixels in different.items()}
        with self.clock.part("pixels", batch.threads):
            found = {}
            for place, pixels in batch.made.items():
                key, truth = id(pixels), batch.truths[place]
                distances = {"perceptual_to_source": measured[key].perceptual.astype(np.float64)}
                distances |= _distances(source, place, different[key], None if truth is None else truth[part])
                distances |= {name: np.where(batch.known[place][part], distances[name], np.nan) for name in TO_TRUTH}
                found[place] = Findings(measured[key], distances, read[key], own[key])
        return found


def _distances(source: Pixels, place: Place, pixels: Pixels, truth: Pixels | None) -> PerImage:
    """Return the pixel distances of images to their sources and ground truth."""
    nothing = np.full(len(pixels), np.nan)
    alike = pixels.shape == source.shape
    true = truth if truth is not None and truth.shape == pixels.shape else None  # outputs of no translation may differ in channels
    outside = None if true is None or not alike or place.direction == "rec" else (np.asarray(true) == source).all(3)
    return {
        "l1_to_source": l1(pixels, source) if alike else nothing,
        "l1_outside": nothing if outside is None else l1_where(pixels, source, outside),
        "psnr_to_truth": nothing if true is None else psnr(pixels, true),
        "ssim_to_truth": nothing if true is None else ssim(pixels, true),
    }


def _appended(before: Tensor | None, more: Tensor | None) -> Tensor | None:
    return more if before is None or more is None else torch.cat([before, more])
