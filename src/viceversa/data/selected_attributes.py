"""Select some of a data set's attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viceversa.core.space import Space
from viceversa.data.dataset import Dataset, asked_through
from viceversa.errors import UsageError

if TYPE_CHECKING:
    from viceversa.data.dataset import Asked


def with_attributes(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """Return a data set of one space with only the named attributes, in this order. Its ground truth keeps the values of the
    others.

    Raises UsageError for a name that the data set does not have.
    """
    if not names:
        return dataset
    if not dataset.space.attributes:
        raise UsageError(f"{dataset.name} has no attributes: leave out `attributes` (you gave {' '.join(names)}).")
    space, home = dataset.space, dataset.space.only
    told = Space(
        space.images, tuple(each for name in dict.fromkeys(names) for each in space.attributes if space.attribute(name) == each)
    )
    splits = {
        split: {home: replace(images[home], labels=_told(images[home].labels, space, told))}
        for split, images in dataset.splits.items()
    }

    def whole_label(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Asked:
        whole = dataset.splits[split][source].labels
        assert whole is not None and labels is not None
        asked = {attribute.name: values.cpu() for attribute, values in told.columns(labels)}
        columns = [asked.get(attribute.name, values) for attribute, values in space.columns(whole[torch.from_numpy(positions)])]
        return split, source, positions, target, torch.cat(columns, 1)

    name = "-".join([dataset.name, *(each.name for each in told.attributes)])
    return replace(asked_through(dataset, whole_label), name=name, space=told, splits=splits)


def _told(labels: Tensor | None, space: Space, told: Space) -> Tensor:
    assert labels is not None
    return space.columns_of(labels, (attribute.name for attribute in told.attributes))
