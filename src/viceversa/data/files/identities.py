"""Ground truth from a table's column `identity`: images of the same thing with several labels, or in two spaces.

The ground truth of an edit is the image of the same scene in the same split that has the target label, or is in the target space.
A scene is the identity together with everything in the table that the edit does not change. If there is no such image, or more
than one, the ground truth is unknown. The ground truth of an edit to an image's own label is the image itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from viceversa.core.draws import seeded
from viceversa.core.space import Space
from viceversa.data.cache.packing import digest
from viceversa.data.dataset import Dataset, Images
from viceversa.images.fitting import in_bits
from viceversa.images.pixels import Pixels

Scene = tuple[str, ...]
"""The identity, and the other values that an image shares with its ground truth."""
Label = tuple[int, ...]

_SCALE = 65_536
"""Labels are compared as multiples of 1 / 65,536, because the opposite 1 - v of a grade v may differ from the table's in its last
bits."""


@dataclass(frozen=True, eq=False)
class _Shown:
    """Scene and label of each image of one space in one split."""

    scenes: Sequence[Scene]
    labels: Sequence[Label]

    @cached_property
    def counts(self) -> Counter[tuple[Scene, Label]]:
        """Number of images for each scene and label."""
        return Counter(zip(self.scenes, self.labels, strict=True))

    @cached_property
    def rows(self) -> Mapping[tuple[Scene, Label], int]:
        """Row of each image whose scene and label no other image has."""
        return {shown: row for row, shown in enumerate(zip(self.scenes, self.labels, strict=True)) if self.counts[shown] == 1}


def with_truth(dataset: Dataset, scene_of: Mapping[str, Scene]) -> Dataset:
    """Return the data set with ground truth, and a line about it in its summary.

    Its name also depends on the scenes, because results do.

    Args:
        dataset: images of files, with the file names as ids.
        scene_of: scene of each file.
    """
    shown = {
        split: {
            space: _Shown([scene_of[file] for file in images.ids], _rounded(images.labels, len(images)))
            for space, images in spaces.items()
        }
        for split, spaces in dataset.splits.items()
    }

    def rows(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> NDArray[np.int64]:
        """Return the rows of the ground truth among the images of the target space, -1 if it is unknown: (N,)."""
        here, there = shown[split][source], shown[split][target]
        found = [
            row if source == target and here.labels[row] == label else there.rows.get((here.scenes[row], label), -1)
            for row, label in zip(positions.tolist(), _rounded(labels, len(positions)), strict=True)
        ]
        return np.array(found, np.int64)

    def known(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> NDArray[np.bool_]:
        return rows(split, source, positions, target, labels) >= 0

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        found = rows(split, source, positions, target, labels)
        pixels = in_bits(dataset.splits[split][target].pixels[found.clip(0)], 8)
        pixels[found < 0] = 0
        return pixels

    name = f"{dataset.name}-{digest([[each.scenes for each in spaces.values()] for spaces in shown.values()])[:8]}"
    told = _counted([each for spaces in shown.values() for each in spaces.values()])
    if not any(_differ(spaces) for spaces in shown.values()):
        told += "no ground truth, because no two images of an identity differ only in what is translated"
        return replace(dataset, name=name, summary=f"{dataset.summary}\n{told}")
    first, *_, last = [*dataset.space.images] * 2
    sources = dataset.splits["test"][first]
    share = known("test", first, np.arange(len(sources)), last, _opposite(dataset.space, sources)).mean()
    goal = "with the opposite label" if first == last else f"of {first!r} in {last!r}"
    told += f"ground truth for {int(100 * share)} % of the test images, {goal}"
    return replace(dataset, name=name, summary=f"{dataset.summary}\n{told}", truth=truth, known=known)


def _differ(spaces: Mapping[str, _Shown]) -> bool:
    """Return whether a scene of the split is shown with two labels, or in two spaces."""
    ways: dict[Scene, set[tuple[str, Label]]] = defaultdict(set)
    for space, shown in spaces.items():
        for scene, label in shown.counts:
            ways[scene].add((space, label))
    return any(len(each) > 1 for each in ways.values())


def _counted(parts: Sequence[_Shown]) -> str:
    """Return the start of the summary's line: numbers of identities and images, and how many images are not unique."""
    identities = {scene[0] for shown in parts for scene in shown.scenes}
    repeated = sum(len(shown.scenes) - len(shown.rows) for shown in parts)
    alike = f" ({repeated} are no ground truth: another image has the same identity and labels)" if repeated else ""
    return f"identity: {len(identities)} identities, {sum(len(shown.scenes) for shown in parts)} images{alike}; "


def _opposite(space: Space, images: Images) -> Tensor | None:
    """Return the opposite labels of images; None for images without labels."""
    return None if images.labels is None else space.invert(images.labels, seeded("identity"))


def _rounded(labels: Tensor | None, count: int) -> list[Label]:
    """Return each image's label (N, K) in a form in which equal labels are equal; empty if there are no labels."""
    return [()] * count if labels is None else [tuple(row) for row in (labels.cpu() * _SCALE).round().int().tolist()]
