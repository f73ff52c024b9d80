"""Folders of images as data sets: domains as labels or as spaces, splits, and what is no data set."""

from __future__ import annotations

import os
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
    for dataset in (open_dataset(str(pets), 16, takes="spaces"), open_dataset(f"{pets}:spaces", 16)):
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
    with pytest.raises(UsageError, match=r"2 of 50 images cannot be read, such as .cat/00[01].png.: .*`skip_bad=True`") as refused:
        open_dataset(str(pets), 16)
    assert all(f"cat/{name}.png" in refused.value.summary for name in ("000", "001"))
    dataset = open_dataset(str(pets), 16, skip_bad=True)
    assert sum(count["images"] for count in counts(dataset).values()) == 48
    said = capsys.readouterr().err
    assert "skipped 2 of 50" in said and all(f"cat/{name}.png" in said for name in ("000", "001"))


def test_the_name_is_that_of_labels_and_pixels_too(pets: Path) -> None:
    names = {open_dataset(str(pets), 16, **settings).name for settings in ({}, {"crop": 8}, {"takes": "spaces"})}
    (pets / "cat" / "000.png").rename(pets / "dog" / "000.png")
    names.add(open_dataset(str(pets), 16).name)
    content = bytearray((pets / "dog" / "000.png").read_bytes())
    Image.new("RGB", (20, 16), (201, 0, 0)).save(pets / "dog" / "000.png")
    names.add(open_dataset(str(pets), 16).name)
    assert len(names) == 5 and len(content) == (pets / "dog" / "000.png").stat().st_size, "the size alone would not tell"


def test_images_in_two_splits_are_told(tmp_path: Path) -> None:
    for split, color in (("train", 10), ("val", 20), ("test", 30)):
        for seed, domain in enumerate(("cat", "dog")):
            (tmp_path / "faces" / split / domain).mkdir(parents=True)
            for number in range(3):
                picture = Image.new("RGB", (8, 8), (color + number, 100 * seed, 0))
                picture.save(tmp_path / "faces" / split / domain / f"{number}.png")
    assert "equal pixels" not in open_dataset(str(tmp_path / "faces"), 8).summary
    shutil.copy(tmp_path / "faces" / "train" / "cat" / "1.png", tmp_path / "faces" / "test" / "cat" / "9.png")
    said = open_dataset(str(tmp_path / "faces"), 8).summary.splitlines()[-1]
    assert said == "equal pixels in two splits, at this size: 1 images of 'images', such as 'test/cat/9.png' and 'train/cat/1.png'"


def test_links_to_files_are_read_and_links_to_folders_are_not_followed(pets: Path, tmp_path: Path) -> None:
    paint(tmp_path / "elsewhere", 5, (1, 2, 3))
    (pets / "cat" / "linked.png").symlink_to(tmp_path / "elsewhere" / "000.png")
    (pets / "cat" / "folder").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    dataset = open_dataset(str(pets), 16)
    names = {name for spaces in dataset.splits.values() for images in spaces.values() for name in images.ids}
    assert "cat/linked.png" in names and not any(name.startswith("cat/folder") for name in names) and len(names) == 51


@pytest.mark.parametrize("name", ["a.b", "a,b", "a=b", "a:b", "new\nline"])
def test_names_that_cannot_name_a_space(pets: Path, name: str) -> None:
    (pets / "cat").rename(pets / name)
    with pytest.raises(UsageError, match="cannot be the name of a space or domain") as refused:
        open_dataset(str(pets), 16, takes="spaces")
    assert str(refused.value).isprintable()


def test_names_that_are_not_text(pets: Path) -> None:
    (pets / "cat" / "000.png").rename(os.fsdecode(bytes(pets / "cat") + b"/\xff.png"))
    with pytest.raises(UsageError, match="is not in UTF-8: rename it") as refused:
        open_dataset(str(pets), 16)
    assert str(refused.value).isprintable()


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
        open_dataset(str(folder), 16, takes="spaces")


def test_a_path_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"unknown data set 'nowhere'.*folder or table"):
        open_dataset("nowhere")
