"""The size of own images where none is asked for: chosen from them, said, kept in recipe.json, and the same for all commands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

import viceversa as vv
from cli.own import TINY, exit_code
from viceversa.data.cache.store import FolderFiles
from viceversa.data.dataset import Dataset
from viceversa.data.files.sizes import chosen_size
from viceversa.data.sources import _at_one_size, open_dataset
from viceversa.evaluation.candidates.named import data_of
from viceversa.recipes import TABLE
from viceversa.recipes.published import PUBLISHED
from viceversa.runs.record import read_record

SMALL = {"steps": 2, "batch": 2, "labeller": False, "precision": "fp32"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def photos(folder: str, count: int, size: tuple[int, int]) -> None:
    """Pictures of one color, width x height."""
    Path(folder).mkdir(parents=True)
    for number in range(count):
        Image.new("RGB", size, (number, 0, 0)).save(f"{folder}/{number}.png")


def choose(*sides: int, crop: int | None = None, halves: bool = False) -> int:
    names = []
    for number, side in enumerate(sides):
        Image.new("L", (2 * side + 1, side)).save(f"{number}.png")
        names.append(f"{number}.png")
    return chosen_size(FolderFiles(Path()), [names], crop=crop, halves=halves)[0]


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(
    ("side", "size"), [(20, 32), (63, 32), (64, 64), (127, 64), (128, 128), (255, 128), (256, 256), (600, 256)]
)
def test_the_largest_that_is_not_above_the_short_side(side: int, size: int) -> None:
    assert choose(side) == choose(side, halves=True) == size


@pytest.mark.usefixtures("gpu")
def test_half_of_the_images_may_be_smaller() -> None:
    assert choose(300, 300, 300, 40, 70) == 256
    assert choose(300, 40, 300, 70, 70) == 64
    assert choose(300, crop=178) == 128
    Path("0.png").write_bytes(b"broken")
    assert chosen_size(FolderFiles(Path()), [["0.png"]], crop=None, halves=False)[0] == 32


def test_at_most_64_on_a_cpu() -> None:
    assert choose(600) == 64 and choose(40) == 32


def test_every_source_of_own_images(monkeypatch: pytest.MonkeyPatch) -> None:
    photos("pets/cat", 3, (100, 70))
    photos("pets/dog", 3, (100, 70))
    photos("maps", 3, (140, 70))
    photos("style", 1, (300, 200))
    rows = [f"cat/{number}.png,{number % 2}" for number in range(3)] + [f"dog/{number}.png,{number % 2}" for number in range(3)]
    Path("pets.csv").write_text("file,split,old\n" + "\n".join(
        f"pets/{row.replace(',', f',{split},')}" for row, split in zip(rows, ["train"] * 4 + ["validation", "test"], strict=True)
    ))  # fmt: skip
    for spec, takes in (("pets", "labels"), ("pets", "spaces"), ("maps", "pairs"), ("pets.csv", "labels")):
        dataset = open_dataset(spec, takes=takes)  # type: ignore[arg-type]
        assert dataset.size == 64 and {image.height for image in dataset.space.images.values()} == {64}
        assert "size: 64 px, chosen from the images (median short side 70, at most 64 on a CPU; set `size`" in dataset.summary
        assert "chosen" not in open_dataset(spec, 16, takes=takes).summary  # type: ignore[arg-type]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert open_dataset("a=style,b=pets/cat", takes="spaces").size == 64, "the least of all, for all"
    assert open_dataset("a=style,b=style", takes="spaces").size == 128


def test_own_images_beside_drawn_ones_have_their_size() -> None:
    photos("style", 1, (300, 200))
    photos("pets/a", 3, (100, 70))
    photos("pets/b", 3, (100, 70))
    dataset, asked = open_dataset("pets"), []

    def one(spec: str, *, size: int | None) -> Dataset:
        asked.append((spec, size))
        return replace(dataset, size=size)

    _at_one_size("a=style,b=toons", one, None)
    assert asked == [("style", 32), ("toons", 32)]
    _at_one_size("a=style,b=toons", one, 48)
    assert asked[2:] == [("style", 48), ("toons", 48)]


def test_published_recipes_alone_have_a_size() -> None:
    assert {entry.name for entry in TABLE if (entry().size is None) == (entry in PUBLISHED)} == set()


def test_a_run_says_and_keeps_the_size(capsys: pytest.CaptureFixture[str]) -> None:
    photos("h2z/trainA", 6, (90, 70))
    photos("h2z/trainB", 6, (70, 90))
    vv.train("cyclegan", data="h2z", out="run", settings=TINY, until=1, **SMALL)
    said = capsys.readouterr().err
    assert "size: 64 px, chosen from the images (median short side 70" in said
    assert said.index("size: 64") < said.index("domain") + 400, "among the first lines"
    assert json.loads(Path("run/recipe.json").read_text())["recipe"]["size"] == 64
    assert read_record(Path("run")).space.images["A"].height == 64
    photos("more/trainA", 6, (30, 30))
    photos("more/trainB", 6, (30, 30))
    assert exit_code("train", "cyclegan", "--out", "run", "--resume") == 0
    assert data_of(["run"], "more", None).space.images["A"].height == 64, "that of the run"
    assert exit_code("translate", "run", "h2z/trainA/0.png", "--to", "B", "--out", "o") == 0
    assert Image.open("o/0.png").size == (64, 64)


def test_data_and_chains_choose_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    photos("pets/cat", 6, (90, 70))
    photos("pets/dog", 6, (70, 90))
    assert exit_code("data", "pets", "copy") == 0
    assert exit_code("chains", "pets", "asked", "--cycles", "1") == 0
    assert capsys.readouterr().err.count("size: 64 px, chosen") == 2
    assert Image.open("asked/sources/000000.png").size == (64, 64)
