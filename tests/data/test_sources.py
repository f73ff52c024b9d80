"""Data sets by name, and written out."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sets.avatars import ATTRIBUTES, labels_of, render
from viceversa.data.sources import open_dataset, write_dataset
from viceversa.errors import UsageError


@pytest.mark.parametrize(("spec", "name"), [("avatars", "avatars-32-v1"), ("avatars:glasses", "avatars-glasses-32-v1")])
def test_known_names(spec: str, name: str) -> None:
    assert open_dataset(spec, 32).name == name


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match=r"Did you mean 'avatars'.*avatars:glasses"):
        open_dataset("avatar", 32)


def _small(labeled: bool) -> Dataset:
    labels = labels_of([0, 1])
    images = Images(render([0, 1], labels, 32), torch.from_numpy(labels) if labeled else None, ("00000", "00001"))
    space = Space({"avatars": ImageSpec(3, 32, 32)}, ATTRIBUTES if labeled else ())
    return Dataset("small", space, {"train": {"avatars": images}, "test": {"avatars": images}})


def test_written_images_and_table(tmp_path: Path) -> None:
    write_dataset(_small(labeled=True), tmp_path / "out")
    with (tmp_path / "out" / "table.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["file", "split", "space", "hair", "glasses", "beard", "smile", "tone"]
    assert rows[1] == ["images/train/avatars/00000.png", "train", "avatars", "brown", "no", "yes", "yes", "0.75"]
    assert [row[1] for row in rows[1:]] == ["train", "train", "test", "test"]
    read = np.asarray(Image.open(tmp_path / "out" / rows[2][0]))
    assert (read == render([1], labels_of([1]), 32)[0]).all()


def test_written_without_labels(tmp_path: Path) -> None:
    write_dataset(_small(labeled=False), tmp_path)
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[:2] == ["file,split,space", "images/train/avatars/00000.png,train,avatars"]


def test_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    for path in (tmp_path, tmp_path / "note.txt"):
        with pytest.raises(UsageError, match="not an empty folder"):
            write_dataset(_small(labeled=True), path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]
