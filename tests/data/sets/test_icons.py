"""Icons in five weights: the same icon in each, none in two splits, and none that looks like another split's."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

import viceversa as vv
from experiments.icons.baselines import changed, depths, inked, morphology, nearest, recognized
from experiments.icons.parts import base, differing, families, overlap, parted
from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec
from viceversa.data.dataset import Dataset
from viceversa.data.sets.icons import PARTS, STROKE_WEIGHT, WEIGHT, WEIGHTS, listed, render
from viceversa.data.sources import absolute, open_dataset
from viceversa.errors import UsageError
from viceversa.evaluation.candidates.function import by_function
from viceversa.evaluation.candidates.named import candidate
from viceversa.images.normalizing import normalized
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import Place, Way, trial

SIZE = 32
COUNTS = {"first": 285, "second": 284, "validation": 61, "test": 122}
TRAIN = COUNTS["first"] + COUNTS["second"]


@pytest.fixture(scope="module")
def labeled() -> Iterator[Dataset]:
    yield open_dataset("icons", SIZE)


def in_all_weights(name: str, size: int = 64) -> Pixels:
    return render([name] * len(WEIGHTS), WEIGHTS, size)


def test_five_weights_of_an_icon() -> None:
    bell = in_all_weights("bell")
    assert bell.shape == (5, 64, 64, 1) and bell.dtype == np.uint8
    ink = 1 - bell.mean((1, 2, 3)) / 255
    assert (np.diff(ink) > 0.01).all() and 0.03 < ink[0] < ink[-1] < 0.4
    middle = bell[:, 30, 32, 0].tolist()
    assert middle == [255, 255, 255, 255, 0]  # only the filled bell is black inside


def test_nothing_is_clipped(labeled: Dataset) -> None:
    for spaces in labeled.splits.values():
        pixels = spaces["icons"].pixels
        border = np.stack([pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1]])
        assert border.min() > 200


def test_every_icon_has_every_weight(labeled: Dataset) -> None:
    assert labeled.name == "icons-32-v1" and labeled.space.attributes == (WEIGHT,) and labeled.size == SIZE
    assert labeled.space.images == {"icons": ImageSpec(1, SIZE, SIZE, background=1)}
    counts = {split: len(spaces["icons"]) for split, spaces in labeled.splits.items()}
    assert counts == {"train": 5 * TRAIN, "validation": 5 * COUNTS["validation"], "test": 5 * COUNTS["test"]}
    test = labeled.splits["test"]["icons"]
    names = listed()["test"]
    assert test.ids[:6] == (*(f"{names[0]}-{weight}" for weight in WEIGHTS), f"{names[1]}-thin")
    assert test.labels is not None and torch.equal(test.labels, torch.eye(5).repeat(len(names), 1))
    assert (test.pixels[:5] == in_all_weights(names[0], SIZE)).all()
    strokes = open_dataset("icons:strokes", SIZE)
    assert strokes.name == "icons-strokes-32-v1" and strokes.space.attributes == (STROKE_WEIGHT,)
    assert STROKE_WEIGHT.choices == ("thin", "light", "regular", "bold")
    kept = [row for row, each in enumerate(test.ids) if not each.endswith("-fill")]
    assert (strokes.splits["test"]["icons"].pixels == test.pixels[kept]).all()


@pytest.mark.parametrize("name", ["icons", "icons:strokes"])
def test_the_truth_is_the_same_icon_in_the_weight_asked_for(name: str) -> None:
    dataset = open_dataset(name, SIZE)
    assert dataset.truth is not None
    for split, spaces in dataset.splits.items():
        images = spaces["icons"]
        rows = np.array([13, 0, 27])
        for target, weight in enumerate(dataset.space.attributes[0].values):
            labels = torch.eye(len(dataset.space.attributes[0].values))[[target] * 3]
            wanted = [images.ids.index(f"{images.ids[row].rpartition('-')[0]}-{weight}") for row in rows]
            assert (dataset.truth(split, "icons", rows, "icons", labels) == images.pixels[wanted]).all()
    with pytest.raises(UsageError, match="needs the target labels"):
        dataset.truth("test", "icons", np.arange(1), "icons", None)


def test_two_weights_are_two_spaces_of_different_icons() -> None:
    apart, pairs = (
        open_dataset("icons:light,fill", SIZE, takes="spaces"),
        open_dataset("icons:light,fill:pairs", SIZE, takes="pairs"),
    )
    assert (apart.name, pairs.name) == ("icons-light-fill-32-v1", "icons-light-fill-pairs-32-v1")
    assert list(apart.space.images) == ["light", "fill"] and not apart.space.attributes and apart.space == pairs.space
    train, both = apart.splits["train"], pairs.splits["train"]
    assert not set(train["light"].ids) & set(train["fill"].ids)
    assert {space: len(images) for space, images in train.items()} == {"light": COUNTS["first"], "fill": COUNTS["second"]}
    assert both["light"].ids == both["fill"].ids == train["light"].ids + train["fill"].ids
    for split in ("validation", "test"):
        assert apart.splits[split]["light"].ids == apart.splits[split]["fill"].ids == pairs.splits[split]["fill"].ids
        assert (apart.splits[split]["light"].pixels == pairs.splits[split]["light"].pixels).all()
    rows = np.array([7, 3])
    for dataset in (apart, pairs):
        assert dataset.truth is not None
        for split, spaces in dataset.splits.items():
            for source, target in (("light", "fill"), ("fill", "light")):
                names = [spaces[source].ids[row] for row in rows]
                assert (dataset.truth(split, source, rows, target, None) == render(names, [target] * 2, SIZE)).all()
                assert (spaces[source].pixels[rows] == render(names, [source] * 2, SIZE)).all()
    with pytest.raises(UsageError, match=r"icons-light-fill-32-v1 has no pairs; .*icons:light,fill:pairs have pairs"):
        open_dataset("icons:light,fill", SIZE, takes="pairs")


def test_one_weight_and_all_others() -> None:
    divided = open_dataset("icons:weight=fill", SIZE, takes="spaces")
    assert {name: len(images) for name, images in divided.splits["test"].items()} == {"not-fill": 4 * 122, "fill": 122}


def test_what_is_left_out() -> None:
    names = [name for part in listed().values() for name in part]
    assert {part: len(found) for part, found in listed().items()} == COUNTS and len(set(names)) == len(names) == 752
    assert "bell" in names and "brain" not in names and "x" not in names
    assert differing(["bell", "brain", "x"]) == ["bell"]


def test_families_are_in_one_split() -> None:
    parts = listed()
    splits = {name: part if part in ("validation", "test") else "train" for part, names in parts.items() for name in names}
    names = sorted(splits)
    assert all(len({splits[name] for name in family}) == 1 for family in families(names, render(names, ["regular"] * 752, 64)))
    bases = {part: set(map(base, found)) for part, found in parts.items()}
    assert not any(bases[one] & bases[other] for one, other in combinations(PARTS, 2))


def test_what_makes_a_family() -> None:
    assert base("arrow-circle-up-left") == base("arrow-circle-down") == "arrow-circle" and base("users-three") == base("user-plus")
    assert base("number-circle-one") == "number-circle" and base("x") == "x"
    ring, arrows = (
        ["plus-circle", "number-circle-one"],
        ["arrow-u-up-left", "arrow-u-right-down"],
    )
    alike = overlap(render([*ring, *arrows], ["regular"] * 4, 64))
    assert alike[0, 1] > 0.9 and alike[2, 3] > 0.99 and alike[0, 2] < 0.5 and np.allclose(alike, alike.T)
    assert families([*ring, "bell"], render([*ring, "bell"], ["regular"] * 3, 64)) == [ring, ["bell"]]
    large, small = [f"large-{number}" for number in range(13)], [[f"small-{number}"] for number in range(87)]
    found = parted([large, *small])
    assert {part: len(found[part]) for part in ("validation", "test")} == {"validation": 8, "test": 16}
    assert set(large) <= {*found["first"], *found["second"]} and abs(len(found["first"]) - len(found["second"])) <= 1


def test_the_version_stands_for_these_pixels(labeled: Dataset) -> None:
    if (version("qtawesome"), version("pillow")) != ("1.4.2", "12.3.0"):
        pytest.skip("drawn by other versions")
    assert labeled.genuine and open_dataset("icons:light,fill", SIZE, takes="spaces").genuine


def test_icons_have_64_pixels_if_nobody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viceversa.data.sets.icons._drawn", lambda size: np.zeros((752, 5, size, size, 1), np.uint8))
    for name, called in (("icons", "icons-64-v1"), ("icons:thin,bold", "icons-thin-bold-64-v1")):
        opened = open_dataset(name, takes="labels" if name == "icons" else "spaces")
        assert (opened.name, opened.size, opened.genuine) == (called, 64, False)


def test_what_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (31, 129):
        with pytest.raises(UsageError, match=f"icons cannot be drawn at {size} px: choose a size from 32 to 128"):
            open_dataset("icons", size)
    for name in ("icons:light,heavy", "icons:light,light"):
        with pytest.raises(UsageError, match=r"unknown data set .*icons:A,B.* for two of thin light regular bold fill"):
            open_dataset(name, SIZE)
    assert absolute("icons:light,fill:pairs") == "icons:light,fill:pairs"
    with pytest.raises(UsageError, match=r"qtawesome \S+ lacks the icon 'none' in the weight 'bold'"):
        render(["none"], ["bold"], SIZE)

    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("viceversa.data.sets.icons.distribution", missing)
    with pytest.raises(UsageError, match=r"'icons' needs the package qtawesome: pip install 'viceversa\[icons\]'"):
        open_dataset("icons", SIZE)


def test_a_run_of_all_weights_is_measured_without_fill(tmp_path: Path) -> None:
    small = {"method.width": 4, "method.blocks": 1, "method.critic_width": 4, "training.labeller": False}
    vv.train("stargan", out=tmp_path / "run", data="icons", size=SIZE, steps=1, batch=2, settings=small, quiet=True)
    task = trial(open_dataset("icons:strokes", SIZE), 3)
    (made,) = [found for _, found in candidate(str(tmp_path / "run"), task.dataset, "last").outputs(task, Way(0))]
    model, absent = vv.load(tmp_path / "run", checkpoint="last"), torch.zeros(3, 1)
    assert task.labels is not None and task.inverted is not None
    here, there = (Domain("icons", torch.cat([label, absent], 1)) for label in (task.labels, task.inverted))
    assert (made[Place("inv", 0, "8bit")] == model.translate_pixels(task.sources, here, there)).all()
    with pytest.raises(UsageError, match="has other attributes or spaces"):
        candidate(str(tmp_path / "run"), open_dataset("icons:light,fill", SIZE, takes="spaces"), "last")


def test_morphology_and_the_nearest_icon_as_baselines(labeled: Dataset) -> None:
    test = labeled.splits["test"]["icons"].pixels[:50].reshape(10, 5, SIZE, SIZE, 1)
    light, bold = test[:, 1], test[:, 3]

    def error(made: Pixels, true: Pixels) -> float:
        return float(np.square(made.astype(float) - true).mean())

    assert recognized(depths(light), SIZE).tolist() == [1] * 10 and recognized(depths(bold), SIZE).tolist() == [3] * 10
    assert error(morphology(light, {"weight": ["bold"] * 10}), bold) < error(light, bold) / 4
    assert error(morphology(light, {"space": ["fill"] * 10}), test[:, 4]) < error(light, test[:, 4]) / 4
    assert (morphology(light, {"weight": ["light"] * 10}) == light).all()
    train = labeled.splits["train"]["icons"].pixels.reshape(-1, 5, SIZE, SIZE, 1)
    assert (nearest(train[4:6, 3], {"weight": ["bold", "bold"]}) == train[4:6, 3]).all()
    for dataset in (labeled, open_dataset("icons:light,fill", SIZE, takes="spaces")):
        space, label = ("icons", torch.eye(5)[[4] * 2]) if dataset is labeled else ("fill", None)
        made = by_function("experiments.icons.baselines:nearest", dataset.space)(
            normalized(torch.tensor(light[:2])), Domain(space), Domain(space, label)
        )
        assert made.shape == (2, 1, SIZE, SIZE)


def test_a_ring_is_filled_and_a_disc_becomes_a_ring() -> None:
    y, x = np.mgrid[:64, :64] - 31.5
    distance = np.hypot(x, y)
    ring, disc = (np.where(inside, 0, 255).astype(np.uint8)[None, ..., None] for inside in (abs(distance - 18) < 2, distance < 20))
    assert abs(depths(disc).max() - 20) < 1 and abs(depths(ring).max() - 2) < 0.5
    filled = inked(changed(depths(ring), 2, 4, 0, SIZE))
    assert np.abs(filled.astype(int) - disc).mean() < 4
    emptied = inked(changed(depths(disc), 4, 2, 0, SIZE))[0, ..., 0]  # strokes of the weight regular are 1.9 pixels wide at 32
    assert emptied[32, 32] == 255 and emptied[32, 32 + 19] < 64 and emptied[32, 32 + 16] == 255
    assert (inked(changed(depths(disc), 0, 3, -3, SIZE)) < 128).sum() == pytest.approx(np.pi * 17**2, rel=0.02)
