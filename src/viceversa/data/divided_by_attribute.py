"""Divide a labeled data set into two spaces by one of its attributes, for methods between two spaces.

`Male` and `Male=yes` give the spaces "not-Male" and "Male", in this order; `Male=no` gives the other order, for one-way methods.
One of several choices, `hair=blond`, gives "not-blond" and "blond"; an attribute with two choices has a space for each. Two
values, `hair=black,blond` or `tone=0,1`, give the spaces "black" and "blond" or "tone-0" and "tone-1"; images with other values
are left out. Every image stays in its split.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viceversa.core.space import Space
from viceversa.data.dataset import Dataset, Images, asked_through
from viceversa.data.files.sides import check_sides, sides

if TYPE_CHECKING:
    from viceversa.data.dataset import Asked


def divided(dataset: Dataset, asked: str) -> Dataset:
    """Return a data set in memory or in the cache, divided into two spaces and held in memory. Raises UsageError as
    `divided_table`.

    Its ground truth is that of the data set, if the attribute has a single value in each space.
    """
    space, home = dataset.space, dataset.space.only
    found = sides(space.attributes, asked, dataset.name)
    rows: dict[str, dict[str, NDArray[np.int64]]] = {}
    for split, spaces in dataset.splits.items():
        members = found.members(space, _labels(spaces[home]))
        check_sides(members, found, f"{dataset.name}, {split},")
        rows[split] = dict(zip(found.spaces, (np.flatnonzero(inside.numpy()) for inside in members), strict=True))
    splits = {
        split: {name: _only(dataset.splits[split][home], places) for name, places in parts.items()} for split, parts in rows.items()
    }

    def of_people(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Asked:
        people = rows[split][source][positions]
        value = found.attribute.parse(dict(zip(found.spaces, found.values, strict=True))[target])
        columns = space.columns(_labels(dataset.splits[split][home])[torch.from_numpy(people)])
        wanted = [
            torch.tensor(value).expand_as(values) if attribute == found.attribute else values for attribute, values in columns
        ]
        return split, home, people, home, torch.cat(wanted, 1)

    return replace(
        asked_through(dataset, of_people) if all(found.values) else replace(dataset, truth=None, known=None),
        name=f"{dataset.name}-{asked.replace('=', '-')}",
        space=Space(dict.fromkeys(found.spaces, space.images[home])),
        splits=splits,
    )


def _labels(images: Images) -> Tensor:
    assert images.labels is not None
    return images.labels


def _only(images: Images, places: NDArray[np.int64]) -> Images:
    return Images(images.pixels[places], None, tuple(images.ids[place] for place in places.tolist()))
