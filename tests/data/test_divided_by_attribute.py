"""Labeled data as two spaces by one of its attributes: which image is where, in which split, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

import viceversa as vv
from cli.own import SMALL, celeba, exit_code, people, save_zoo
from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.data.dataset import Dataset
from viceversa.data.files.sides import divided_table, sides
from viceversa.data.files.tables import Table
from viceversa.data.sets.avatars import labels_of, render
from viceversa.data.sources import absolute, open_dataset
from viceversa.errors import UsageError

KINDS = (Binary("glasses"), OneOf("hair", ("black", "blond", "brown")), OneOf("animal", ("cat", "dog")), Graded("age", 5, 18, 90))


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    people(Path("people"))


@pytest.mark.parametrize(
    ("asked", "spaces", "second"),
    [
        ("glasses", ("not-glasses", "glasses"), [True, False, True, True]),
        ("glasses=yes", ("not-glasses", "glasses"), [True, False, True, True]),
        ("glasses=no", ("glasses", "not-glasses"), [False, True, False, False]),
        ("hair=blond", ("not-blond", "blond"), [False, True, True, False]),
        ("animal", ("cat", "dog"), [True, True, False, True]),
        ("animal=cat", ("dog", "cat"), [False, False, True, False]),
    ],
)
def test_the_spaces_of_an_attribute(asked: str, spaces: tuple[str, str], second: list[bool]) -> None:
    labels = torch.tensor([[1, 1, 0, 0, 0, 1, 0.5], [0, 0, 1, 0, 0, 1, 0], [1, 0, 1, 0, 1, 0, 1], [1, 0, 0, 1, 0, 1, 0]])
    table = Table(("a", "b", "c", "d"), ("train", "test", "train", "validation"), KINDS, labels)
    found = divided_table(table, asked, "people")
    assert sides(KINDS, asked, "people").spaces == spaces
    order = sorted(range(4), key=lambda row: second[row])
    assert found.files == tuple("abcd"[row] for row in order) and found.splits == tuple(table.splits[row] for row in order)
    assert found.spaces == tuple(spaces[second[row]] for row in order)
    assert found.attributes == () and found.labels.shape == (4, 0)


@pytest.mark.parametrize(
    ("asked", "spaces", "files"),
    [
        ("hair=black,blond", ("black", "blond"), (["a"], ["b", "c"])),
        ("hair=blond,brown", ("blond", "brown"), (["b", "c"], ["d"])),
        ("glasses=yes,no", ("glasses-yes", "glasses-no"), (["a", "c", "d"], ["b"])),
        ("age=18,54", ("age-18", "age-54"), (["b", "d"], ["a", "c"])),
        ("age=60,18", ("age-60", "age-18"), (["c"], ["b", "d"])),
    ],
)
def test_the_spaces_of_two_values(asked: str, spaces: tuple[str, str], files: tuple[list[str], list[str]]) -> None:
    """Images of neither are left out; of a number, those up to one value and from the other on: ages are 54, 18, 90, 18."""
    labels = torch.tensor([[1, 1, 0, 0, 0, 1, 0.5], [0, 0, 1, 0, 0, 1, 0], [1, 0, 1, 0, 1, 0, 1], [1, 0, 0, 1, 0, 1, 0]])
    table = Table(("a", "b", "c", "d"), ("train",) * 4, KINDS, labels)
    found = divided_table(table, asked, "people")
    assert sides(KINDS, asked, "people").spaces == spaces
    assert found.files == (*files[0], *files[1])
    assert found.spaces == tuple(space for space, own in zip(spaces, files, strict=True) for _ in own)


def test_graded_spaces_have_names_without_dots() -> None:
    """Networks are kept by the names of spaces, and those of PyTorch cannot have dots."""
    assert sides(KINDS, "age=20.5,60", "people").spaces == ("age-20_5", "age-60")


def test_a_value_that_no_image_has_is_named() -> None:
    labels = torch.tensor([[1.0, 1, 0, 0, 0, 1, 0.5], [0, 0, 0, 1, 0, 1, 0.4]])  # black and brown hair, ages of 54 and 46.8
    table = Table(("a", "b"), ("train",) * 2, KINDS, labels)
    for asked, said in (
        ("hair=black,blond", "no image of people has hair=blond: name another value."),
        ("age=18,50", "no image of people has age=18 or beyond: name another value."),
        (
            "animal",
            "all 2 images of people have animal=dog, and two spaces need images with and without it: name another attribute.",
        ),
    ):
        with pytest.raises(UsageError) as error:
            divided_table(table, asked, "people")
        assert str(error.value) == said


def images_of(dataset: Dataset, split: str) -> dict[str, np.ndarray]:
    """Each image of a split by its id."""
    return {
        name: images.pixels[row] for images in dataset.splits[split].values() for row, name in enumerate(images.ids)
    }  # fmt: skip


@pytest.mark.parametrize(("folder", "attribute"), [("celeba", "Male"), ("celeba", "Young"), ("people/faces.csv", "glasses")])
def test_every_image_is_in_the_space_of_its_label_and_in_its_split(folder: str, attribute: str) -> None:
    if folder == "celeba":
        celeba(Path("celeba"))
    whole = open_dataset(folder, 16, attributes=(attribute,))
    both = open_dataset(f"{folder}:{attribute}", 16)
    assert list(both.space.images) == [f"not-{attribute}", attribute] and not both.space.attributes
    for split, spaces in whole.splits.items():
        images = spaces[whole.space.only]
        has = {name for name, label in zip(images.ids, images.labels.tolist(), strict=True) if label[0]}
        assert set(both.splits[split][attribute].ids) == has != set()
        assert set(both.splits[split][f"not-{attribute}"].ids) == set(images.ids) - has != set()
        assert all(part.labels is None for part in both.splits[split].values())
        pixels = images_of(whole, split)
        assert all((pixels[name] == image).all() for name, image in images_of(both, split).items())
    assert attribute in both.name and both.name != open_dataset(f"{folder}:{attribute}=no", 16).name


def test_hair_of_celeba_leaves_out_people_without_one_of_the_three_colors() -> None:
    celeba(Path("celeba"))
    dataset = open_dataset("celeba:hair=blond", 16)
    assert list(dataset.space.images) == ["not-blond", "blond"]
    bits = open_dataset("celeba", 16, attributes=("Blond_Hair",))
    for split, spaces in bits.splits.items():
        (images,) = spaces.values()
        blond = {name for name, label in zip(images.ids, images.labels.tolist(), strict=True) if label[0]}
        assert set(dataset.splits[split]["blond"].ids) == blond


def test_stargans_splits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viceversa.data.files.celeba.STARGAN_TEST", 6)
    celeba(Path("celeba"))
    whole, both = open_dataset("celeba:stargan-split", 16), open_dataset("celeba:stargan-split:Young", 16)
    for split, spaces in both.splits.items():
        assert {name for images in spaces.values() for name in images.ids} == set(whole.splits[split]["images"].ids)


def test_hugging_faces_need_the_value_as_their_splits_have_a_colon_too() -> None:
    save_zoo()
    for spec in ("hf:zoo:animal=dog", "hf:zoo:test:animal=dog"):
        dataset = open_dataset(spec, 16)
        assert list(dataset.space.images) == ["cat", "dog"] and absolute(spec).startswith("hf:/")
        assert all(int(name.rpartition("/")[2]) % 2 for name in dataset.splits["train"]["dog"].ids)
        assert open_dataset(absolute(spec), 16).name == dataset.name
    with pytest.raises(UsageError, match="unknown split of 'zoo': 'animal'"):
        open_dataset("hf:zoo:animal", 16)


def test_drawn_sets_too_with_their_true_edits(drawn: None) -> None:
    dataset = open_dataset("avatars:beard", 32)
    plain, bearded = dataset.splits["validation"].values()
    people = np.array([int(name) for name in plain.ids[:3]])
    wanted = labels_of(people.tolist())
    assert not wanted[:, 4].any() and all(labels_of([int(name)])[0, 4] for name in bearded.ids)
    wanted[:, 4] = 1
    made = dataset.truth("validation", "not-beard", np.arange(3), "beard", None)
    assert (made == render(people.tolist(), wanted, 32)).all()
    assert open_dataset("avatars:hair=blond", 32).truth is None, "not-blond is two colors"
    hair, name = open_dataset("avatars:hair=black,blond", 32), "avatars:hair=black,blond"
    people = np.array([int(name) for name in hair.splits["validation"]["black"].ids[:3]])
    wanted = labels_of(people.tolist())
    assert wanted[:, 0].all() and absolute(name) == name
    wanted[:, :2] = [0, 1]
    assert (hair.truth("validation", "black", np.arange(3), "blond", None) == render(people.tolist(), wanted, 32)).all()
    assert open_dataset("avatars:glasses", 32).name == "avatars-glasses-32-v1", "as it was"


WRONG = {
    "people/faces.csv:glases": r"unknown attribute 'glases'. Did you mean 'glasses'\? Known: hair, glasses, age\.",
    "people/faces.csv:age": r"'age' of faces is a number, 18 to 57, .* name them, as in age=18,57",
    "people/faces.csv:age=40": r"'age' of faces is a number",
    "people/faces.csv:age=40,40": r"two spaces need two different values: age=40,40 does not name these",
    "people/faces.csv:hair=blond,dark brown,red": r"two spaces need two different values",
    "people/faces.csv:hair=blond,": r"two spaces need two different values",
    "people/faces.csv:hair=blond,red": r"unknown value of hair 'red'",
    "people/faces.csv:glasses=maybe": r"unknown value of glasses 'maybe'\. Known: yes, no\.",
    "people/faces.csv:hair=red": r"unknown value of hair 'red'",
    "people:glasses": r"'people' has no attribute table with 'glasses', and domains in folders are spaces already: .* ':glasses'\.",
    "nowhere:glasses": r"unknown data set 'nowhere:glasses'",
    "celeba:Mal": r"unknown attribute of CelebA 'Mal'\. Did you mean 'Male'\?",
    "celeba:Bald": r"not every value of Bald occurs in 'celeba': choose other attributes\.",
    "rare.csv:beard": r"rare-beard has no test images of 'beard', but each of train, validation, test needs some",
}


def refused(spec: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"^{said}") as error:
        open_dataset(spec, 32)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("spec", WRONG)
def test_what_is_refused_in_one_line(spec: str) -> None:
    celeba(Path("celeba"))
    rows = [
        f"people/faces/{row}.png,{('train', 'validation', 'test')[row // 4]},{'yes' if row in (1, 5) else 'no'}"
        for row in range(12)
    ]
    Path("rare.csv").write_text("\n".join(["file,split,beard", *rows]) + "\n")
    refused(spec, WRONG[spec])


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("avatars:hair", r"'hair' of avatars is one of 'black', 'blond', 'brown': name one, as in hair=black\."),
        ("avatars:tone", r"'tone' of avatars is a number, 0 to 1"),
        ("avatars:bird", r"unknown attribute 'bird'\. Did you mean 'beard'\?"),
    ],
)
def test_what_is_refused_of_drawn_sets_before_they_are_drawn(spec: str, said: str) -> None:
    refused(spec, said)
    assert not Path("cache").exists()


def test_one_side_only_attributes_twice_and_pairs() -> None:
    table = Table(("a", "b"), ("train", "test"), (Binary("glasses"),), torch.ones(2, 1))
    for asked, value in (("glasses", "yes"), ("glasses=no", "yes")):
        with pytest.raises(UsageError, match=rf"^all 2 images of people have glasses={value}, .*: name another attribute\.$"):
            divided_table(table, asked, "people")
    with pytest.raises(UsageError, match=r"names its attribute already: leave out `attributes` \(you gave hair\)"):
        open_dataset("people/faces.csv:glasses", 16, attributes=("hair",))
    with pytest.raises(UsageError, match=r"needs pairs of images, but people/faces\.csv:glasses has no pairs"):
        open_dataset("people/faces.csv:glasses", 16, takes="pairs")


@pytest.mark.parametrize(
    ("spec", "remedy"),
    [
        ("people/faces.csv", "divide the images by an attribute, as in DATA:hair, or add a column 'space'"),
        ("celeba", "divide the images by an attribute, as in DATA:Black_Hair, or"),
        ("avatars", "Divide it by an attribute, as in DATA:hair=black."),
    ],
)
def test_a_method_between_spaces_points_to_it(drawn: None, spec: str, remedy: str, capsys: pytest.CaptureFixture[str]) -> None:
    celeba(Path("celeba"))
    assert exit_code("train", "cyclegan", "--data", spec, "--size", "32", "--out", "none") == 2
    said = capsys.readouterr().err
    assert remedy in said.splitlines()[-1], said


def test_a_path_that_has_a_colon_is_that_path() -> None:
    Path("people").rename("people:glasses")
    dataset = open_dataset("people:glasses/faces.csv", 16)
    assert [attribute.name for attribute in dataset.space.attributes] == ["hair", "glasses", "age"]
    assert list(open_dataset("people:glasses/faces.csv:hair=blond", 16).space.images) == ["dark brown", "blond"]


def test_it_trains_goes_on_and_translates() -> None:
    small = {**SMALL, "settings": {"method.width": 4, "method.blocks": 1, "method.critic_width": 4, "method.critic_layers": 1}}
    vv.train("cyclegan", data="people/faces.csv:glasses", out="run", until=1, best="none", **small)
    vv.train("cyclegan", data="people/faces.csv:glasses", out="run", resume=True, best="none", **small)
    model = vv.load("run")
    assert model.record.recipe.data == f"{Path('people/faces.csv').resolve()}:glasses"
    assert model.translate("people/faces/3.png", "not-glasses").size == (16, 16)


def test_it_is_written_out_by_space() -> None:
    assert exit_code("data", "people/faces.csv:glasses", "out", "--size", "16") == 0
    rows = list(csv.DictReader(Path("out/table.csv").read_text().splitlines()))
    assert {row["space"] for row in rows} == {"glasses", "not-glasses"} and len(rows) == 40
    again = open_dataset("out", 16, takes="spaces")
    assert {split: {name: len(each) for name, each in spaces.items()} for split, spaces in again.splits.items()} == {
        split: {name: len(each) for name, each in spaces.items()}
        for split, spaces in open_dataset("people/faces.csv:glasses", 16).splits.items()
    }
