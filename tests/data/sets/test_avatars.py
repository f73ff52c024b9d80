"""The embedded avatars. The tests of the whole set use the product's own cache, so only a machine's first run renders."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from dicebear import Avatar

import processes
from viceversa.data.dataset import Dataset
from viceversa.data.sets import avatars as module
from viceversa.data.sets.avatars import SPLITS, avatars, avatars_glasses, avatars_glasses_pairs, labels_of, render
from viceversa.data.sets.drawing import style
from viceversa.errors import UsageError

_PEOPLE = list(range(9000, 9050))
_COLUMNS = {"glasses": 3, "beard": 4, "smile": 5}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return avatars(32)


@pytest.fixture(scope="module")
def sides() -> Dataset:
    return avatars_glasses(32)


def _edits() -> dict[str, np.ndarray]:
    """The people's labels with one attribute changed, by the least that it can change."""
    labels = labels_of(_PEOPLE)
    edits = {name: labels.copy() for name in ("hair", "tone", *_COLUMNS)}
    edits["hair"][:, :3] = np.roll(labels[:, :3], 1, 1)
    edits["tone"][:, 6] = np.where(labels[:, 6] > 0, labels[:, 6] - 0.25, 0.25)
    for name, column in _COLUMNS.items():
        edits[name][:, column] = 1 - labels[:, column]
    return edits


@pytest.mark.parametrize("attribute", ["hair", "glasses", "beard", "smile", "tone"])
def test_every_change_is_visible_at_32_pixels(attribute: str) -> None:
    source = render(_PEOPLE, labels_of(_PEOPLE), 32).astype(int)
    edited = render(_PEOPLE, _edits()[attribute], 32).astype(int)
    changed = (np.abs(edited - source).max(-1) >= 40).sum((1, 2))  # 40 of 255 levels in some channel
    least = {"hair": 40, "glasses": 40, "beard": 40, "tone": 40, "smile": 5}[attribute]  # a mouth is about 5 x 2 px
    assert changed.min() >= least


def test_an_edit_changes_nothing_elsewhere() -> None:
    source = render(_PEOPLE, labels_of(_PEOPLE), 64)
    edited = {name: render(_PEOPLE, labels, 64) for name, labels in _edits().items()}
    for pixels in edited.values():
        assert (pixels[:, 0, 0] == source[:, 0, 0]).all(), "the background's corner"
    assert (edited["glasses"][:, 40:] == source[:, 40:]).all(), "all below the glasses"
    assert (edited["glasses"][:, :16] == source[:, :16]).all(), "all above the glasses"
    assert (edited["smile"][:, :34] == source[:, :34]).all(), "all above the mouth"
    assert (edited["beard"][:, :16] == source[:, :16]).all(), "the hair of the head"
    assert (render(_PEOPLE, labels_of(_PEOPLE), 64) == source).all()


def test_no_option_follows_the_seed() -> None:
    for person in _PEOPLE[:10]:
        options = module.options_of(person, np.array([0, 1, 0, 1, 1, 1, 0.5], np.float32))
        picked = [Avatar(style("avataaars"), {**options, "seed": seed}).to_json()["options"] for seed in ("", "Ann", "Bob")]
        assert picked[0] == picked[1] == picked[2]


def test_rendering_is_the_same_in_another_process() -> None:
    script = (
        "import hashlib\nfrom viceversa.data.sets.avatars import labels_of, render\n"
        "print(hashlib.sha256(render(range(5), labels_of(range(5)), 32).tobytes()).hexdigest())"
    )
    assert processes.run(script).stdout.strip() == hashlib.sha256(render(range(5), labels_of(range(5)), 32).tobytes()).hexdigest()


def test_labels_are_uniform_and_independent() -> None:
    labels = labels_of(range(11000))
    deviation = 1 / np.sqrt(11000)  # an upper bound of every mean's and correlation's standard deviation
    assert np.allclose(labels.mean(0), [1 / 3, 1 / 3, 1 / 3, 0.5, 0.5, 0.5, 0.5], atol=4 * deviation)
    assert (labels[:, :3].sum(1) == 1).all()
    assert set(labels[:, 6].tolist()) == {0, 0.25, 0.5, 0.75, 1}
    correlation = np.corrcoef(labels.T)
    correlation[:3, :3] = 0  # one of three: not independent of each other
    assert np.abs(correlation - np.diag(np.diag(correlation))).max() < 4 * deviation


