"""Outlines of drawn persons: lines where colors meet, and the pairs of `avatars:outlines`."""

from __future__ import annotations

import numpy as np
import pytest

from viceversa.core.space import ImageSpec
from viceversa.data.sets import avatars
from viceversa.data.sets.avatars import labels_of, render
from viceversa.data.sets.outlines import outlined
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError

pytestmark = pytest.mark.usefixtures("few")


def test_a_line_is_where_two_colors_meet() -> None:
    """Of a drawing twice as large: two columns or rows of it are line, in one pixel, or half of each of two; 11 is no change."""
    drawing = np.full((8, 8, 3), 100, np.uint8)
    drawing[:, 3:, 1] = 112
    assert outlined(drawing, 4)[..., 0].tolist() == [[255, 0, 255, 255]] * 4
    drawing[:, 3, 1] = 100
    assert outlined(drawing, 4)[..., 0].tolist() == [[255, 102, 102, 255]] * 4  # 255 (1 - 1.2 / 2)
    drawing[:, 4:, 1] = 111
    assert (outlined(drawing, 4) == 255).all()
    drawing[:] = 100
    drawing[2:4] = 0  # lines above and below: rows 1 to 4
    assert outlined(drawing, 4)[:, 0, 0].tolist() == [102, 0, 102, 255]


def test_pairs_of_outlines_and_persons() -> None:
    dataset, faces = open_dataset("avatars:outlines", 32, takes="pairs"), open_dataset("avatars", 32)
    assert dataset.name == "avatars-outlines-32-v1"
    assert dataset.space.images == {"outlines": ImageSpec(1, 32, 32, background=1), "avatars": ImageSpec(3, 32, 32)}
    assert dataset.truth is not None
    numbers = np.array([5, 3])
    for split, spaces in dataset.splits.items():
        persons = faces.splits[split]["avatars"]
        assert spaces["outlines"].ids == spaces["avatars"].ids == persons.ids
        assert (spaces["avatars"].pixels[:9] == persons.pixels[:9]).all()
        assert (dataset.truth(split, "outlines", numbers, "avatars", None) == persons.pixels[numbers]).all()
        assert (dataset.truth(split, "avatars", numbers, "outlines", None) == spaces["outlines"].pixels[numbers]).all()
        drawn = render([int(persons.ids[7])], labels_of([int(persons.ids[7])]), 128)[0]
        assert (spaces["outlines"].pixels[7] == outlined(drawn, 32)).all()
    lines = dataset.splits["test"]["outlines"].pixels
    assert 0.5 < (lines == 255).mean() < 0.9 and 0.02 < (lines < 64).mean() < 0.3  # white ground, dark lines
    assert ((lines < 64).mean((1, 2, 3)) > 0.01).all()
    assert open_dataset("avatars:outlines", 32, takes="spaces").name == dataset.name


@pytest.mark.parametrize("genuine", [True, False])
def test_pairs_are_as_genuine_as_the_persons(genuine: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(avatars, "_genuine", lambda pixels, size: genuine)
    assert open_dataset("avatars:outlines", 16).genuine == genuine


def test_what_is_none_of_pairs() -> None:
    for name in ("toons", "avatars:glasses"):
        with pytest.raises(UsageError, match="has no pairs; avatars:outlines, sketches:pairs and icons:light,fill:pairs have"):
            open_dataset(name, 32, takes="pairs")


def test_sizes() -> None:
    with pytest.raises(UsageError, match="avatars cannot be drawn at 8 px"):
        open_dataset("avatars:outlines", 8)
