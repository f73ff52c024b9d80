"""Drawn persons with moods: the same for everyone, and a mood changes the mouth only."""

from __future__ import annotations

import numpy as np
import pytest

from viceversa.data.sets.toons import MOOD, moods_of, toons
from viceversa.errors import UsageError


def test_persons_are_split_and_labeled() -> None:
    dataset = toons(32)
    assert {split: len(spaces["toons"]) for split, spaces in dataset.splits.items()} == {
        "train": 4000, "validation": 500, "test": 1000,
    }  # fmt: skip
    train = dataset.splits["train"]["toons"]
    assert train.labels is not None and train.labels.shape == (4000, 3)
    shares = train.labels.mean(0)
    assert ((shares - 1 / 3).abs() < 0.03).all()  # four standard deviations
    assert moods_of(range(3)) == train.labels[:3].argmax(1).tolist()
    assert dataset.space.attributes == (MOOD,) and not (train.pixels[0] == train.pixels[1]).all()


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
