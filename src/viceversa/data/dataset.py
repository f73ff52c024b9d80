"""The form of every data set: images of each space and split, their labels, and the ground truth of edits if it is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viceversa.images.pixels import Pixels

if TYPE_CHECKING:  # the processes that read images start without torch, six times sooner
    from torch import Tensor

    from viceversa.core.space import Space

    Asked = tuple[str, str, NDArray[np.int64], str, Tensor | None]


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Images of one space in one split.

    Args:
        pixels: (N, H, W, C) uint8 or uint16.
        labels: (N, K) float, or None.
        ids: one id per image.
    """

    pixels: Pixels
    labels: Tensor | None
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.pixels.shape[1:]))
        labels = "" if self.labels is None else f", labels of {self.labels.shape[1]}"
        return f"Images({len(self):,} of {shape} {self.pixels.dtype}{labels})"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """An opened data set.

    Args:
        name: name with its version, such as `avatars-32-v1`; results can only be compared between data sets of the same name.
        space: spaces and attributes.
        splits: "train", "validation" and "test", each a mapping from the name of a space to its images.
        truth: function that returns the ground truth of edits, (N, H, W, C) uint8, from (split, source space, positions (N,) in
            it, target space, target labels (N, K) or None); None if there is no ground truth.
        genuine: whether the test pixels are, bit for bit, those that the version stands for.
        summary: description of the contents and of what was ignored, to read before a training; empty for well-known data.
        size: height and width in pixels to which files were resized or at which images were drawn; None if the source has its own
            size or 32.
        known: function with the arguments of `truth` that returns which edits have ground truth, (N,); None if all have. Pixels of
            the others are 0.
    """

    name: str
    space: Space
    splits: Mapping[str, Mapping[str, Images]]
    truth: Callable[[str, str, NDArray[np.int64], str, Tensor | None], Pixels] | None = None
    genuine: bool = True
    summary: str = ""
    size: int | None = None
    known: Callable[[str, str, NDArray[np.int64], str, Tensor | None], NDArray[np.bool_]] | None = None

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {sum(map(len, spaces.values())):,}" for name, spaces in self.splits.items())
        return f"Dataset({self.name}, {self.space.in_words}; {counts or 'no images'})"


def asked_through(dataset: Dataset, asked: Callable[[str, str, NDArray[np.int64], str, Tensor | None], Asked]) -> Dataset:
    """Return the data set with another way to ask for ground truth: `asked` converts the given arguments to those of
    `dataset.truth`."""
    truth, known = dataset.truth, dataset.known

    def edits(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        assert truth is not None
        return truth(*asked(split, source, positions, target, labels))

    def which(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> NDArray[np.bool_]:
        assert known is not None
        return known(*asked(split, source, positions, target, labels))

    return replace(dataset, truth=truth and edits, known=known and which)
