"""Drawn persons with moods: the same for everyone, and a mood changes the mouth only."""

from __future__ import annotations

import numpy as np
import pytest

from viceversa.data.sets.toons import MOOD, SPLITS, moods_of, toons
from viceversa.errors import UsageError


def test_persons_and_their_moods() -> None:
    assert [*SPLITS.items()] == [("train", range(4000)), ("validation", range(4000, 4500)), ("test", range(4500, 5500))]
    shares = np.bincount(moods_of(SPLITS["train"]), minlength=3) / 4000
    assert (np.abs(shares - 1 / 3) < 0.03).all()  # four standard deviations


def test_persons_are_split_and_labeled(few: dict[str, range]) -> None:
    dataset = toons(32)
    for split, persons in few.items():
        images = dataset.splits[split]["toons"]
        assert images.labels is not None and images.labels.shape == (len(persons), 3) and len(images.pixels) == len(persons)
        assert images.labels.argmax(1).tolist() == moods_of(persons)
    train = dataset.splits["train"]["toons"]
    assert dataset.space.attributes == (MOOD,) and not (train.pixels[0] == train.pixels[1]).all()


@pytest.mark.usefixtures("few")
def test_the_true_edit_changes_the_mouth_alone() -> None:
    dataset = toons(32)
    images = dataset.splits["test"]["toons"]
    assert dataset.truth is not None and images.labels is not None
    numbers = np.arange(8)
    same = dataset.truth("test", "toons", numbers, "toons", images.labels[:8])
    assert (same == images.pixels[:8]).all()
    other = dataset.truth("test", "toons", numbers, "toons", images.labels[:8].roll(1, 1))
    moved = (other != same).any(3)
    assert moved.any((1, 2)).all() and moved.mean() < 0.05
    assert not moved[:, :20].any()  # eyes and hair
    with pytest.raises(UsageError, match="needs the target labels"):
        dataset.truth("test", "toons", numbers, "toons", None)


def test_sizes() -> None:
    with pytest.raises(UsageError, match="toons cannot be drawn at 8 px"):
        toons(8)
