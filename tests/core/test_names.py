"""Names with marks: composed or decomposed, on disk, in tables and on the command line, they are the same names."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from PIL import Image

import viceversa as vv
from cli.own import TINY, exit_code
from viceversa.core.attributes import Binary, OneOf
from viceversa.core.names import composed
from viceversa.core.space import ImageSpec, Space
from viceversa.data.joined_spaces import parts_of
from viceversa.data.sources import absolute, open_dataset
from viceversa.errors import UsageError

TREES, ROADS = "Bäume", "Straßén"
APART = {name: unicodedata.normalize("NFD", name) for name in (TREES, ROADS)}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def plant(*folders: str) -> None:
    for number, folder in enumerate(folders):
        Path(folder).mkdir(parents=True)
        for each in range(6):
            Image.new("RGB", (8, 8), (number, 9 * each, 0)).save(f"{folder}/é{each}.png")


def test_the_names_are_two() -> None:
    assert all(name != apart and composed(apart) == name for name, apart in APART.items())


def test_domains_of_both_forms_are_one(tmp_path: Path) -> None:
    plant(f"data/train/{APART[TREES]}", f"data/train/{ROADS}", f"data/test/{TREES}", f"data/test/{APART[ROADS]}")
    for takes in ("labels", "spaces"):
        dataset = open_dataset("data", 8, takes="labels" if takes == "labels" else "spaces")
        names = dataset.space.attributes[0].values if takes == "labels" else tuple(dataset.space.images)
        assert names == (TREES, ROADS)
        assert sum(map(len, dataset.splits["test"].values())) == 12


def test_a_path_is_found_in_both_forms() -> None:
    plant(f"{APART[TREES]}/{APART[ROADS]}/a", f"{APART[TREES]}/{APART[ROADS]}/b")
    assert open_dataset(f"{TREES}/{ROADS}", 8).name == open_dataset(f"{APART[TREES]}/{APART[ROADS]}", 8).name
    assert absolute(f"{TREES}/{ROADS}:spaces") == f"{Path.cwd()}/{APART[TREES]}/{APART[ROADS]}:spaces"
    with pytest.raises(UsageError, match="unknown data set"):
        open_dataset("Baume", 8)


def test_pairs_of_both_forms_are_pairs() -> None:
    plant("data/A", "data/B")
    for file in Path("data/A").iterdir():
        file.rename(file.with_name(unicodedata.normalize("NFD", file.name)))
    assert len(open_dataset("data", 8, takes="pairs").splits["train"]["A"]) == 4


def test_sources_of_both_forms() -> None:
    assert parts_of(f"{APART[TREES]}=x,{ROADS}=y") == {TREES: "x", ROADS: "y"}
    with pytest.raises(UsageError, match="names a source twice"):
        parts_of(f"{APART[TREES]}=x,{TREES}=y")


@pytest.mark.parametrize("known", [TREES, APART[TREES]], ids=["composed", "apart"])
def test_attributes_and_values_and_spaces(known: str) -> None:
    space = Space({known: ImageSpec(3, 8, 8), "b": ImageSpec(3, 8, 8)}, (OneOf(known, (known, "x")), Binary("é")))
    for asked in (TREES, APART[TREES]):
        assert space.parse(f"{asked}={asked}, é=yes") == {known: [1.0, 0.0], "é": [1.0]}
        assert space.called(asked) == known
    with pytest.raises(UsageError, match="twice"):
        space.parse(f"{TREES}=x,{APART[TREES]}=x")


@pytest.mark.parametrize("recipe", ["stargan", "cyclegan"])
def test_translate_takes_both_forms(recipe: str, capsys: pytest.CaptureFixture[str]) -> None:
    plant(f"data/{APART[TREES]}", f"data/{ROADS}")
    small = {"size": 16, "steps": 1, "batch": 2, "labeller": False, "quiet": True, "precision": "fp32"}
    vv.train(recipe, data="data", out="run", settings=TINY, **small)
    Image.new("RGB", (8, 8)).save("x.png")
    for number, (trees, roads) in enumerate(((TREES, ROADS), (APART[TREES], APART[ROADS]))):
        before, after = (f"domain={trees}", f"domain={roads}") if recipe == "stargan" else (trees, roads)
        assert exit_code("translate", "run", "x.png", "--from", before, "--to", after, "--out", f"o{number}") == 0
        assert (
            exit_code(
                "translate", "run", "x.png", *(["--from", before] * (recipe == "stargan")), "--to", after, "--out", f"p{number}"
            )
            == 0
        )
    assert capsys.readouterr().out.count(f"{ROADS})") == 4
