"""What every source of data brings: images of each space and split, their labels, and, where known, the true edits."""

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
    """The images of one space in one split: pixels (N, H, W, C) uint8, labels (N, K) float or None, one id each."""

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
    """A data set, opened.

    name: with its version, as in `avatars-32-v1`; results of two data sets compare only where the names are equal.
    splits: "train", "validation" and "test", each a mapping from a space's name to its images.
    truth: (split, source space, positions (N,) there, target space, target labels (N, K) or None) -> the true edits
        (N, H, W, C) uint8, where the source of the data knows them. known: for the same arguments, which of them are known, (N,);
        all, if it is None. The pixels of unknown ones are 0.
    genuine: whether the test pixels are, bit for bit, those that the version stands for.
    summary: what is in it and what was ignored, for a person to read before a training begins; empty where that is well known.
    size: height and width, in pixels, that images of files were resized to, or drawn at; None where the source has its own or 32.
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
    """The data set whose true edits are asked for in another way: `asked` makes the arguments of `dataset.truth` of those given."""
    truth, known = dataset.truth, dataset.known

    def edits(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        assert truth is not None
        return truth(*asked(split, source, positions, target, labels))

    def which(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> NDArray[np.bool_]:
        assert known is not None
        return known(*asked(split, source, positions, target, labels))

    return replace(dataset, truth=truth and edits, known=known and which)
