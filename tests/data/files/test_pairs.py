"""Images in pairs: files with both side by side, folders with equal names, tables; the same order, and both or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset
from viceversa.data.sources import absolute, open_dataset, write_dataset
from viceversa.errors import UsageError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))


def save(path: Path, *levels: int) -> None:
    """A gray image of 10 x 8 pixels of each level, side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.repeat(np.array(levels, np.uint8), 10)[None].repeat(8, 0)).save(path)


def halves(folder: Path, numbers: range) -> None:
    """Image A of pair n is n, image B n + 100."""
    for number in numbers:
        save(folder / f"{number}.png", number, number + 100)


def check(dataset: Dataset, count: int, first: str = "A", second: str = "B") -> None:
    """Pairs as `halves` and `twos` make them, each pair in one split."""
    assert list(dataset.space.images) == [first, second] and not dataset.space.attributes
    seen: list[str] = []
    for split, spaces in dataset.splits.items():
        one, other = spaces[first], spaces[second]
        assert one.ids == other.ids and len(one) and one.labels is None
        assert (other.pixels.astype(int) == one.pixels.astype(int) + 100).all()
        assert [Path(name).name for name in one.ids] == [str(level) for level in one.pixels[:, 0, 0, 0]]
        assert dataset.truth is not None
        rows = np.arange(len(one))[::-1]
        assert (dataset.truth(split, first, rows, second, None) == other.pixels[::-1]).all()
        assert (dataset.truth(split, second, rows, first, None) == one.pixels[::-1]).all()
        seen += one.ids
    assert len(set(seen)) == len(seen) == count


def twos(first: Path, second: Path, numbers: range) -> None:
    for number in numbers:
        save(first / f"{number}.png", number)
        save(second / f"{number}.bmp", number + 100)


def test_files_with_both_images_in_folders_of_splits(tmp_path: Path) -> None:
    for name, numbers in (("train", range(8)), ("val", range(8, 11)), ("test", range(11, 13))):
        halves(tmp_path / "facades" / name, numbers)
    dataset = open_dataset(str(tmp_path / "facades"), 8, takes="pairs")
    check(dataset, 13)
    assert {split: len(spaces["A"]) for split, spaces in dataset.splits.items()} == {"train": 8, "validation": 3, "test": 2}
    assert open_dataset(f"{tmp_path}/facades:pairs", 8).name == dataset.name
    assert absolute(f"{tmp_path}/./facades:pairs") == f"{tmp_path}/facades:pairs"
    with pytest.raises(UsageError, match="is not a data set"):
        open_dataset(str(tmp_path / "facades"), 8, takes="spaces")


def test_what_is_missing_of_the_splits_is_taken_of_train(tmp_path: Path) -> None:
    halves(tmp_path / "shoes" / "train", range(20))
    halves(tmp_path / "shoes" / "val", range(20, 23))
    dataset = open_dataset(str(tmp_path / "shoes"), 8, takes="pairs")
    check(dataset, 23)
    assert {split: len(spaces["B"]) for split, spaces in dataset.splits.items()} == {"train": 18, "validation": 3, "test": 2}


def test_files_with_both_images_without_folders_of_splits(tmp_path: Path) -> None:
    halves(tmp_path / "maps", range(20))
    dataset = open_dataset(str(tmp_path / "maps"), 8, takes="pairs")
    check(dataset, 20)
    assert len(dataset.splits["train"]["A"]) == 16


@pytest.mark.parametrize(
    ("first", "second"), [("A", "B"), ("lines", "photos"), ("train/A", "train/B"), ("A/deep/in", "B/deep/in")]
)  # fmt: skip
def test_two_folders_of_equal_names(tmp_path: Path, first: str, second: str) -> None:
    twos(tmp_path / "data" / first, tmp_path / "data" / second, range(20))
    dataset = open_dataset(str(tmp_path / "data"), 8, takes="pairs")
    check(dataset, 20, *dataset.space.images)
    assert set(dataset.space.images) <= {*first.split("/"), *second.split("/")}


