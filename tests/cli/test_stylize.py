"""`stylize`: a picture, a strip of pictures on the way, an interrupt, and mistakes."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cli.own import exit_code, told
from conftest import Command
from style.test_style import picture

SMALL = ("--size", "64", "--sizes", "1", "--evaluations")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    picture(0, 60, 80).save(tmp_path / "photo.png")
    picture(1).save(tmp_path / "painting.jpg")
    picture(2).save(tmp_path / "other.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    (tmp_path / "folder.png").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_picture_and_a_strip(viceversa: Command, folder: Path) -> None:
    asked = (
        "photo.png",
        "painting.jpg",
        "other.png",
        *SMALL,
        "12",
        "--shares",
        "3",
        "1",
        "--strip",
        "strip.png",
        "--out",
        "new/out.jpg",
    )
    done = viceversa("stylize", *asked, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("new/out.jpg: 64x48, 12 evaluations, content ") and done.stdout.count("\n") == 1
    with Image.open(folder / "new" / "out.jpg") as made, Image.open(folder / "strip.png") as strip:
        assert made.size == (64, 48) and strip.width > 6 * 64


def test_an_interrupt_keeps_the_picture(folder: Path) -> None:
    """At a terminal, as soon as its bar tells the losses."""
    program = Path(sys.executable).parent / "viceversa"
    command = [str(program), "stylize", "photo.png", "painting.jpg", "--size", "96", "--evaluations", "100000"]
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=follower, text=True)
    os.close(follower)
    try:
        seen, parts = b"", told(leader)
        while b"content" not in seen:
            seen += next(parts)
        process.send_signal(signal.SIGINT)
        seen += b"".join(parts)
        said = process.communicate(timeout=60)[0]
    finally:
        process.kill()
    assert process.returncode == 130 and seen.endswith(b"viceversa: interrupted.\r\n") and b"Traceback" not in seen
    assert said.startswith("stylized.png: ")
    with Image.open(folder / "stylized.png") as made:
        assert np.asarray(made).std() > 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("photo.png", "nothere.png"), "the image 'nothere.png' does not exist"),
        (("photo.png", "broken.png"), "give another image"),
        (("photo.png", "painting.jpg", "--out", "out.bmpx"), "'out.bmpx' is not the name of an image: end it with .png"),
        (("photo.png", "painting.jpg", "--out", "out.psd"), "'out.psd' is not the name of an image"),
        (("photo.png", "painting.jpg", "--out", "photo.png"), "'photo.png' is an input image"),
        (("photo.png", "painting.jpg", "--shares", "1", "2"), "shares 1, 2: give one for each of the 1 styles"),
        (("photo.png", "painting.jpg", "--weights", "none.safetensors"), "there are no weights 'none.safetensors'"),
        (("photo.png", "painting.jpg", "--weights", "broken.png"), "'broken.png' is not a safetensors file of weights"),
        (("photo.png", "painting.jpg", "--size", "3"), "--size 3: input should be greater than or equal to 32"),
        (("photo.png", "painting.jpg", "--preset", "nobody"), "preset"),
        (
            ("photo.png", "painting.jpg", "--content", "0", "--style", "0", "--variation", "0"),
            "content 0, style 0, variation 0: give",
        ),
        (("photo.png", "painting.jpg", "--content", "inf"), "--content inf: input should be a finite number"),
        (("photo.png", "painting.jpg", *SMALL, "3", "--style", "1e39"), "take smaller weights, or another preset"),
        (
            ("photo.png", "painting.jpg", "--out", "a.png", "--strip", "a.png"),
            "'a.png' is an input image, or the output of --out",
        ),
        (("photo.png", "painting.jpg", "--strip", "photo.png"), "choose another place with --strip"),
        (("photo.png", "painting.jpg", "--strip", "strip.txt"), "'strip.txt': end --strip with .png"),
        (("photo.png", "painting.jpg", "--out", "folder.png"), "'folder.png' is a folder: choose another place with --out"),
        (("photo.png", "painting.jpg", "--out", "broken.png/a.png"), "cannot write to 'broken.png' (File exists)"),
        (("photo.png", "painting.jpg", "--later", "4"), "leave out --later and --fps"),
        (("folder.png", "painting.jpg"), "there are no images in 'folder.png'"),
    ],
)
def test_mistakes(asked: tuple[str, ...], said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "photo.png").read_bytes()
    assert exit_code("stylize", *asked) == 2
    wrong = capsys.readouterr().err
    assert said in wrong and wrong.count("\n") == 1
    assert (folder / "photo.png").read_bytes() == before and not (folder / "stylized.png").exists()
