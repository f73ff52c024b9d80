"""Pairs of images in two spaces, such as a photo and its segmentation: matched by name, in one order, and kept together.

The images of a pair have the same name: their path below the common folder of their space, without the suffix. So `A/1.jpg`
belongs to `B/1.png`, and `trainA/x/1.png` to `trainB/x/1.png`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viceversa.core.names import composed
from viceversa.data.dataset import Dataset, Images
from viceversa.errors import UsageError, quoted
from viceversa.images.decoding import recolored
from viceversa.images.fitting import in_bits
from viceversa.images.pixels import Pixels
from viceversa.progress import say

if TYPE_CHECKING:  # the processes that read images start without torch
    from torch import Tensor

PairNames = Mapping[str, Mapping[str, str]]
"""space -> file -> name of the pair; both spaces in the same order."""

_LOOKED_AT = 100
"""Number of images that are examined to find which of two spaces has color."""


def aligned(spaces: Mapping[str, Sequence[str]]) -> PairNames:
    """Return the files of two spaces with the names of their pairs, sorted by name. Raises UsageError if a file has no partner."""
    if len(spaces) != 2:
        raise UsageError(
            f"pairs need two spaces, but the data has {len(spaces)}{': ' * bool(spaces)}{', '.join(map(quoted, spaces))}. Give two "
            "folders with equal image names, or files that each hold both images side by side."
        )
    (first, ones), (second, others) = ((space, _by_name(space, files)) for space, files in spaces.items())
    for here, mine, there, theirs in ((first, ones, second, others), (second, others, first, ones)):
        alone = sorted(mine.keys() - theirs.keys())
        if alone:
            raise UsageError(
                f"{len(alone)} of {len(mine)} images of {quoted(here)}, such as {quoted(mine[alone[0]])}, have no image of the "
                f"same name in {quoted(there)}. Give both images of a pair the same name, and remove images without a partner."
            )
    return {space: {files[pair]: pair for pair in sorted(files)} for space, files in ((first, ones), (second, others))}


def paired(dataset: Dataset, names: Mapping[str, PairNames]) -> Dataset:
    """Return the data set with the names of its pairs as ids, without images whose partner could not be read.

    The ground truth of an image is its partner. If images are left out, the others are held in memory. names: names of the pairs
    by split.
    """
    splits: dict[str, dict[str, Images]] = {}
    lost = 0
    for split, spaces in dataset.splits.items():
        called = {space: [names[split][space][file] for file in images.ids] for space, images in spaces.items()}
        both = set.intersection(*map(set, called.values()))
        lost += sum(len(pairs) - len(both) for pairs in called.values())
        if not both:
            raise UsageError(f"{dataset.name} has no {split} pairs left: repair the images that cannot be read.")
        splits[split] = {space: _only(images, called[space], both) for space, images in spaces.items()}
    if lost:
        say(f"viceversa: skipped the partners of unreadable images: {lost}.")

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        return in_bits(splits[split][target].pixels[positions], 8)

    return replace(dataset, name=f"{dataset.name}-pairs" if lost else dataset.name, splits=splits, truth=truth)


def as_sketches(dataset: Dataset) -> Dataset:
    """Return pairs of a gray and a colored drawing as the spaces "lines" (8-bit gray) and "colors" (8-bit RGB) on white paper.

    These are the spaces of the built-in `sketches`, so models trained on those can be measured on this data. The colored image of
    a pair is found by its color: the mean difference between the largest and the smallest channel of the test images. The images
    are held in memory. Raises UsageError unless exactly one of the two has color.
    """
    from viceversa.core.space import ImageSpec, Space

    colored = {space: _colorfulness(images) for space, images in dataset.splits["test"].items()}
    lines, colors = sorted(colored, key=lambda space: colored[space])
    if colored[colors] < max(1, 2 * colored[lines]):
        told = " and ".join(f"{quoted(space)} {levels:.1f}" for space, levels in colored.items())
        raise UsageError(
            f"{dataset.name} has no pairs of a gray and a colored image (their color: {told} of 255 levels): leave out ':sketches'."
        )
    splits = {
        split: {
            "lines": replace(spaces[lines], pixels=recolored(in_bits(spaces[lines].pixels, 8), 1)),
            "colors": replace(spaces[colors], pixels=in_bits(spaces[colors].pixels, 8)),
        }
        for split, spaces in dataset.splits.items()
    }

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        return splits[split][target].pixels[positions]

    height, width = dataset.space.images[lines].shape[1:]
    space = Space({name: ImageSpec(channels, height, width, 1) for name, channels in (("lines", 1), ("colors", 3))})
    return replace(dataset, name=f"{dataset.name}-sketches", space=space, splits=splits, truth=truth)


def _colorfulness(images: Images) -> float:
    """Return the mean difference between the largest and the smallest channel of the first images, 0 to 255."""
    pixels = in_bits(images.pixels[:_LOOKED_AT], 8)
    return float(np.ptp(pixels, axis=-1).mean())


def _by_name(space: str, files: Sequence[str]) -> dict[str, str]:
    """Return the files of a space by the names of their pairs."""
    common = os.path.commonpath([os.path.dirname(file) for file in files]) if files else ""  # noqa: PTH120  (of 100,000 files)
    found: dict[str, str] = {}
    for file in files:
        name = composed(str(PurePosixPath(file).relative_to(common).with_suffix("")))
        if found.setdefault(name, file) != file:
            raise UsageError(
                f"{quoted(found[name])} and {quoted(file)} of {quoted(space)} have the same name, {quoted(name)}, but there is "
                "only one partner: rename or remove one."
            )
    return found


def _only(images: Images, names: Sequence[str], both: set[str]) -> Images:
    """Return the images of these pairs; still memory-mapped if all images are kept."""
    rows = [row for row, name in enumerate(names) if name in both]
    pixels = images.pixels if len(rows) == len(names) else images.pixels[rows]
    return Images(pixels, None, tuple(names[row] for row in rows))
