"""Several sources as one data set: a space each, with its own channels and size, without labels."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from data.small_digits import small_mnist
from viceversa.data.joined_spaces import parts_of, sources, spec_of
from viceversa.data.sources import absolute, open_dataset
from viceversa.errors import UsageError

pytestmark = pytest.mark.usefixtures("few")


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("mnist=/a,svhn=/b", {"mnist": "/a", "svhn": "/b"}),
        ("handwritten=handwritten,street=street-digits", {"handwritten": "handwritten", "street": "street-digits"}),
        ("a=/one,two/x=y,b=hf:name:split", {"a": "/one,two/x=y", "b": "hf:name:split"}),
        ("mnist=/a", {"mnist": "/a"}),
        ("avatars", {}),
        ("./a=b,c=d", {}),
    ],
)
def test_specs_are_taken_apart(spec: str, parts: dict[str, str]) -> None:
    assert parts_of(spec) == parts
    assert spec_of(parts) == (spec if parts else "")


def test_two_sources_are_two_spaces(tmp_path: Path, few: dict[str, range]) -> None:
    pixels, digits = small_mnist(tmp_path / "small")
    spec = f"mnist={tmp_path / 'small'},street=street-digits"
    dataset = open_dataset(spec, 64, takes="spaces")
    assert {name: each.shape for name, each in dataset.space.images.items()} == {"mnist": (1, 28, 28), "street": (3, 32, 32)}
    assert dataset.space.attributes == () and dataset.space.pair == ("mnist", "street")
    assert all(images.labels is None for spaces in dataset.splits.values() for images in spaces.values())
    test = dataset.splits["test"]
    assert (test["mnist"].pixels[..., 0] == pixels[20:]).all() and len(test["street"]) == len(few["test"])
    assert dataset.name.startswith("mnist-small-28-") and dataset.name.endswith("+street-street-digits-v1")
    labeled = sources(spec, open_dataset)["mnist"].splits["test"]["digits"]
    assert labeled.labels is not None and labeled.labels.argmax(1).tolist() == digits[20:].tolist()


def test_sources_of_other_kinds() -> None:
    dataset = open_dataset("people=avatars,toons=toons", 32, takes="spaces")
    assert {name: each.shape for name, each in dataset.space.images.items()} == {"people": (3, 32, 32), "toons": (3, 32, 32)}


def test_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)
    assert absolute("mnist=digits,street=street-digits") == f"mnist={tmp_path}/digits,street=street-digits"
    (tmp_path / "a=b,c=d").mkdir()
    with pytest.raises(UsageError, match="'a=b,c=d' is not a data set"):  # a folder of that name is one source
        open_dataset("a=b,c=d")


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("a=street-digits,a=street-digits", "names a source twice"),
        ("mnist=/nowhere,street=street-digits", r"mnist: unknown data set '/nowhere'.*github\.com/cvdfoundation/mnist"),
        ("street=street-digits,svhn=/nowhere", r"svhn: unknown data set '/nowhere'.*ufldl\.stanford\.edu"),
        ("a=avatars:glasses,street=street-digits", r"a: this method takes one space of images; the data has 2"),
    ],
)
def test_what_cannot_be_joined(spec: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        open_dataset(spec, takes="spaces")


def test_joined_spaces_have_no_attributes(tmp_path: Path) -> None:
    small_mnist(tmp_path)
    with pytest.raises(UsageError, match=r"has no attributes: leave out `attributes` \(you gave digit\)"):
        open_dataset(f"mnist={tmp_path},street=street-digits", takes="spaces", attributes=("digit",))


def test_folders_of_images_alone_are_spaces(tmp_path: Path) -> None:
    """Of a style's one image every split has it; other folders are split as ever, and alone they are no data set."""
    for name, count in (("photos", 10), ("style", 1)):
        (tmp_path / name / "deep").mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (20, 16), (number, 0, 0)).save(tmp_path / name / "deep" / f"{number}.png")
    spec = f"photos={tmp_path / 'photos'},style={tmp_path / 'style'}"
    dataset = open_dataset(spec, 16, takes="spaces")
    assert dataset.space.pair == ("photos", "style") and dataset.space.attributes == ()
    counts = {split: {name: len(images) for name, images in spaces.items()} for split, spaces in dataset.splits.items()}
    assert counts == {
        "train": {"photos": 8, "style": 1},
        "validation": {"photos": 1, "style": 1},
        "test": {"photos": 1, "style": 1},
    }
    with pytest.raises(UsageError, match="photos' is not a data set: it must hold one folder"):
        open_dataset(str(tmp_path / "photos"), 16)
    with pytest.raises(UsageError, match="attribute"):
        open_dataset(spec, 16)


def test_splits_of_a_folder_are_not_mixed(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / "photos" / split).mkdir(parents=True)
        Image.new("RGB", (16, 16)).save(tmp_path / "photos" / split / "1.png")
    with pytest.raises(UsageError, match=r"photos: .*must hold one folder"):
        open_dataset(f"photos={tmp_path / 'photos'},other=toons", 32, takes="spaces")