def test_the_label_of_a_person_never_changes() -> None:
    assert labels_of([0, 9000]).tolist() == [[0, 0, 1, 0, 1, 1, 0.75], [0, 0, 1, 1, 1, 0, 1]]


def test_a_tone_between_steps_lies_between_their_colors() -> None:
    assert module._skin(0) == "fbe0cf" and module._skin(1) == "684638"
    assert module._skin(0.125) == f"{240:02x}{204:02x}{178:02x}"  # the mean of the first two colors, halves to even


def test_the_data_set(dataset: Dataset) -> None:
    assert dataset.name == "avatars-32-v1" and dataset.genuine
    assert dataset.space.label_width == 7 and dataset.space.only == "avatars"
    counts = {split: len(spaces["avatars"]) for split, spaces in dataset.splits.items()}
    assert counts == {"train": 8000, "validation": 1000, "test": 2000}
    ids = [set(spaces["avatars"].ids) for spaces in dataset.splits.values()]
    assert len(set.union(*ids)) == 11000
    test = dataset.splits["test"]["avatars"]
    assert isinstance(test.pixels, np.memmap) and not test.pixels.flags.writeable
    assert (test.pixels[7] == render([9007], labels_of([9007]), 32)[0]).all()
    assert test.labels is not None and test.labels.dtype == torch.float32


def test_the_truth(dataset: Dataset) -> None:
    assert dataset.truth is not None
    test, positions = dataset.splits["test"]["avatars"], np.array([3, 1999])
    assert test.labels is not None
    labels = test.labels[torch.from_numpy(positions)]
    assert (dataset.truth("test", "avatars", positions, "avatars", labels) == test.pixels[positions]).all()
    edited = dataset.truth("test", "avatars", positions, "avatars", dataset.space.edited(labels, "glasses=yes,tone=0.5"))
    assert edited.shape == (2, 32, 32, 3) and (edited != test.pixels[positions]).any()
    with pytest.raises(UsageError, match="needs the target labels"):
        dataset.truth("test", "avatars", positions, "avatars", None)


def test_two_sides(sides: Dataset, dataset: Dataset) -> None:
    assert sides.genuine and sides.space.pair == ("plain", "glasses") and sides.space.attributes == ()
    for split, spaces in sides.splits.items():
        assert set(spaces["plain"].ids) | set(spaces["glasses"].ids) == set(dataset.splits[split]["avatars"].ids)
        assert not set(spaces["plain"].ids) & set(spaces["glasses"].ids)
    assert sides.truth is not None
    test, positions = sides.splits["test"], np.array([0, 5])
    assert (sides.truth("test", "plain", positions, "plain", None) == test["plain"].pixels[positions]).all()
    person = int(test["glasses"].ids[5])
    label = labels_of([person])
    label[:, 3] = 0
    assert (sides.truth("test", "glasses", positions, "plain", None)[1] == render([person], label, 32)[0]).all()


def test_other_pixels_are_not_genuine(dataset: Dataset) -> None:
    pixels = np.array(dataset.splits["test"]["avatars"].pixels)
    everyone = np.concatenate([np.zeros((SPLITS["test"].start, 32, 32, 3), np.uint8), pixels])
    assert module._genuine(everyone, 32)
    assert not module._genuine(everyone, 48), "no hash is packaged for this size"
    everyone[-1, 0, 0, 0] ^= 1
    assert not module._genuine(everyone, 32)


@pytest.mark.parametrize("size", [0, 8, 1024])
def test_a_size_that_is_not_drawn(size: int) -> None:
    with pytest.raises(UsageError, match="from 16 to 512"):
        avatars(size)


def test_pairs_are_every_person_without_and_with_glasses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "SPLITS", {"train": range(4), "validation": range(4, 6), "test": range(6, 9)})
    pairs = avatars_glasses_pairs(16)
    for split, persons in module.SPLITS.items():
        labels = labels_of(persons)
        for glasses, name in enumerate(("plain", "glasses")):
            labels[:, 3] = glasses
            images = pairs.splits[split][name]
            assert images.ids == tuple(f"{person:05d}" for person in persons)
            assert (images.pixels == render(persons, labels, 16)).all()
            assert pairs.truth is not None
            other = "glasses" if name == "plain" else "plain"
            assert (pairs.truth(split, other, np.array([1, 0]), name, None) == images.pixels[[1, 0]]).all()
