"""Two persons in all expressions: who shows which, and the true edits."""

from __future__ import annotations

import numpy as np
import pytest

from viceversa.data.sets.face_off import EXPRESSIONS, face_off, render
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError


def test_expressions_of_training_are_shown_by_one_of_the_two() -> None:
    dataset = open_dataset("avatars:face-off", 32)
    ids = {split: {name: images.ids for name, images in spaces.items()} for split, spaces in dataset.splits.items()}
    assert dataset.name == "avatars-face-off-32-v1" and dataset.space.pair == ("amber", "jet")
    assert not set(ids["train"]["amber"]) & set(ids["train"]["jet"])
    assert all(ids[split]["amber"] == ids[split]["jet"] for split in ("validation", "test"))
    parts = [set(ids["train"]["amber"]) | set(ids["train"]["jet"]), *(set(ids[split]["jet"]) for split in ("validation", "test"))]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(EXPRESSIONS) == 1872
    assert [len(part) for part in parts] == [1494, 196, 182] and len(ids["train"]["jet"]) == 792


def test_the_true_edit_is_the_other_with_that_expression() -> None:
    dataset = face_off(32)
    assert dataset.truth is not None
    for split in ("train", "test"):
        faces = dataset.splits[split]["jet"]
        numbers = [int(name) for name in faces.ids[:3]]
        assert np.array_equal(faces.pixels[:3], render("jet", numbers, 32))
        assert np.array_equal(dataset.truth(split, "jet", np.arange(3), "amber", None), render("amber", numbers, 32))


def test_every_expression_looks_unlike_the_others() -> None:
    pixels = render("amber", range(0, len(EXPRESSIONS), 13), 64)
    assert len(np.unique(pixels.reshape(len(pixels), -1), axis=0)) == len(pixels)


def test_a_size_that_is_not_drawn() -> None:
    with pytest.raises(UsageError, match="faces cannot be drawn at 8 px"):
        face_off(8)
