"""The column `identity`: which image is the ground truth of which, where none is, what is refused, and how images are split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from viceversa.data.dataset import Dataset
from viceversa.data.files.checks import split_by_hash
from viceversa.data.files.tables import read_table
from viceversa.data.selected_attributes import with_attributes
from viceversa.data.sources import open_dataset
from viceversa.device import CPU
from viceversa.errors import UsageError
from viceversa.metrics.chain_protocol import Place, trial
from viceversa.metrics.labeller_examples import edits_of
from viceversa.recipes.settings import Training
from viceversa.training.examination import EDIT, FIRST_EDIT, examination

PEOPLE = {"train": ("ann", "bob"), "validation": ("cem",), "test": ("dan", "eve")}
COMPLETE = [
    (split, person, glasses, smile)
    for split, people in PEOPLE.items()
    for person in people
    for glasses in ("no", "yes")
    for smile in ("no", "yes")
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def table(rows: Iterable[Sequence[str]], titles: str = "split,identity,glasses,smile") -> str:
    """Write a table of images, each of one color that is its own, whose name is its cells."""
    Path("people").mkdir(exist_ok=True)
    lines = []
    for number, row in enumerate(rows):
        file = f"{number}-{'-'.join(row)}.png"
        Image.new("RGB", (16, 16), (number, 100, 200)).save(Path("people") / file)
        lines.append(",".join([file, *row]))
    Path("people/table.csv").write_text("\n".join([f"file,{titles}", *lines]) + "\n")
    return "people"


def edits(dataset: Dataset, source: str, target: str, labels: torch.Tensor | None = None) -> dict[str, str]:
    """The test images of a space and their true edits, by their names without number and suffix; "" for unknown ones."""
    test = dataset.splits["test"]
    positions = np.arange(len(test[source]))
    if labels is None and test[source].labels is not None:
        labels = 1 - test[source].labels
    assert dataset.truth is not None and dataset.known is not None
    asked = ("test", source, positions, target, labels)
    pixels, known = dataset.truth(*asked), dataset.known(*asked)
    assert not pixels[~known].any()
    of_color = {int(test[target].pixels[row, 0, 0, 0]): name for row, name in enumerate(test[target].ids)}
    found = [of_color[int(pixels[row, 0, 0, 0])] if known[row] else "" for row in positions]
    return dict(zip(map(called, test[source].ids), map(called, found), strict=True))


def called(file: str) -> str:
    return file.partition("-")[2].removesuffix(".png")


def refusal(path: Path = Path("people/table.csv")) -> str:
    with pytest.raises(UsageError) as refused:
        read_table(path)
    assert str(refused.value).isprintable(), "one line"
    return str(refused.value)


def test_the_truth_is_the_image_of_the_same_identity_with_the_labels_asked_for() -> None:
    dataset = open_dataset(table(COMPLETE), 16)
    assert [attribute.name for attribute in dataset.space.attributes] == ["glasses", "smile"]
    assert edits(dataset, "images", "images") == {
        f"test-{person}-{glasses}-{smile}": f"test-{person}-{other}-{opposite}"
        for person in PEOPLE["test"]
        for glasses, other in (("no", "yes"), ("yes", "no"))
        for smile, opposite in (("no", "yes"), ("yes", "no"))
    }
    assert dataset.summary.endswith(
        "identity: 5 identities, 20 images; ground truth for 100 % of the test images, with the opposite label"
    )


def test_what_is_missing_is_unknown_and_left_out_of_measures() -> None:
    rows = [row for row in COMPLETE if row[1:] not in (("dan", "yes", "yes"), ("cem", "no", "no"))]
    dataset = open_dataset(table(rows), 16)
    found = edits(dataset, "images", "images")
    assert found.pop("test-dan-no-no") == "" and all(found.values()) and len(found) == 6
    assert dataset.summary.endswith("18 images; ground truth for 85 % of the test images, with the opposite label")
    task = trial(dataset)
    assert task.known(Place("inv", 2, "8bit")).tolist() == [False] + 6 * [True]
    assert task.of([0]).truth(Place("inv", 0, "8bit")) is None, "of these none is known"
    assert task.known(Place("rec", 0, "8bit")).all()
    (pixels, labels), *more = edits_of(dataset, 100)
    assert len(pixels) == len(labels) == 6 and not more and pixels.any((1, 2, 3)).all()
    judged = examination(Path("run"), dataset, Training(steps=1, batch=2), CPU)
    truth = judged.task.truth(EDIT)
    assert judged.metric == "psnr_to_truth" and judged.measure is not None and truth is not None
    assert judged.task.known(EDIT).tolist() == [True, True, False], "of yes-yes"
    assert judged.measure({EDIT: truth, FIRST_EDIT: truth}) == 100


def test_an_image_is_the_truth_of_its_own_label() -> None:
    rows = [*COMPLETE, ("test", "dan", "no", "no")]
    dataset = open_dataset(table(rows), 16)
    own = edits(dataset, "images", "images", dataset.splits["test"]["images"].labels)
    assert all(image == edit for image, edit in own.items()), "where two images have it, too"


def test_one_of_several_equal_images_is_no_truth() -> None:
    dataset = open_dataset(table([*COMPLETE, ("test", "dan", "no", "no")]), 16)
    assert edits(dataset, "images", "images")["test-dan-yes-yes"] == ""
    (told,) = (line for line in dataset.summary.splitlines() if line.startswith("identity"))
    assert "(2 are no ground truth: another image has the same identity and labels)" in told


def test_a_table_whose_identities_have_one_label_each_says_so() -> None:
    labels = {"ann": "yes", "bob": "no", "cem": "yes", "dan": "no", "eve": "yes"}
    rows = [(split, person, labels[person]) for split, person, _, _ in [*COMPLETE[::4], COMPLETE[8]]]
    dataset = open_dataset(table(rows, "split,identity,glasses"), 16)
    assert dataset.truth is None and dataset.known is None
    assert "no ground truth, because no two images of an identity differ only in what is translated" in dataset.summary
    assert examination(Path("run"), dataset, Training(steps=1, batch=2), CPU).metric == "none"


def test_all_else_that_the_table_says_is_equal() -> None:
    """With some of the attributes, and between the spaces of one; columns that are to be ignored may differ."""
    whole = table([(*row, f"day{number}") for number, row in enumerate(COMPLETE)], "split,identity,glasses,smile,day")
    Path("people/schema.json").write_text('{"day": {"kind": "ignore"}}')
    one = open_dataset(whole, 16, attributes=("glasses",))
    found = edits(one, "images", "images")
    assert len(found) == 8 and all(edit.split("-")[1:2] + edit.split("-")[3:4] == image.split("-")[1:2] + image.split("-")[3:4]
                                   and edit.split("-")[2] != image.split("-")[2] for image, edit in found.items())  # fmt: skip
    both = open_dataset(f"{whole}:glasses", 16, takes="spaces")
    there, back = edits(both, "not-glasses", "glasses"), edits(both, "glasses", "not-glasses")
    assert {**there, **back} == found and {edit: image for image, edit in there.items()} == back
    assert both.summary.endswith("ground truth for 100 % of the test images, of 'not-glasses' in 'glasses'")
    Path("people/schema.json").write_text('{"day": {"kind": "one-of"}}')
    assert open_dataset(whole, 16, attributes=("glasses",)).truth is None, "the day is another"


def test_attributes_selected_of_an_opened_set_leave_the_others() -> None:
    whole = open_dataset(table([row for row in COMPLETE if row[1:] != ("eve", "yes", "no")]), 16)
    found = edits(with_attributes(whole, ("glasses",)), "images", "images")
    assert found["test-dan-no-yes"] == "test-dan-yes-yes" and found["test-eve-no-no"] == ""


def test_spaces_of_a_column() -> None:
    rows = [(split, person, smile, space) for split, person, space, smile in COMPLETE]
    kinds = {"no": "photo", "yes": "drawing"}
    rows = [(*row[:3], kinds[row[3]]) for row in rows if row != ("test", "eve", "no", "yes")]
    dataset = open_dataset(table(rows, "split,identity,smile,space"), 16, takes="spaces")
    assert edits(dataset, "photo", "drawing") == {
        "test-dan-no-photo": "test-dan-no-drawing",
        "test-dan-yes-photo": "test-dan-yes-drawing",
        "test-eve-no-photo": "",
        "test-eve-yes-photo": "test-eve-yes-drawing",
    }


def test_one_choice_against_all_others_is_known_in_one_direction() -> None:
    rows = [(split, person, hair) for split, people in PEOPLE.items() for person in people for hair in ("black", "blond", "brown")]
    dataset = open_dataset(f"{table(rows, 'split,identity,hair')}:hair=blond", 16, takes="spaces")
    assert set(edits(dataset, "not-blond", "blond").values()) == {"test-dan-blond", "test-eve-blond"}
    assert set(edits(dataset, "blond", "not-blond").values()) == {""}, "black or brown"


def test_opposite_grades_are_found() -> None:
    ages = range(20, 34)
    rows = [(split, person, str(age)) for split, people in PEOPLE.items() for person in people for age in ages]
    dataset = open_dataset(table(rows, "split,identity,age"), 16)
    assert edits(dataset, "images", "images") == {f"test-{p}-{age}": f"test-{p}-{53 - age}" for p in PEOPLE["test"] for age in ages}


def test_the_name_is_also_that_of_the_identities() -> None:
    name = open_dataset(table(COMPLETE), 16).name
    path = Path("people/table.csv")
    text = path.read_text()
    path.write_text(text.replace(",dan,yes,no", ",eve2,yes,no"))
    assert open_dataset("people", 16).name != name
    path.write_text(text)
    assert open_dataset("people", 16).name == name


def test_an_identity_in_two_splits_is_refused() -> None:
    table([*COMPLETE, ("train", "eve", "no", "no"), ("validation", "eve", "no", "no")])
    assert refusal() == (
        "1 of 5 identities are in more than one split, such as 'eve' in train and validation and test: training and test images "
        "must not share one. Give all images of an identity one split and group, or remove both columns."
    )
    table([("a", "one", "no"), ("d", "one", "yes")], "group,identity,glasses")
    assert split_by_hash("a") != split_by_hash("d")
    assert "'one' in" in refusal(), "groups that are split apart tear it"


def test_every_image_needs_an_identity() -> None:
    table([*COMPLETE, ("test", "", "no", "no")])
    assert "1 of 21 cells of the column identity are empty: '' (row 22)" in refusal()
    table([*COMPLETE, ("train", "007", "no", "no"), ("train", "7", "no", "no")])
    assert "column identity has both '007' and '7'" in refusal()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from("abcdefghijklmnop"), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_images_are_split_by_identity(tmp_path: Path, identities: list[str], random: object) -> None:
    """Whatever the rows and their order are: one split an identity, always the same."""
    rows = [(f"{number}.png", identity, "yes" if number % 2 else "no") for number, identity in enumerate(identities)]
    for file, _, _ in rows:
        (tmp_path / file).touch()
    split_of: dict[str, str] = {}
    random.shuffle(rows)  # type: ignore[attr-defined]
    (tmp_path / "t.csv").write_text("\n".join(["file,identity,glasses", *map(",".join, rows)]))
    try:
        found = read_table(tmp_path / "t.csv")
    except UsageError as error:
        assert "there are no rows to train on" in str(error)
        return
    for (_, identity, _), split in zip(rows, found.splits, strict=True):
        assert split_of.setdefault(identity, split) == split == split_by_hash(identity)
