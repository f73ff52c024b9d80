"""Folders of images as data sets: domains as labels or as spaces, splits, and what is no data set."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.data.dataset import Dataset
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))


def paint(folder: Path, count: int, color: tuple[int, int, int] | int, suffix: str = ".png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new("RGB" if isinstance(color, tuple) else "L", (20, 16), color).save(folder / f"{number:03d}{suffix}")


def counts(dataset: Dataset) -> dict[str, dict[str, int]]:
    return {split: {space: len(images) for space, images in spaces.items()} for split, spaces in dataset.splits.items()}


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    paint(tmp_path / "pets" / "cat", 20, (200, 0, 0))
    paint(tmp_path / "pets" / "dog" / "young", 10, (0, 200, 0), ".jpg")
    paint(tmp_path / "pets" / "dog" / "old", 20, (0, 200, 0), ".webp")
    paint(tmp_path / "pets" / ".hidden", 3, (9, 9, 9))
    (tmp_path / "pets" / "cat" / "notes.txt").write_text("mine")
    return tmp_path / "pets"


def test_a_folder_a_domain_as_labels(pets: Path) -> None:
    dataset = open_dataset(str(pets), 16)
    assert dataset.name.startswith("pets-16-")
    (attribute,) = dataset.space.attributes
    assert (attribute.name, attribute.values) == ("domain", ("cat", "dog"))
    assert counts(dataset) == {"train": {"images": 40}, "validation": {"images": 5}, "test": {"images": 5}}
    for images in (spaces["images"] for spaces in dataset.splits.values()):
        assert images.labels is not None
        red = images.pixels[:, 8, 8, 0] > 100
        assert (red == (images.labels[:, 0].numpy() == 1)).all()
        assert [name.startswith("cat/") for name in images.ids] == red.tolist()


def test_a_folder_a_domain_as_spaces(pets: Path) -> None:
    for dataset in (open_dataset(str(pets), 16, spaces=True), open_dataset(f"{pets}:spaces", 16)):
        assert list(dataset.space.images) == ["cat", "dog"] and not dataset.space.attributes
        assert counts(dataset)["train"] == {"cat": 16, "dog": 24}


def test_splits_do_not_overlap_and_stay(pets: Path) -> None:
    first, again = open_dataset(str(pets), 16), open_dataset(str(pets), 16)
    assert first.name == again.name
    ids = [set(spaces["images"].ids) for spaces in first.splits.values()]
    assert sum(map(len, ids)) == len(set.union(*ids)) == 50
    assert ids == [set(spaces["images"].ids) for spaces in again.splits.values()]


def test_the_name_is_that_of_the_content(pets: Path, tmp_path: Path) -> None:
    shutil.copytree(pets, tmp_path / "elsewhere" / "pets")
    assert open_dataset(str(tmp_path / "elsewhere" / "pets"), 16).name == open_dataset(str(pets), 16).name
    paint(pets / "cat" / "more", 1, (1, 2, 3))
    assert open_dataset(str(tmp_path / "elsewhere" / "pets"), 16).name != open_dataset(str(pets), 16).name


def test_cyclegans_folders_are_always_two_spaces(tmp_path: Path) -> None:
    for name, count, color in (("trainA", 6, (1, 1, 1)), ("trainB", 5, 7), ("testA", 3, (2, 2, 2)), ("testB", 2, 8)):
        paint(tmp_path / "h2z" / name, count, color)
    dataset = open_dataset(str(tmp_path / "h2z"), 8)
    assert {name: spec.channels for name, spec in dataset.space.images.items()} == {"A": 3, "B": 1}
    assert counts(dataset) == {"train": {"A": 6, "B": 5}, "validation": {"A": 3, "B": 2}, "test": {"A": 3, "B": 2}}
    assert (dataset.splits["train"]["B"].pixels == 7).all() and (dataset.splits["test"]["A"].pixels == 2).all()


def test_folders_of_splits(tmp_path: Path) -> None:
    for split, count in (("train", 20), ("val", 4)):
        paint(tmp_path / "faces" / split / "happy", count, (9, 9, 9))
        paint(tmp_path / "faces" / split / "sad", count, (7, 7, 7))
    dataset = open_dataset(str(tmp_path / "faces"), 8)
    assert counts(dataset) == {"train": {"images": 36}, "validation": {"images": 8}, "test": {"images": 4}}
    assert all(name.startswith("val/") for name in dataset.splits["validation"]["images"].ids)


def test_color_wins_over_gray_and_16_bits_over_8(tmp_path: Path) -> None:
    paint(tmp_path / "mixed" / "a", 10, 3)
    paint(tmp_path / "mixed" / "b", 10, (5, 5, 5))
    deep = np.full((16, 16), 1000, np.uint16)
    Image.fromarray(deep).save(tmp_path / "mixed" / "a" / "deep.png")
    dataset = open_dataset(str(tmp_path / "mixed"), 16)
    spec = dataset.space.images["images"]
    assert (spec.channels, spec.bits) == (3, 16)
    images = [images for spaces in dataset.splits.values() for images in spaces.values()]
    levels = {name: pixels[0, 0].tolist() for each in images for name, pixels in zip(each.ids, each.pixels, strict=True)}
    assert levels["a/deep.png"] == [1000] * 3 and levels["a/000.png"] == [3 * 257] * 3


def test_images_that_cannot_be_read_are_counted(pets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("000", "001"):
        (pets / "cat" / f"{name}.png").write_bytes(b"broken")
    with pytest.raises(UsageError, match=r"2 of 50 images cannot be read: .*000.png.*--skip-bad"):
        open_dataset(str(pets), 16)
    dataset = open_dataset(str(pets), 16, skip_bad=True)
    assert sum(count["images"] for count in counts(dataset).values()) == 48
    assert "left out, 2 of 50" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["empty", "one domain", "no train", "too few"])
def test_what_is_no_data_set(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    if kind == "one domain":
        paint(folder / "cat", 10, (1, 1, 1))
    if kind == "no train":
        paint(folder / "test" / "cat", 10, (1, 1, 1))
    if kind == "too few":
        paint(folder / "cat", 2, (1, 1, 1))
        paint(folder / "dog", 10, (1, 1, 1))
    with pytest.raises(UsageError, match=r"folder|train"):
        open_dataset(str(folder), 16, spaces=True)


def test_a_path_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"unknown data set 'nowhere'.*folder or table"):
        open_dataset("nowhere")
