"""CelebA in its own format, written small: labels, splits, hair as one-of, StarGAN's split, and damaged downloads."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from growth import fourfold_cost
from viceversa.core.attributes import Binary, OneOf
from viceversa.data.files.celeba import ATTRIBUTES, STARGAN_TEST, read_celeba
from viceversa.data.files.tables import summary
from viceversa.errors import UsageError

KNOWN = ("5_o_Clock_Shadow", "Black_Hair", "Blond_Hair", "Brown_Hair", "Male", "Smiling", "Young")
ROWS = (
    (-1, 1, -1, -1, 1, 1, 1),
    (-1, -1, 1, -1, -1, -1, 1),
    (1, -1, -1, 1, 1, 1, -1),
    (-1, -1, -1, -1, -1, 1, 1),
    (1, 1, -1, 1, 1, -1, -1),
    (-1, -1, 1, -1, -1, 1, -1),
)
PARTITION = (0, 0, 0, 1, 1, 2)


def _celeba(
    folder: Path, rows: Sequence[Sequence[int]] = ROWS, partition: Sequence[int] = PARTITION, images: str = "img_align_celeba"
) -> Path:
    """The three parts of a download; its images are empty, for nobody looks at them."""
    names = [f"{number:06}.jpg" for number in range(1, len(rows) + 1)]
    (folder / images).mkdir(parents=True)
    for name in names:
        (folder / images / name).touch()
    lines = [f"{name} {' '.join(f'{value:2d}' for value in row)} " for name, row in zip(names, rows, strict=True)]
    (folder / "list_attr_celeba.txt").write_text("\n".join([str(len(rows)), " ".join(KNOWN) + " ", *lines, ""]))
    pairs = zip(names, partition, strict=False)
    (folder / "list_eval_partition.txt").write_text("".join(f"{name} {split}\n" for name, split in pairs))
    return folder


def _refusal(folder: Path, attributes: Sequence[str] = ATTRIBUTES) -> str:
    with pytest.raises(UsageError) as refused:
        read_celeba(folder, attributes)
    assert str(refused.value).isprintable()
    return str(refused.value)


@pytest.mark.parametrize("images", ["img_align_celeba", "images"])
def test_five_bits_by_default(tmp_path: Path, images: str) -> None:
    table = read_celeba(_celeba(tmp_path, images=images))
    assert table.files == tuple(f"{images}/{number:06}.jpg" for number in range(1, 7))
    assert table.splits == ("train", "train", "train", "validation", "validation", "test")
    assert table.attributes == tuple(map(Binary, ATTRIBUTES))
    assert table.labels.tolist() == [[(value + 1) / 2 for value in (*row[1:5], row[6])] for row in ROWS]
    assert table.dropped == {}


def test_other_attributes_in_the_order_asked_for(tmp_path: Path) -> None:
    table = read_celeba(_celeba(tmp_path), ("Smiling", "5_o_Clock_Shadow"))
    assert table.labels.tolist() == [[1, 0], [0, 0], [1, 1], [1, 0], [0, 1], [1, 0]]


def test_hair_as_one_of_drops_and_counts_rows_with_none_or_several(tmp_path: Path) -> None:
    table = read_celeba(_celeba(tmp_path), ("hair", "Male", "Young"))
    assert table.attributes == (OneOf("hair", ("black", "blond", "brown")), Binary("Male"), Binary("Young"))
    assert [file[-10:-4] for file in table.files] == ["000001", "000002", "000003", "000006"]
    assert table.labels.tolist() == [[1, 0, 0, 1, 1], [0, 1, 0, 0, 1], [0, 0, 1, 1, 0], [0, 1, 0, 0, 0]]
    assert table.splits == ("train", "train", "train", "test")
    assert table.dropped == {"hair neither black, blond nor brown": 1, "hair of several colors": 1}
    text = summary(table, "celeba")
    assert "skipped: 1 rows (hair of several colors)" in text
    turned = read_celeba(tmp_path, ("Male", "hair"))
    assert turned.attributes == (Binary("Male"), OneOf("hair", ("black", "blond", "brown")))
    assert turned.labels.tolist() == [[row[3], *row[:3]] for row in table.labels.tolist()]


def test_the_stargan_split_is_its_codes(tmp_path: Path) -> None:
    count = 2 * STARGAN_TEST + 300
    rows = [[1 if number >> bit & 1 else -1 for bit in range(7)] for number in range(count)]
    table = read_celeba(_celeba(tmp_path, rows, partition=()), stargan_split=True)
    # As its data_loader.py has it: the lines shuffled, those before number 2000, counted from 1, are test.
    lines = [f"{number:06}.jpg" for number in range(1, count + 1)]
    random.seed(1234)
    random.shuffle(lines)
    expected = {line for position, line in enumerate(lines) if position + 1 < 2000}
    assert {file[-10:] for file, split in zip(table.files, table.splits, strict=True) if split == "test"} == expected
    assert Counter(table.splits) == {"train": 300, "validation": STARGAN_TEST, "test": STARGAN_TEST}
    assert "there are no rows to train on" in _stargan_refusal(_celeba(tmp_path / "small"))


def _stargan_refusal(folder: Path) -> str:
    with pytest.raises(UsageError) as refused:
        read_celeba(folder, stargan_split=True)
    return str(refused.value)


def test_unknown_and_repeated_attributes_are_refused(tmp_path: Path) -> None:
    _celeba(tmp_path)
    assert "Did you mean 'Blond_Hair'?" in _refusal(tmp_path, ("Blonde_Hair",))
    assert "each only once" in _refusal(tmp_path, ("Male", "Male"))
    assert "name one or more attributes" in _refusal(tmp_path, ())
    assert "leave out Blond_Hair, or leave out hair" in _refusal(tmp_path, ("hair", "Blond_Hair"))


@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        ("list_attr_celeba.txt", "6\n", "7\n", "line 1 must be the number of images, 6, not '7'"),
        ("list_attr_celeba.txt", "6\n", "", "is not a CelebA file"),
        ("list_attr_celeba.txt", "000002.jpg -1", "000002.jpg 0", "line 4 of"),
        ("list_attr_celeba.txt", "000002.jpg -1", "000002.jpg", "line 4 of"),
        ("list_attr_celeba.txt", "000002.jpg", "000001.jpg", "'000002.jpg' is not in list_attr_celeba.txt"),
        ("list_attr_celeba.txt", "000002.jpg", "../../a.jpg", "is not in list_attr_celeba.txt"),
        ("list_eval_partition.txt", "000002.jpg 0\n", "", "has no split for 1 images, such as '000002.jpg'"),
        ("list_eval_partition.txt", "000002.jpg 0", "000002.jpg 3", "line 2 of"),
        ("list_eval_partition.txt", "000002.jpg 0", "2.jpg 0", "line 2 of"),
        ("list_eval_partition.txt", " 0\n", " 1\n", "there are no rows to train on"),
    ],
)
def test_damaged_lists_are_refused(tmp_path: Path, file: str, before: str, after: str, words: str) -> None:
    path = _celeba(tmp_path) / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    assert words in _refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [("../../a.jpg", "1 of 6 files lie outside the folder"), ("000001.jpg", "1 of 6 files are in the table twice")],
)
def test_names_that_lead_elsewhere_or_stand_twice_are_refused(tmp_path: Path, name: str, words: str) -> None:
    _celeba(tmp_path)
    for path in (tmp_path / "list_attr_celeba.txt", tmp_path / "list_eval_partition.txt"):
        path.write_text(path.read_text().replace("000002.jpg", name))
    assert words in _refusal(tmp_path)


def test_parts_that_are_missing_are_named(tmp_path: Path) -> None:
    _celeba(tmp_path)
    (tmp_path / "img_align_celeba" / "000003.jpg").unlink()
    assert "1 of 6 files are missing" in _refusal(tmp_path)
    assert "'img_align_celeba/000003.jpg'" in _refusal(tmp_path)
    (tmp_path / "img_align_celeba").rename(tmp_path / "pictures")
    assert "no folder img_align_celeba" in _refusal(tmp_path)
    (tmp_path / "list_eval_partition.txt").unlink()
    assert "has no list_eval_partition.txt" in _refusal(tmp_path)
    (tmp_path / "list_attr_celeba.txt").write_bytes(b"\xff\n")
    assert "cannot read" in _refusal(tmp_path)


def test_values_that_do_not_occur_are_refused(tmp_path: Path) -> None:
    rows = [row for row in ROWS if row[3] == -1]
    _celeba(tmp_path, rows, (0, 0, 1, 2))
    assert "not every value of Brown_Hair occurs" in _refusal(tmp_path)
    assert "not every value of hair occurs" in _refusal(tmp_path, ("hair", "Male"))


def test_reading_takes_time_in_proportion_to_the_rows(tmp_path: Path) -> None:
    def work(count: int) -> Callable[[], object]:
        rows = [[1 if number >> bit & 1 else -1 for bit in range(7)] for number in range(count)]
        folder = _celeba(tmp_path / str(count), rows, [number % 3 for number in range(count)])
        return lambda: read_celeba(folder)

    assert fourfold_cost(work, 2_000) < 9
