"""One rule for the files of folders everywhere: hidden ones are passed over, what is not read is counted, and a remedy is named."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from viceversa.data.files.listing import is_hidden
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError
from viceversa.images.decoding import SUFFIXES, decode, describe
from viceversa.video.sequence import images_of

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))


def fill(folder: Path, count: int, suffix: str = "png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        if f".{suffix}" in SUFFIXES:
            Image.new("RGB", (40, 40), (number, 9, 90)).save(folder / f"{number}.{suffix}")
        else:
            (folder / f"{number}.{suffix}").write_bytes(b"\0\0\0\x18ftypheic")


def litter(folder: Path) -> None:
    """What systems and programs leave in a folder of images."""
    for name in ("._1.png", ".DS_Store", "Thumbs.db", ".hidden.jpg"):
        (folder / name).write_bytes(b"\0\5\26\7")
    for name in (".ipynb_checkpoints", "__MACOSX", "@eaDir"):
        fill(folder / name, 1)


@pytest.mark.parametrize("name", ["._1.png", ".DS_Store", ".ipynb_checkpoints", "__MACOSX", "@eaDir", "$Recycle.Bin", "Thumbs.db"])
def test_hidden(name: str) -> None:
    assert is_hidden(name) and not is_hidden(f"a{name}")


PICTURE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


@pytest.mark.parametrize("suffix", ["jfif", "jpe", "avif", "ppm", "pgm", "pbm", "pnm", "tga", "jp2", "j2k", "apng", "mpo"])
def test_what_pillow_reads_is_read(tmp_path: Path, suffix: str) -> None:
    if (suffix == "avif" and not features.check("avif")) or (suffix in ("jp2", "j2k") and not features.check("jpg_2000")):
        assert f".{suffix}" not in SUFFIXES
        return
    mode = {"pgm": "L", "pbm": "1"}.get(suffix, "RGB")
    formats = {"jfif": "JPEG", "jpe": "JPEG", "pnm": "PPM", "pgm": "PPM", "pbm": "PPM", "apng": "PNG", "j2k": "JPEG2000"}
    picture, path = Image.fromarray(PICTURE).convert(mode), tmp_path / f"1.{suffix}"
    picture.save(path, formats.get(suffix))
    found = decode(path)
    assert found.shape == (24, 32, 1 if mode in "L1" else 3) and describe(path) == (*found.shape, 8)
    with Image.open(path) as opened:
        assert (found.squeeze() == np.asarray(opened.convert("L" if mode in "L1" else "RGB"))).all()
    if suffix in ("ppm", "pnm", "tga", "apng"):
        assert (found == PICTURE).all()
    assert f".{suffix}" in SUFFIXES and open_dataset(str(_two(tmp_path, path)), 8).name


def _two(folder: Path, image: Path) -> Path:
    """A data set of copies of an image."""
    for domain in ("a", "b"):
        (folder / "data" / domain).mkdir(parents=True)
        for number in range(3):
            (folder / "data" / domain / f"{number}{image.suffix}").write_bytes(image.read_bytes())
    return folder / "data"


def test_gray_of_16_bits_keeps_them(tmp_path: Path) -> None:
    deep = np.arange(24 * 32, dtype=np.uint16).reshape(24, 32) * 80
    for suffix in ("pgm", "jp2"):
        Image.fromarray(deep).save(tmp_path / f"deep.{suffix}")
        assert (decode(tmp_path / f"deep.{suffix}")[..., 0] == deep).all()


def test_bytes_that_are_no_image_are_not_taken_for_tga(tmp_path: Path) -> None:
    Image.fromarray(PICTURE).save(tmp_path / "1.tga")
    (tmp_path / "1.tga").rename(tmp_path / "1.png")
    with pytest.raises(UsageError, match="not an image of a known format"):
        decode(tmp_path / "1.png")


def test_films_among_images_are_counted(tmp_path: Path, viceversa: Command) -> None:
    for domain in ("cat", "dog"):
        fill(tmp_path / "pets" / domain, 5)
        fill(tmp_path / "pets" / domain, 10, "mp4")
        fill(tmp_path / "pets" / domain, 2, "heic")
        litter(tmp_path / "pets" / domain)
    (tmp_path / "pets" / "dog" / "LICENSE").write_text("mine")
    done = viceversa("data", "pets", "copy", cwd=tmp_path)
    assert done.returncode == 0 and "10 images of pets" in done.stdout
    assert "ignored: 20 .mp4, 4 .heic (not read: convert them to JPEG or PNG), 1 without suffix" in done.stderr
    assert "ignored, because hidden or made by a system: 'cat/._1.png', 'cat/.hidden.jpg', " in done.stderr


def test_a_folder_of_nothing_that_is_read_names_the_suffix(tmp_path: Path, viceversa: Command) -> None:
    fill(tmp_path / "phone", 12, "heic")
    fill(tmp_path / "pets" / "cat", 5, "heic")
    fill(tmp_path / "pets" / "dog", 5, "heic")
    remedy = r".heic (not read: convert them to JPEG or PNG)"
    for count, command in (
        (5, ["data", "pets", "copy"]),
        (5, ["train", "cyclegan", "--data", "pets", "--out", "run"]),
        (12, ["translate", "avatars", "phone", "--to", "glasses=yes", "--out", "o"]),
        (12, ["stylize", "phone", "phone/0.heic", "--out", "o"]),
    ):
        done = viceversa(*command, cwd=tmp_path)
        assert done.returncode == 2 and f"{count} {remedy}" in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_hidden_files_are_passed_over_by_translate_and_clips(tmp_path: Path, viceversa: Command) -> None:
    fill(tmp_path / "photos", 3)
    fill(tmp_path / "photos" / "more", 1)
    fill(tmp_path / "photos", 2, "heic")
    litter(tmp_path / "photos")
    (tmp_path / "photos" / "folder.png").mkdir()
    assert [file.name for file in images_of(tmp_path / "photos")] == ["0.png", "1.png", "2.png"]
    done = viceversa("translate", "avatars", "photos", "--to", "glasses=yes", "--out", "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(str(path.relative_to(tmp_path / "o")) for path in (tmp_path / "o").rglob("*.png")) == [
        "0.png", "1.png", "2.png", "more/0.png"]  # fmt: skip
    assert "photos: ignored: 2 .heic (not read: convert them to JPEG or PNG)" in done.stderr
    assert (
        "photos: ignored, because hidden or made by a system: '._1.png', '.hidden.jpg', '.ipynb_checkpoints' and 2" in done.stderr
    )
    clip = viceversa("translate", "avatars", "photos", "--to", "glasses=yes", "--out", "clip.gif", cwd=tmp_path)
    assert clip.returncode == 0 and "3 frames" in clip.stdout, clip.stderr
    assert "photos: ignored: 2 .heic" in clip.stderr
