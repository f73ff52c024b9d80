"""`translate --difference`: a picture of what was changed, and where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import viceversa as vv
from cli.own import SMALL, TINY, exit_code, images
from conftest import Command
from viceversa.data.sets.avatars import SPLITS, labels_of, render
from viceversa.images.decoding import decode
from viceversa.images.pictures import difference


def test_the_mean_over_channels_in_the_same_levels() -> None:
    image = np.array([[[0, 0, 0], [255, 255, 255], [10, 20, 30], [7, 7, 7]]], np.uint8)
    other = np.array([[[255, 255, 255], [255, 255, 255], [30, 20, 10], [7, 7, 9]]], np.uint8)
    found = difference(image, other)
    assert found.dtype == np.uint8 and found.shape == (1, 4, 1)
    assert found.ravel().tolist() == [255, 0, 13, 1]  # 40 / 3, 2 / 3
    assert (found == difference(other, image)).all()
    deep = difference(np.full((2, 2, 1), 65535, np.uint16), np.zeros((2, 2, 1), np.uint16))
    assert deep.dtype == np.uint16 and (deep == 65535).all()


def test_images_that_cannot_be_compared() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    for other in (np.zeros((2, 2, 1), np.uint8), np.zeros((2, 2, 3), np.uint16)):
        with pytest.raises(ValueError, match="have no difference"):
            difference(image, other)


def test_it_lies_where_the_edit_is(viceversa: Command, tmp_path: Path) -> None:
    person = next(each for each in SPLITS["test"] if labels_of([each])[0, 3] == 0)
    label = labels_of([person])
    face = render([person], label, 64)[0]
    Image.fromarray(face).save(tmp_path / "face.png")
    done = viceversa("translate", "avatars", "face.png", "--to", "glasses=yes", "--out", "o", "--difference", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "-> o/face.png, o/face-difference.png (" in done.stdout and done.stdout.count("\n") == 1
    made, found = (decode(tmp_path / "o" / name) for name in ("face.png", "face-difference.png"))
    assert found.shape == (64, 64, 1)
    by_hand = np.abs(face.astype(float) - made).mean(2, keepdims=True)
    assert np.abs(found - by_hand).max() <= 0.5

    label[0, 3] = 1
    edited = (render([person], label, 64)[0] != face).any(2)
    assert found[edited].mean() > 10 * found[~edited].mean()


def test_no_image_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("face.png", "face-difference.png"):
        Image.new("RGB", (64, 64)).save(name)
    asked = ("--to", "glasses=yes", "--difference")
    assert exit_code("translate", "avatars", "face.png", "face-difference.png", *asked, "--out", "o") == 2
    said = capsys.readouterr().err
    assert "'o/face-difference'" in said and "in separate commands" in said and said.count("\n") == 1
    Path("o").mkdir()
    Path("face-difference.png").rename("o/face-difference.png")
    assert exit_code("translate", "avatars", "face.png", "o/face-difference.png", *asked, "--out", "o") == 2
    assert {path.name for path in Path("o").iterdir()} == {"face-difference.png"}


def test_an_original_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of the results is one of those with images to translate."""
    monkeypatch.chdir(tmp_path)
    for path in (Path("people/one.png"), Path("people/o/one-difference.png")):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 64)).save(path)
    before = Path("people/o/one-difference.png").read_bytes()
    settings = ("translate", "avatars", "people", "--to", "glasses=yes", "--out", "people/o")
    assert exit_code(*settings, "--difference") == 2
    assert "'people/o/one-difference.png' is one of the images to translate" in capsys.readouterr().err
    assert Path("people/o/one-difference.png").read_bytes() == before
    assert exit_code(*settings) == 0


def test_between_spaces_of_other_channels_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("trainA", "trainB", "testA", "testB"), 1):
        images(tmp_path / "data" / name, 6, (16, 16, 3) if name.endswith("A") else (16, 16), np.uint8, seed)
    vv.train("cyclegan", data="data", out="run", settings=TINY, **SMALL)
    assert exit_code("translate", "run", "data/testA", "--to", "B", "--out", "o", "--difference") == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "leave out --difference" in said and "A 16x16x3, B 16x16x1" in said
    assert not Path("o").exists()
