"""The Radboud Faces Database by its files' names: expressions, cameras, and each person in one split."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.data.files.rafd import EXPRESSIONS, has_rafd, read_rafd
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))


def write(folder: Path, persons: range, cameras: tuple[str, ...] = ("090",), expressions: tuple[str, ...] = EXPRESSIONS) -> None:
    """One small image for each, whose level is the number of its expression."""
    folder.mkdir(exist_ok=True)
    for person, camera, expression in product(persons, cameras, expressions):
        who = ("Caucasian_female", "Moroccan_male", "Kid_female")[person % 3]
        gaze = ("left", "frontal", "right")[(person + len(expression)) % 3]
        pixels = np.full((12, 8), 10 * EXPRESSIONS.index(expression), np.uint8)
        Image.fromarray(pixels).save(folder / f"Rafd{camera}_{person:02d}_{who}_{expression}_{gaze}.jpg")


def test_expressions_and_persons(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    write(folder, range(1, 21))
    dataset = open_dataset(str(folder), 8)
    (attribute,) = dataset.space.attributes
    assert dataset.name.startswith("rafd-8-") and (attribute.name, attribute.values) == ("expression", EXPRESSIONS)
    seen = []
    for images in (spaces["images"] for spaces in dataset.splits.values()):
        assert images.labels is not None
        told = images.labels.argmax(1).tolist()
        assert [EXPRESSIONS[number] in name for number, name in zip(told, images.ids, strict=True)] == [True] * len(images)
        assert np.abs(images.pixels[:, 4, 4, 0] - 10.0 * np.array(told)).max() <= 2  # JPEG
        seen.append({name.split("_")[1] for name in images.ids})
    assert [len(persons) for persons in seen] == [16, 2, 2] and len(set.union(*seen)) == 20
    assert open_dataset(str(folder), 8, attributes=("expression",)).name == dataset.name


def test_profiles_and_other_names_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    write(folder, range(3), ("000", "045", "090", "135", "180"))
    Image.new("L", (8, 8)).save(folder / "other.png")
    (folder / "notes.txt").write_text("mine")
    table = read_rafd(folder)
    assert len(table.files) == 3 * 3 * 8 and not any(name.startswith(("Rafd000", "Rafd180")) for name in table.files)
    assert table.dropped == {"cameras other than 045, 090, 135": 48, "names that are not RaFD names": 1}
    assert sorted(set(table.splits)) == ["test", "train", "validation"]
    assert "skipped: 48 rows" in open_dataset(str(folder), 8).summary


def test_only_the_expressions_that_occur(tmp_path: Path) -> None:
    write(tmp_path / "faces", range(4), expressions=("sad", "happy"))
    (attribute,) = read_rafd(tmp_path / "faces").attributes
    assert attribute.values == ("happy", "sad")


def test_what_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    folder.mkdir()
    Image.new("L", (8, 8)).save(folder / "Rafd090_one_Caucasian_female_angry_frontal.jpg")
    assert not has_rafd(folder) and not has_rafd(tmp_path / "nowhere")
    write(folder, range(2))
    assert has_rafd(folder)
    with pytest.raises(UsageError, match="has only 2 RaFD persons with images from the cameras 045, 090, 135"):
        open_dataset(str(folder), 8)
    with pytest.raises(UsageError, match="unknown attribute of RaFD 'gaze'"):
        open_dataset(str(folder), 8, attributes=("gaze",))
    write(folder, range(2, 4))
    write(tmp_path / "angry", range(4), expressions=("angry",))
    with pytest.raises(UsageError, match="only one RaFD expression, angry"):
        open_dataset(str(tmp_path / "angry"), 8)
    with pytest.raises(UsageError, match="this method translates between spaces"):
        open_dataset(str(folder), 8, takes="spaces")
