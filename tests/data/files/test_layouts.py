"""Layouts of folders: which images are of which split and domain, what is said, and that no image is lost in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from viceversa.data.dataset import Dataset
from viceversa.data.files.folders import completed
from viceversa.data.files.layouts import layout_of, split_named, undivided
from viceversa.data.files.listing import Listing, listing
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError

Tree = dict[str, int]
"""folder -> how many images, of a color of its own, lie right in it; names that end with a suffix are of that suffix."""
Counts = dict[str, tuple[int, int, int]]
"""domain -> images to train, to validate and to test on."""

PETS = {"Train/cat": 10, "Train/dog": 10, "Test/cat": 3, "Test/dog": 4}
GOOD: list[tuple[str, Tree, Counts, list[str]]] = [
    ("a folder a domain", {"cat": 10, "dog": 20}, {"cat": (8, 1, 1), "dog": (16, 2, 2)}, []),
    (
        "splits in capitals", PETS, {"cat": (9, 1, 3), "dog": (9, 1, 4)},
        ["splits: train is 'Train'; test is 'Test'", "no validation images: a tenth of the training images"],
    ),
    (
        "splits by other names", {"TRAINING/a": 9, "TRAINING/b": 9, "valid/a": 2, "valid/b": 3, "Testing/a": 4, "Testing/b": 5},
        {"a": (9, 2, 4), "b": (9, 3, 5)}, ["train is 'TRAINING'; validation is 'valid'; test is 'Testing'"],
    ),
    (
        "results beside the splits", {**PETS, "results": 5, "logs": 0}, {"cat": (9, 1, 3), "dog": (9, 1, 4)},
        ["ignored: the folder 'results' with 5 images", "ignored: the folder 'logs' with 0 images"],
    ),
    (
        "folders of systems", {**PETS, "__MACOSX/Train/cat": 3, "Train/.ipynb_checkpoints": 2, "@eaDir": 1, "$RECYCLE.BIN": 1},
        {"cat": (9, 1, 3), "dog": (9, 1, 4)},
        ["because hidden or made by a system: '$RECYCLE.BIN', '@eaDir', 'Train/.ipynb_checkpoints' and 1 more"],
    ),
    (
        "hidden domains", {"cat": 10, "dog": 10, ".ipynb_checkpoints": 4, "__MACOSX": 4},
        {"cat": (8, 1, 1), "dog": (8, 1, 1)}, ["'.ipynb_checkpoints', '__MACOSX'"],
    ),
    ("an empty class", {"cat": 10, "dog": 10, "bird": 0}, {"cat": (8, 1, 1), "dog": (8, 1, 1)}, ["no images: 'bird'"]),
    (
        "a class of files of another kind", {"cat": 10, "dog": 10, "bird.heic": 5}, {"cat": (8, 1, 1), "dog": (8, 1, 1)},
        ["skipped, because they have no images: 'bird' (5 .heic", "ignored: 5 .heic (not read: convert them to JPEG or PNG)"],
    ),
    (
        "a class that is not tested on", {**PETS, "Train/bird": 10, "Test/bird": 0},
        {"bird": (8, 1, 1), "cat": (9, 1, 3), "dog": (9, 1, 4)}, ["no test images of 'bird': a tenth of the training images"],
    ),
    (
        "images beside the domains", {**PETS, "": 2, "Train": 1}, {"cat": (9, 1, 3), "dog": (9, 1, 4)},
        ["ignored: 3 images beside the folders of domains, such as '0.png'"],
    ),
    ("domains called as a space", {"images": 10, "labels": 20}, {"images": (8, 1, 1), "labels": (16, 2, 2)}, ["data: 30 images"]),
    ("domains with folders", {"cat/a": 5, "cat/b": 5, "dog/x/y": 10}, {"cat": (8, 1, 1), "dog": (8, 1, 1)}, []),
    ("vehicles", {"car": 10, "plane": 10, "train": 10}, {"car": (8, 1, 1), "plane": (8, 1, 1), "train": (8, 1, 1)}, []),
    ("one letter that is none", {"cars": 10, "trains": 10}, {"cars": (8, 1, 1), "trains": (8, 1, 1)}, []),
    ("capitals", {"CARS": 10, "TRAINS": 10}, {"CARS": (8, 1, 1), "TRAINS": (8, 1, 1)}, []),
    (
        "split folders of the same split", {"train/a": 8, "train/b": 8, "Train/a": 4, "test/a": 2, "test/b": 2},
        {"a": (11, 1, 2), "b": (7, 1, 2)}, ["train is 'Train', 'train'"],
    ),
    (
        "four letters", {f"{split}{letter}": count for split, count in (("train", 6), ("test", 3)) for letter in "ABCD"},
        dict.fromkeys("ABCD", (6, 3, 3)), ["the test images serve for validation too"],
    ),
    ("letters in other cases", {"TrainA": 10, "train_b": 10, "TestA": 2, "TESTB": 3}, {"A": (10, 2, 2), "B": (10, 3, 3)}, []),
    (
        "letters without testB", {"trainA": 10, "trainB": 20, "testA": 3}, {"A": (10, 3, 3), "B": (16, 2, 2)},
        ["no test images of 'B': a tenth of the training images"],
    ),
    (
        "letters with an empty testB", {"trainA": 10, "trainB": 20, "testA": 3, "testB": 0}, {"A": (10, 3, 3), "B": (16, 2, 2)},
        ["no test images of 'B': a tenth of the training images"],
    ),
    ("letters to train on alone", {"trainA": 10, "trainB": 10}, {"A": (8, 1, 1), "B": (8, 1, 1)}, ["no test images: a tenth"]),
    (
        "letters and more", {"trainA": 10, "trainB": 10, "testA": 3, "testB": 3, "results": 7, "valA": 2, "valB": 2},
        {"A": (10, 2, 3), "B": (10, 2, 3)}, ["ignored: the folder 'results' with 7 images"],
    ),
]  # fmt: skip

BAD: list[tuple[str, Tree, str]] = [
    ("a class that is only tested on", {**PETS, "Test/bird": 2}, "test images of 'bird', but no training images of it"),
    ("a class in another case", {"train/cat": 9, "train/dog": 9, "test/Cat": 3, "test/dog": 3}, "'Cat', but .* 'cat', 'dog'"),
    ("a letter that is only tested on", {"trainA": 9, "trainB": 9, "testC": 3}, "test images of 'C'"),
    ("one letter", {"trainA": 10, "testA": 3}, "at least two, and has images of only 'A'"),
    (
        "an unclear train",
        {"train/steam": 10, "train/diesel": 10, "car": 10},
        "has 'train' beside 'car': if the first is a split, move",
    ),
    ("a test without train", {"cat": 10, "dog": 10, "test": 10}, "has 'test', named like a split, but no folder 'train'"),
    ("splits without domains", {"train": 10, "test": 10}, "at least two, and has 20 images outside the folders of domains"),
    ("two domains of which one is empty", {"cat": 10, "dog.heic": 10}, r"images of only 'cat', no images in 'dog' \(10 .heic"),
    ("nothing that is read", {"cat.heic": 3, "dog.mp4": 2}, "heic"),
    ("too few", {"cat": 10, "dog": 2}, "has no train images of 'dog'"),
]


def plant(root: Path, tree: Tree) -> Path:
    for number, (place, count) in enumerate(tree.items()):
        suffix = next((each for each in ("heic", "mp4") if place.endswith(f".{each}")), "")
        name = place.removesuffix(f".{suffix}")
        (root / name).mkdir(parents=True, exist_ok=True)
        for each in range(count):
            if suffix:
                (root / name / f"{each}.{suffix}").write_bytes(b"no image")
            else:
                Image.new("RGB", (8, 8), (number, 7 * each, 90)).save(root / name / f"{each}.png")
    return root


def counted(dataset: Dataset) -> Counts:
    """Images by domain, whether the domains are labels or spaces."""
    spaces = list(dataset.space.images)
    if len(spaces) > 1:
        each = {space: [len(dataset.splits[split][space]) for split in ("train", "validation", "test")] for space in spaces}
    else:
        parts = [dataset.splits[split][spaces[0]].labels for split in ("train", "validation", "test")]
        domains = dataset.space.attributes[0].values
        each = {name: [0 if part is None else int(part[:, column].sum()) for part in parts] for column, name in enumerate(domains)}
    return {name: (one, two, three) for name, (one, two, three) in each.items()}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("takes", ["labels", "spaces"])
@pytest.mark.parametrize(("tree", "domains", "said"), [each[1:] for each in GOOD], ids=[each[0] for each in GOOD])
def test_domains_and_splits_and_what_is_said(tmp_path: Path, takes: str, tree: Tree, domains: Counts, said: list[str]) -> None:
    dataset = open_dataset(str(plant(tmp_path / "data", tree)), 8, takes="labels" if takes == "labels" else "spaces")
    assert counted(dataset) == domains
    told = dataset.summary
    for line in said:
        assert line in told
    for domain, numbers in domains.items():
        assert any(line.split() == [domain, *map(str, numbers)] for line in told.splitlines()), told


@pytest.mark.parametrize(("tree", "refused"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_what_can_be_read_in_two_ways_is_refused(tmp_path: Path, tree: Tree, refused: str) -> None:
    for takes in ("labels", "spaces"):
        with pytest.raises(UsageError, match=refused) as error:
            open_dataset(str(plant(tmp_path / "data", tree)), 8, takes="labels" if takes == "labels" else "spaces")
        assert "\n" not in str(error.value)


def test_pairs_in_splits_of_other_names_beside_results(tmp_path: Path) -> None:
    tree = {"Train": 8, "Valid": 2, "results": 3, "__MACOSX": 3}
    for name, count in tree.items():
        (tmp_path / "maps" / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (16, 8), (number, 0, 0)).save(tmp_path / "maps" / name / f"{name}{number}.png")
    dataset = open_dataset(str(tmp_path / "maps"), 8, takes="pairs")
    assert counted(dataset) == {"A": (7, 2, 1), "B": (7, 2, 1)} and dataset.summary.startswith("maps: 20 images\n")
    assert "ignored: the folder 'results' with 3 images" in dataset.summary and "no test images" in dataset.summary


def test_a_link_to_a_domain_is_followed_and_one_inside_is_told(tmp_path: Path) -> None:
    plant(tmp_path, {"data/train/cat": 10, "data/test/cat": 3, "data/test/dog": 3, "elsewhere": 10})
    (tmp_path / "data" / "train" / "dog").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "data" / "train" / "cat" / "more").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    dataset = open_dataset(str(tmp_path / "data"), 8)
    assert counted(dataset) == {"cat": (9, 1, 3), "dog": (9, 1, 3)}
    assert "ignored, because links to folders are not followed: 'train/cat/more'" in dataset.summary


NAMES = st.sampled_from([
    "train", "Train", "TRAINING", "test", "Testing", "val", "VALID", "trainA", "trainB", "TrainC", "testA", "test_b", "valA", "cat",
    "dog", "Cat", "images", ".git", "__MACOSX", "results", "trains", "A",
])  # fmt: skip


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(st.tuples(NAMES, st.one_of(st.just(""), NAMES)), st.integers(0, 4), max_size=8), st.integers(0, 2))
def test_every_image_has_one_place_or_is_told(folders: dict[tuple[str, str], int], loose: int) -> None:
    places = {"/".join(filter(None, names)): count for names, count in folders.items() if not {".git", "__MACOSX"} & {*names}}
    files = [f"{place}/{number}.png" for place, count in places.items() for number in range(count)]
    files += [f"{number}.png" for number in range(loose)]
    tops = {place.partition("/")[0] for place in places}
    found = Listing(tuple(sorted(files)), tuple(sorted({*places, *tops})))
    for read in (lambda: layout_of(found, "data"), lambda: undivided(found)):
        try:
            layout = read()
        except UsageError:
            continue
        used = [file for domains in layout.parts.values() for files_ in domains.values() for file in files_]
        assert sorted([*used, *layout.ignored]) == sorted(files)
        told = "\n".join(layout.account())
        for top in {file.partition("/")[0] for file in layout.ignored if "/" in file}:
            assert repr(top) in told or "beside the folders of domains" in told
        if any("/" not in file for file in layout.ignored):
            assert "beside the folders of domains" in told
        if not set(layout.domains) >= {domain for domains in layout.parts.values() for domain in domains}:
            continue  # refused: images to test on of a domain that is not trained on
        parts, _ = completed(layout.parts, "spaces", lettered=layout.kind == "lettered")
        shared = [file for domains in parts.values() for files_ in domains.values() for file in files_]
        assert {*shared} == {*used}
        if layout.kind != "lettered":  # of which test images may serve for validation too
            assert len(shared) == len(used)


def test_the_listing_of_real_folders(tmp_path: Path) -> None:
    plant(tmp_path, {"a/b": 2, ".git": 1, "a/@eaDir": 1, "empty": 0, "films.mp4": 2})
    for name in ("a/._1.png", "a/.DS_Store", "a/Thumbs.db", "a/notes", "a/x.PNG.txt"):
        (tmp_path / name).write_bytes(b"")
    found = listing(tmp_path)
    assert found.images == ("a/b/0.png", "a/b/1.png") and found.folders == ("a", "a/b", "empty", "films")
    assert found.hidden == (".git", "a/._1.png", "a/@eaDir")
    assert found.account()[0] == "ignored: 2 .mp4, 1 without suffix, 1 .txt"
    assert listing(tmp_path / "a", deep=False).images == ()


@pytest.mark.parametrize(("name", "split"), [("Training", "train"), ("VAL", "validation"), ("testing", "test"), ("tests", "")])
def test_names_of_splits(name: str, split: str) -> None:
    assert split_named(name) == split