def test_cyclegans_folders(tmp_path: Path) -> None:
    twos(tmp_path / "data" / "trainA", tmp_path / "data" / "trainB", range(6))
    twos(tmp_path / "data" / "testA", tmp_path / "data" / "testB", range(6, 9))
    dataset = open_dataset(str(tmp_path / "data"), 8, takes="pairs")
    assert dataset.splits["train"]["A"].ids == dataset.splits["train"]["B"].ids == tuple("012345")
    assert (dataset.splits["test"]["B"].pixels[:, 0, 0, 0] == [106, 107, 108]).all()
    assert open_dataset(str(tmp_path / "data"), 8).name.split("-")[0] == "data"  # without pairs: as ever
    (tmp_path / "data" / "testB" / "7.bmp").rename(tmp_path / "data" / "testB" / "seven.bmp")
    with pytest.raises(UsageError, match=r"1 of 3 images of 'A', such as 'testA/7.png', have no image of the same name in 'B'"):
        open_dataset(str(tmp_path / "data"), 8, takes="pairs")


def test_a_table_with_spaces_and_what_is_written_out(tmp_path: Path) -> None:
    twos(tmp_path / "data" / "A", tmp_path / "data" / "B", range(20))
    dataset = open_dataset(str(tmp_path / "data"), 8, takes="pairs")
    write_dataset(dataset, tmp_path / "copy")
    copy = open_dataset(str(tmp_path / "copy"), 8, takes="pairs")
    check(copy, 20)
    assert copy.splits["test"]["A"].ids == dataset.splits["test"]["A"].ids
    assert "space A: 20 images" in copy.summary


@pytest.mark.parametrize("broken", ["A/3.png", "B/3.bmp"])
def test_both_images_of_a_pair_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str) -> None:
    twos(tmp_path / "data" / "A", tmp_path / "data" / "B", range(20))
    whole = open_dataset(str(tmp_path / "data"), 8, takes="pairs")
    (tmp_path / "data" / broken).write_bytes(b"broken")
    with pytest.raises(UsageError, match="1 of 40 images cannot be read"):
        open_dataset(str(tmp_path / "data"), 8, takes="pairs")
    for _ in range(2):
        dataset = open_dataset(str(tmp_path / "data"), 8, takes="pairs", skip_bad=True)
        check(dataset, 19)
        assert dataset.name != whole.name
        assert "skipped the partners of unreadable images: 1." in capsys.readouterr().err


def test_a_file_that_cannot_be_halved(tmp_path: Path) -> None:
    halves(tmp_path / "maps", range(20))
    Image.new("L", (21, 8)).save(tmp_path / "maps" / "odd.png")
    with pytest.raises(UsageError, match=r"1 of 21 images cannot be read, such as 'odd\.png'") as refused:
        open_dataset(str(tmp_path / "maps"), 8, takes="pairs")
    assert "21 pixels wide" in refused.value.summary
    check(open_dataset(str(tmp_path / "maps"), 8, takes="pairs", skip_bad=True), 20)


def test_halves_of_color_and_16_bits_are_cropped_alone(tmp_path: Path) -> None:
    """The half is cut out first, then the middle of it; its true edit has 8 bits."""
    for number in range(10):
        columns = np.arange(20, dtype=np.uint16) * 1000 + number
        (tmp_path / "deep").mkdir(exist_ok=True)
        Image.fromarray(columns[None].repeat(8, 0)).save(tmp_path / "deep" / f"{number}.png")
    dataset = open_dataset(str(tmp_path / "deep"), 8, takes="pairs", crop=8)
    images = dataset.splits["train"]
    assert [spec.bits for spec in dataset.space.images.values()] == [16, 16] and dataset.truth is not None
    number = int(images["A"].ids[0])
    assert images["A"].pixels[0, 0, :, 0].tolist() == [1000 * column + number for column in range(1, 9)]
    assert images["B"].pixels[0, 0, :, 0].tolist() == [1000 * column + number for column in range(11, 19)]
    true = dataset.truth("train", "A", np.array([0]), "B", None)
    assert true.dtype == np.uint8 and true[0, 0, :, 0].tolist() == [
        round((1000 * column + number) / 257) for column in range(11, 19)
    ]


