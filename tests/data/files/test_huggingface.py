"""Hugging Face data sets, saved to disk by the real package: splits, columns, spaces, bad rows, and what is refused."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import viceversa as vv
from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.data.files.checks import split_by_hash
from viceversa.data.sources import absolute, open_dataset
from viceversa.errors import UsageError

datasets = pytest.importorskip("datasets")
datasets.disable_progress_bars()

KINDS = {
    "image": datasets.Image(),
    "animal": datasets.ClassLabel(names=["cat", "dog", "never seen"]),
    "young": datasets.Value("bool"),
    "age": datasets.Value("int64"),
    "caption": datasets.Value("string"),
    "boxes": datasets.List(datasets.Value("int64")),
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def picture(level: int) -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.new("RGB", (6, 5), (level, 0, 255 - level)).save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": None}


def rows(count: int, **columns: list[Any]) -> Any:
    """`count` rows of every kind of column; images whose red is their row's number."""
    values = {
        "image": [picture(number) for number in range(count)],
        "animal": [number % 2 for number in range(count)],
        "young": [number % 3 == 0 for number in range(count)],
        "age": [number % 40 for number in range(count)],
        "caption": [f"number {number}" for number in range(count)],
        "boxes": [[number] for number in range(count)],
    } | columns
    return datasets.Dataset.from_dict(values, features=datasets.Features({title: KINDS[title] for title in values}))


def saved(**splits: Any) -> str:
    datasets.DatasetDict(splits).save_to_disk("pets")
    return "hf:pets"


def refusal(spec: str, **settings: Any) -> str:
    with pytest.raises(UsageError) as refused:
        open_dataset(spec, 4, **settings)
    assert str(refused.value).isprintable()
    return str(refused.value)


def test_class_labels_and_booleans_are_the_attributes() -> None:
    dataset = open_dataset(saved(train=rows(20), validation=rows(5), test=rows(8)), 4)
    assert dataset.space.attributes == (OneOf("animal", ("cat", "dog")), Binary("young"))
    counts = {split: len(spaces["images"]) for split, spaces in dataset.splits.items()}
    assert counts == {"train": 20, "validation": 5, "test": 8}
    train = dataset.splits["train"]["images"]
    assert train.ids[:2] == ("train/0", "train/1")
    assert train.pixels[:, 0, 0, 0].tolist() == list(range(20))
    assert train.labels[:3].tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert dataset.summary.startswith("pets: 33 images: 20 train, 5 validation, 8 test")


def test_other_columns_by_name_and_in_that_order() -> None:
    spec = saved(train=rows(50), validation=rows(5), test=rows(8))
    dataset = open_dataset(spec, 4, attributes=("age", "animal"))
    assert dataset.space.attributes == (Graded("age", 5, 0, 39), OneOf("animal", ("cat", "dog")))
    assert "more than 20" in refusal(spec, attributes=("caption",))
    assert "unknown attribute 'boxes'" in refusal(spec, attributes=("boxes",))


def test_without_labels_columns_of_few_values_are_taken() -> None:
    part = rows(30, caption=["red", "blue", "red"] * 10).remove_columns(["animal", "young", "boxes"])
    dataset = open_dataset(saved(train=part, validation=part, test=part), 4)
    assert dataset.space.attributes == (OneOf("caption", ("blue", "red")),)


def test_classes_with_the_names_of_numbers_and_with_commas() -> None:
    digits = datasets.Features({"image": KINDS["image"], "label": datasets.ClassLabel(names=["0", "1", "tench, Tinca"])})
    values = {"image": [picture(number) for number in range(30)], "label": [number % 3 for number in range(30)]}
    part = datasets.Dataset.from_dict(values, features=digits)
    dataset = open_dataset(saved(train=part, validation=part, test=part), 4)
    assert dataset.space.attributes == (OneOf("label", ("0", "1", "tench Tinca")),)


def test_what_is_missing_of_the_splits_comes_out_of_train() -> None:
    dataset = open_dataset(saved(train=rows(60), test=rows(6)), 4)
    held = {split: dataset.splits[split]["images"].ids for split in dataset.splits}
    assert len(held["test"]) == 6 and not set(held["train"]) & set(held["validation"])
    assert set(held["train"]) | set(held["validation"]) == {f"train/{row}" for row in range(60)}
    assert set(held["validation"]) == {name for name in held["validation"] if split_by_hash(name) == "validation"}


def test_one_split_by_name_or_a_set_without_splits_is_divided() -> None:
    spec = saved(unsupervised=rows(60), test=rows(50))
    for name in (f"{spec}:test", "hf:single"):
        rows(50).save_to_disk("single")
        dataset = open_dataset(name, 4)
        assert {split: len(spaces["images"]) > 0 for split, spaces in dataset.splits.items()} == dict.fromkeys(dataset.splits, True)
        assert sum(len(spaces["images"]) for spaces in dataset.splits.values()) == 50
    assert "has no split 'train'; it has 'unsupervised', 'test'" in refusal(spec)
    assert "unknown split of 'pets': 'tst'. Did you mean 'test'?" in refusal(f"{spec}:tst")


