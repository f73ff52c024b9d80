"""Test images of a model's data, if the package draws that data, with their ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from viceversa.core.domains import Domain, label_of
from viceversa.core.space import Wish
from viceversa.data.dataset import Dataset, Images
from viceversa.data.selected_attributes import with_attributes
from viceversa.data.sets.avatars import first_avatars
from viceversa.data.sources import is_built_in
from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.recipes import dataset_of
from viceversa.runs.record import Record

AVATARS = 60
"""Number of persons drawn as examples; drawing all would take half a minute."""
_KEPT = 4


@dataclass(frozen=True, eq=False)
class Examples:
    """Test images of one space of a data set."""

    dataset: Dataset
    space: str

    @property
    def images(self) -> Images:
        """The test images."""
        return self.dataset.splits["test"][self.space]

    def truths(self, model: Model, position: int, edits: Sequence[Wish]) -> list[Pixels | None]:
        """Return the ground truth of an image after each edit of a chain: (H, W, C), None where it is unknown.

        Args:
            model: the model, which defines the edits.
            position: position of the image.
            edits: the edits.

        Raises:
            UsageError: For an edit that the model does not know.
        """
        labels, row = self.images.labels, slice(position, position + 1)
        home = here = Domain(self.space, None if labels is None else labels[row])
        found = []
        for edit in edits:
            there = model.routing.target(here, edit)
            here = Domain(there.space, there.label)
            found.append(self._truth(position, home, here))
        return found

    def _truth(self, position: int, home: Domain, there: Domain) -> Pixels | None:
        """Return the ground truth of an image's edit from its own domain to another one."""
        unlabeled = there.label is None or home.label is None
        if there.space == home.space and (unlabeled or torch.equal(label_of(there), label_of(home))):
            return np.asarray(self.images.pixels[position])
        asked = ("test", home.space, np.array([position]), there.space, there.label)
        dataset = self.dataset
        if dataset.truth is None or (dataset.known is not None and not dataset.known(*asked).all()):
            return None
        return np.asarray(dataset.truth(*asked)[0])


def examples_of(model: Model) -> Examples | None:
    """Return the test images of a model; None if its data belongs to the user, or the package that draws it is missing."""
    if not is_built_in(model.record.recipe.data):
        return None
    try:
        return _drawn(model.record.model_dump_json())
    except UsageError:
        return None


@lru_cache(maxsize=_KEPT)
def _drawn(record: str) -> Examples:
    """Return the test images of a run. record: content of its recipe.json."""
    run = Record.model_validate_json(record)
    recipe, spec = run.recipe, next(iter(run.space.images.values()))
    if recipe.data == "avatars":
        dataset = with_attributes(first_avatars(AVATARS, spec.height), recipe.attributes)
    else:
        dataset = dataset_of(recipe, trained=run.space)
    return Examples(dataset, next(iter(run.space.images)))