def test_what_has_no_pairs(tmp_path: Path) -> None:
    twos(tmp_path / "data" / "A", tmp_path / "data" / "B", range(20))
    save(tmp_path / "data" / "A" / "3.bmp", 3)
    with pytest.raises(UsageError, match=r"'A/3.bmp' and 'A/3.png' of 'A' have the same name, '3'"):
        open_dataset(str(tmp_path / "data"), 8, takes="pairs")
    (tmp_path / "data" / "A" / "3.bmp").unlink()
    save(tmp_path / "data" / "B" / "extra.png", 3)
    with pytest.raises(UsageError, match=r"1 of 21 images of 'B', such as 'B/extra.png', have no image of the same name in 'A'"):
        open_dataset(str(tmp_path / "data"), 8, takes="pairs")
    save(tmp_path / "data" / "C" / "3.bmp", 3)
    with pytest.raises(UsageError, match="pairs need two spaces, but the data has 3: 'A', 'B', 'C'"):
        open_dataset(str(tmp_path / "data"), 8, takes="pairs")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"pairs need two spaces, but the data has 0\. Give"):
        open_dataset(str(tmp_path / "empty"), 8, takes="pairs")


def drawings(folder: Path, numbers: range, *, lines_first: bool) -> None:
    """Files of 20 x 10 pixels: a gray line drawing, saved in RGB, and a colored picture of the same number, side by side."""
    folder.mkdir(parents=True)
    for number in numbers:
        lines, colors = np.full((10, 10, 3), 255, np.uint8), np.full((10, 10, 3), (250, 20 * number, 10), np.uint8)
        lines[number % 10] = colors[number % 10] = 3 * number
        halves = (lines, colors) if lines_first else (colors, lines)
        Image.fromarray(np.concatenate(halves, 1)).save(folder / f"{number}.png")


@pytest.mark.parametrize("lines_first", [False, True])
def test_sketches_of_files_with_both_halves(tmp_path: Path, lines_first: bool) -> None:
    """As the anime set has them, the colors on the left; the other way round too. The spaces are those of `sketches`."""
    drawings(tmp_path / "anime", range(12), lines_first=lines_first)
    spec = f"{tmp_path}/anime:sketches"
    for takes in ("spaces", "pairs"):
        dataset = open_dataset(spec, 10, takes=takes)
        white = {"lines": ImageSpec(1, 10, 10, background=1), "colors": ImageSpec(3, 10, 10, background=1)}
        assert dataset.space == Space(white) and dataset.name.startswith("anime-10-") and dataset.name.endswith("-sketches")
        assert dataset.truth is not None
        for split, spaces in dataset.splits.items():
            lines, colors = spaces["lines"], spaces["colors"]
            assert lines.ids == colors.ids and len(lines) and lines.pixels.shape[3] == 1
            for row, number in enumerate(map(int, lines.ids)):
                assert (lines.pixels[row, number % 10] == 3 * number).all()
                assert lines.pixels[row, (number + 1) % 10, 0] == 255
                assert colors.pixels[row, (number + 1) % 10, 0].tolist() == [250, 20 * number, 10]
            first = np.array([0])
            assert (dataset.truth(split, "lines", first, "colors", None) == colors.pixels[:1]).all()
            assert (dataset.truth(split, "colors", first, "lines", None) == lines.pixels[:1]).all()
    assert absolute(f"{tmp_path}/./anime:sketches") == spec


def test_sketches_of_two_folders_and_16_bits(tmp_path: Path) -> None:
    for number in range(10):
        save(tmp_path / "data" / "drawn" / f"{number}.png", number)
        color = Image.new("RGB", (10, 8), (200, number, 0))
        (tmp_path / "data" / "painted").mkdir(exist_ok=True)
        color.save(tmp_path / "data" / "painted" / f"{number}.png")
    deep = np.full((8, 10), 257 * 9, np.uint16)
    Image.fromarray(deep).save(tmp_path / "data" / "drawn" / "9.png")
    test = open_dataset(f"{tmp_path}/data:sketches", 8).splits["test"]
    assert test["lines"].pixels.dtype == np.uint8 and test["lines"].pixels[0, 0, 0, 0] == int(test["lines"].ids[0])
    assert test["colors"].pixels[0, 0, 0].tolist() == [200, int(test["colors"].ids[0]), 0]


def test_what_has_no_sketches(tmp_path: Path) -> None:
    halves(tmp_path / "gray", range(20))
    with pytest.raises(
        UsageError, match=r"no pairs of a gray and a colored image \(their color: 'A' 0.0 and 'B' 0.0 of 255 levels\)"
    ):
        open_dataset(f"{tmp_path}/gray:sketches", 8)
    with pytest.raises(UsageError, match="unknown data set"):
        open_dataset(f"{tmp_path}/none:sketches", 8)