def test_classes_as_spaces() -> None:
    spec = saved(train=rows(20), validation=rows(6), test=rows(6))
    dataset = open_dataset(spec, 4, takes="spaces")
    assert list(dataset.space.images) == ["cat", "dog"] and not dataset.space.attributes
    assert dataset.splits["train"]["dog"].pixels[:, 0, 0, 0].tolist() == list(range(1, 20, 2))
    assert open_dataset(f"{spec}:spaces", 4).name == dataset.name
    assert "one column of class labels" in refusal(saved(train=rows(9).remove_columns("animal")), takes="spaces")


def test_rows_without_a_label_are_left_out_and_counted() -> None:
    part = rows(10, animal=[-1, *[number % 2 for number in range(9)]])
    dataset = open_dataset(saved(train=part, validation=rows(4), test=rows(4)), 4)
    assert dataset.splits["train"]["images"].ids[0] == "train/1"
    assert "skipped: 1 rows (no value of animal)" in dataset.summary


def test_bad_and_missing_images_are_named_and_skipped_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    images = [picture(number) for number in range(8)] + [{"bytes": b"no image", "path": None}, None]
    spec = saved(train=rows(10, image=images), validation=rows(4), test=rows(4))
    with pytest.raises(UsageError, match="2 of 18 images cannot be read, such as 'train/8'") as refused:
        open_dataset(spec, 4)
    assert "'train/8': it is not an image" in refused.value.summary and "'train/9' has no image" in refused.value.summary
    assert len(open_dataset(spec, 4, skip_bad=True).splits["train"]["images"]) == 8
    assert "skipped 2 of 18" in capsys.readouterr().err


def test_images_that_lie_in_files(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(77)["bytes"])
    part = rows(4, image=[{"bytes": None, "path": str(tmp_path / "a.png")}] * 4)
    dataset = open_dataset(saved(train=part, validation=part, test=part), 4)
    assert (dataset.splits["train"]["images"].pixels[:, 0, 0, 0] == 77).all()


def test_it_is_read_once_and_again_when_it_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    from viceversa.data.cache import store

    spec, read, original = saved(train=rows(6), validation=rows(4), test=rows(4)), [], store.read_image
    monkeypatch.setattr(store, "read_image", lambda source, *rest: read.append(source) or original(source, *rest))
    names = [open_dataset(spec, 4).name for _ in range(2)]
    assert names[0] == names[1] and len(read) == 14
    datasets.DatasetDict(train=rows(7), validation=rows(4), test=rows(4)).save_to_disk("changed")
    Path("pets").rename("before")
    Path("changed").rename("pets")
    assert open_dataset(spec, 4).name != names[0] and len(read) == 14 + 15


def test_many_rows_by_several_processes() -> None:
    part = rows(600)
    dataset = open_dataset(saved(train=part, validation=rows(4), test=rows(4)), 4)
    assert dataset.splits["train"]["images"].pixels[:, 0, 0, 0].tolist() == [number % 256 for number in range(256)] + [
        part[number]["image"].getpixel((0, 0))[0] for number in range(256, 600)
    ]


def test_schema_json_in_the_folder_overrides() -> None:
    spec = saved(train=rows(50), validation=rows(5), test=rows(5))
    Path("pets/schema.json").write_text('{"age": {"kind": "graded", "low": 0, "high": 100, "steps": 11}}')
    dataset = open_dataset(spec, 4, attributes=("age",))
    assert dataset.space.attributes == (Graded("age", 11, 0, 100),)


def test_training_translating_and_resuming() -> None:
    spec = saved(train=rows(30), validation=rows(6), test=rows(6))
    small = {"method.width": 4, "method.blocks": 1, "method.critic_width": 4}
    settings = {"size": 16, "batch": 4, "labeller": False, "quiet": True, "precision": "fp32", "steps": 2}
    vv.train("stargan", data=spec, out="run", settings=small, until=1, **settings)
    assert vv.load("run").record.recipe.data == f"hf:{Path('pets').resolve()}"
    assert vv.train("stargan", out="run", resume=True, quiet=True).step == 2
    image = vv.load("run").translate(Image.new("RGB", (20, 20)), "animal=dog", source="animal=cat,young=no")
    assert image.size == (16, 16)


def test_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal("hf:nobody/nothing")
    assert "cannot load the Hugging Face data set 'nobody/nothing'" in said and "save_to_disk(FOLDER)" in said
    datasets.Dataset.from_dict({"text": ["a", "b"]}).save_to_disk("texts")
    assert "no column of images" in refusal("hf:texts")
    two = rows(4).add_column("other", [picture(0)] * 4).cast_column("other", datasets.Image()).rename_column("image", "one")
    two.save_to_disk("two")
    assert "several columns of images, 'one', 'other'" in refusal("hf:two")
    (Path("texts") / "data-00000-of-00001.arrow").write_bytes(b"damaged")
    assert "cannot load" in refusal("hf:texts")
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert "pip install 'viceversa[data]'" in refusal("hf:pets")


def test_the_place_is_made_absolute() -> None:
    saved(train=rows(4))
    assert absolute("hf:pets") == f"hf:{Path('pets').resolve()}"
    assert absolute("hf:pets:train") == f"hf:{Path('pets').resolve()}:train"
    assert absolute("hf:pets:spaces") == f"hf:{Path('pets').resolve()}:spaces"
    assert absolute("hf:ylecun/mnist:train") == "hf:ylecun/mnist:train"
