"""A folder of images becomes, to the byte, what its images become one by one, whatever stands between."""

from __future__ import annotations

import weakref
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cli.own import exit_code
from viceversa.data.sets.avatars import first_avatars
from viceversa.images.layers import Layers
from viceversa.images.pixels import Pixels

COUNT = 19
"""Two batches of the network that are full, and one that is not."""


@cache
def faces(count: int) -> Pixels:
    return np.asarray(first_avatars(count, 64).splits["test"]["avatars"].pixels)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Faces as files, every fifth of them gray of 16 bits, and every seventh of another size."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for number, face in enumerate(faces(COUNT)):
        image = Image.fromarray(face)
        if number % 5 == 4:
            image = Image.fromarray(face[..., 0].astype(np.uint16) * 257)
        image.resize((80, 72) if number % 7 == 6 else (64, 64)).save(f"in/{number:02}.png")
    return Path("in")


def translate(*arguments: str) -> int:
    return exit_code("translate", "avatars", *arguments, "--to", "glasses=yes")


def contents(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@pytest.mark.parametrize("how", [(), ("--full-size",), ("--difference", "--key", "#ffffff:40")])
def test_a_folder_becomes_what_its_images_become_one_by_one(how: tuple[str, ...], folder: Path) -> None:
    images = sorted(folder.iterdir())[: COUNT if not how else 9]
    assert translate(*map(str, images), "--out", "together", *how) == 0
    for image in images[:: 1 if not how else 4]:
        assert translate(str(image), "--out", "alone", *how) == 0
    together, alone = contents("together"), contents("alone")
    assert len(together) == len(images) * (2 if "--difference" in how else 1)
    assert {name: together[name] for name in alone} == alone


def test_lines_are_in_order_and_a_bad_image_keeps_its_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The images before it are written, those behind it only if it may be skipped."""
    bad = folder / "10.png"
    bad.write_bytes(bad.read_bytes()[:300])
    names = sorted(path.stem for path in folder.iterdir() if path != bad)
    assert translate("in", "--out", "out") == 2
    assert sorted(path.stem for path in Path("out").iterdir()) == names[:10]
    capsys.readouterr()
    assert translate("in", "--out", "out", "--skip-bad", "--overwrite") == 0
    printed = capsys.readouterr()
    assert [line.split(" ")[0] for line in printed.out.splitlines()] == [f"in/{name}.png" for name in names]
    assert sorted(path.stem for path in Path("out").iterdir()) == names and "skipped 1 of 19" in printed.err


def test_memory_does_not_hold_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 120 images those of some batches of 8 are there at once."""
    Path("many").mkdir()
    for number, face in enumerate(faces(120)):
        Image.fromarray(face).save(f"many/{number:03}.png")
    made, there = list[weakref.ref[Layers]](), list[int]()

    def save(layers: Layers, path: Path) -> None:
        made.append(weakref.ref(layers))
        there.append(sum(each() is not None for each in made))

    monkeypatch.setattr("viceversa.cli.translate.save_image", save)
    assert translate("many", "--out", "out") == 0
    assert len(made) == 120 and max(there) <= 16
