"""Digits in MNIST's and SVHN's files and in a package: what is in them is read, and what is wrong with them is said."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from data.small_digits import small_mnist, small_svhn, write_idx
from viceversa.data.digits import DIGIT
from viceversa.data.files.idx import TEST, TRAIN, open_idx, read_idx
from viceversa.data.files.svhn import open_svhn, read_svhn
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError

COUNTS = {"train": 18, "validation": 2, "test": 5}


def test_idx_files_are_read(tmp_path: Path) -> None:
    pixels, digits = small_mnist(tmp_path / "small")
    dataset = open_dataset(str(tmp_path / "small"), 64)  # images keep their size
    assert dataset.space.only == "digits" and dataset.space.images["digits"].shape == (1, 28, 28)
    assert dataset.space.attributes == (DIGIT,)
    assert {split: len(spaces["digits"]) for split, spaces in dataset.splits.items()} == COUNTS
    found = [dataset.splits[split]["digits"] for split in COUNTS]
    assert (np.concatenate([images.pixels for images in found]) == pixels[..., None]).all()
    assert [digit for images in found for digit in images.labels.argmax(1).tolist()] == digits.tolist()  # type: ignore[union-attr]
    assert len({name for images in found for name in images.ids}) == 25
    assert dataset.name.startswith("small-28-")


def test_a_name_is_that_of_the_content(tmp_path: Path) -> None:
    pixels, _ = small_mnist(tmp_path)
    before = open_idx(tmp_path).name
    assert open_idx(tmp_path).name == before
    pixels[24, 0, 0] ^= 1
    write_idx(tmp_path / TEST[0], pixels[20:])
    assert open_idx(tmp_path).name != before


def test_mnist_itself() -> None:
    assets = os.environ.get("VICEVERSA_ASSETS")
    if not assets:
        pytest.skip("VICEVERSA_ASSETS does not say where data/mnist is")
    dataset = open_dataset(str(Path(assets) / "data" / "mnist"))
    counts = {split: len(spaces["digits"]) for split, spaces in dataset.splits.items()}
    assert counts == {"train": 55_000, "validation": 5_000, "test": 10_000}
    test = dataset.splits["test"]["digits"]
    assert test.labels is not None
    assert test.labels[:10].argmax(1).tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert test.labels.sum(0).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an IDX file of bytes, the format of MNIST"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 0]), "not an IDX file of bytes"),  # floats
        (bytes([0, 0, 8, 3, 0, 0]), "not an IDX file of bytes"),  # ends in its head
        (bytes([0, 0, 8, 1, 0, 0, 0, 5, 1]), "should hold 5 bytes by its header, but holds 1: download it again"),
        (gzip.compress(bytes(100), mtime=0)[:-9], "cannot read .*; download it again"),
    ],
)
def test_damaged_idx_files(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UsageError, match=reason):
        read_idx(tmp_path / "file")


def test_what_is_missing_or_wrong_among_idx_files(tmp_path: Path) -> None:
    small_mnist(tmp_path)
    (tmp_path / TRAIN[1]).unlink()
    with pytest.raises(UsageError, match=r"has neither train-labels-idx1-ubyte nor .*github\.com/cvdfoundation/mnist"):
        open_idx(tmp_path)
    write_idx(tmp_path / TRAIN[1], np.full(20, 26, np.uint8))
    with pytest.raises(UsageError, match="labels from 26 to 26: labels of digits are 0 to 9"):
        open_idx(tmp_path)
    write_idx(tmp_path / TRAIN[1], np.zeros(19, np.uint8))
    with pytest.raises(UsageError, match="has 2 validation images and 1 labels"):
        open_idx(tmp_path)
    write_idx(tmp_path / TRAIN[1], np.zeros((20, 1), np.uint8))
    with pytest.raises(UsageError, match="has 2 dimensions, where MNIST files have 1"):
        open_idx(tmp_path)
    write_idx(tmp_path / TEST[0], np.zeros((5, 20, 20), np.uint8))
    write_idx(tmp_path / TRAIN[1], np.zeros(20, np.uint8))
    with pytest.raises(UsageError, match="differ in size"):
        open_idx(tmp_path)


def test_svhn_files_are_read(tmp_path: Path) -> None:
    pixels, labels = small_svhn(tmp_path / "svhn")
    dataset = open_dataset(str(tmp_path / "svhn"))
    assert dataset.space.images["digits"].shape == (3, 32, 32)
    assert {split: len(spaces["digits"]) for split, spaces in dataset.splits.items()} == COUNTS
    train = dataset.splits["train"]["digits"]
    assert (train.pixels == pixels[:18]).all() and train.labels is not None
    assert train.labels[:10].argmax(1).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]  # its label 10 is the digit 0
    more = open_dataset(f"{tmp_path / 'svhn'}:extra").splits["train"]["digits"]
    assert len(more) == 21 and (more.pixels[18:] == pixels[25:]).all() and more.labels is not None
    assert more.labels[18:].argmax(1).tolist() == (labels[25:] % 10).tolist()


def test_what_is_missing_or_wrong_among_svhn_files(tmp_path: Path) -> None:
    small_svhn(tmp_path)
    matlab = pytest.importorskip("scipy.io.matlab")
    path = tmp_path / "test_32x32.mat"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UsageError, match=r"cannot read .*; download it again"):
        open_svhn(tmp_path)
    path.unlink()
    with pytest.raises(UsageError, match=r"has no test_32x32\.mat\. .*ufldl\.stanford\.edu/housenumbers"):
        open_svhn(tmp_path)
    path.write_text("no")
    with pytest.raises(UsageError, match="cannot read"):
        read_svhn(path)
    good = {"X": np.zeros((32, 32, 3, 2), np.uint8), "y": np.ones((2, 1), np.uint8)}
    for content, reason in (
        ({"X": good["X"]}, "with X and y: 'y'"),
        ({**good, "X": good["X"][..., :1]}, "is not an SVHN file"),
        ({**good, "y": good["y"] * 11}, "labels from 11 to 11: SVHN labels are 1 to 10"),
    ):
        matlab.savemat(path, content)
        with pytest.raises(UsageError, match=reason):
            read_svhn(path)


def test_only_svhn_has_an_extra(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"':extra' is only for the SVHN folder"):
        open_dataset(f"{tmp_path}:extra")


def test_handwritten_digits_of_a_package() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn, of the extra `data`, is not installed")
    dataset = open_dataset("handwritten", 64)
    assert dataset.name == "handwritten-v1" and dataset.space.images["digits"].shape == (1, 28, 28)
    counts = {split: len(spaces["digits"]) for split, spaces in dataset.splits.items()}
    assert sum(counts.values()) == 1797 and min(counts["validation"], counts["test"]) > 140
    train = dataset.splits["train"]["digits"]
    assert train.pixels.max() == 255 and train.pixels[:, :4].max() == 0 and train.pixels[:, :, -4:].max() == 0
    assert train.labels is not None and train.labels.mean(0).min() > 0.08
