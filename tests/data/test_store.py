"""The store of images of files: made once, changed files alone made again, interrupted work gone on with, damage noticed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.data import store
from viceversa.data.store import Preparation, stored

PREPARATION = Preparation(4, 4, 3)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def written(folder: Path, count: int, start: int = 0) -> list[str]:
    """Images whose every level is their number, modulo 256."""
    folder.mkdir(exist_ok=True)
    for number in range(start, start + count):
        Image.new("RGB", (6, 5), (number % 256,) * 3).save(folder / f"{number:04d}.png")
    return [f"{number:04d}.png" for number in range(start, start + count)]


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Hears of every file that is read, in this process: few enough files to need no others."""
    read, original = [], store.read_image

    def heard(path: Path, channels: int, background: int) -> np.ndarray:
        read.append(path)
        return original(path, channels, background)

    monkeypatch.setattr(store, "read_image", heard)
    return read


def test_made_once_then_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = written(tmp_path / "images", 9)
    read = count_reads(monkeypatch)
    pixels, bad = stored(tmp_path / "images", files, PREPARATION)
    assert pixels.shape == (9, 4, 4, 3) and not bad and len(read) == 9
    assert (pixels[:, 0, 0, 0] == np.arange(9)).all()
    again, _ = stored(tmp_path / "images", files, PREPARATION)
    assert isinstance(again, np.memmap) and not again.flags.writeable and (again == pixels).all() and len(read) == 9


def test_workers_make_the_same(tmp_path: Path) -> None:
    files = written(tmp_path / "images", 700)
    pixels, _ = stored(tmp_path / "images", files, PREPARATION)
    assert (pixels[:, 2, 3, 1] == np.arange(700) % 256).all()


def test_only_what_changed_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    folder = tmp_path / "images"
    files = written(folder, 9)
    stored(folder, files, PREPARATION)
    read = count_reads(monkeypatch)
    Image.new("RGB", (6, 5), (200, 200, 200)).save(folder / "0004.png")
    (folder / "0007.png").unlink()
    files = [*written(folder, 1, start=20), *(file for file in files if file != "0007.png")]
    pixels, _ = stored(folder, files, PREPARATION)
    assert sorted(path.name for path in read) == ["0004.png", "0020.png"]
    assert pixels[:, 0, 0, 0].tolist() == [20, 0, 1, 2, 3, 200, 5, 6, 8]
    assert len(list(cache.rglob("*.npy"))) == 1, "the former array is gone"


def test_a_bad_file_is_named_and_left_out_and_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "images"
    files = written(folder, 5)
    (folder / "0002.png").write_bytes(b"no image")
    read = count_reads(monkeypatch)
    for _ in range(2):
        pixels, bad = stored(folder, files, PREPARATION)
        assert pixels[:, 0, 0, 0].tolist() == [0, 1, 3, 4]
        assert list(bad) == ["0002.png"] and "0002.png" in bad["0002.png"]
    assert len(read) == 5
    written(folder, 1, start=2)
    pixels, bad = stored(folder, files, PREPARATION)
    assert not bad and pixels[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]


def test_damage_is_named_and_made_good(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = written(tmp_path / "images", 5)
    before = np.array(stored(tmp_path / "images", files, PREPARATION)[0])
    (path,) = cache.rglob("*.npy")
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes(content)
    assert (stored(tmp_path / "images", files, PREPARATION)[0] == before).all()
    assert str(path) in (said := capsys.readouterr().err) and said.count("\n") == 1 and "damaged" in said


def test_preparations_and_folders_do_not_mix(tmp_path: Path) -> None:
    files = written(tmp_path / "one", 3)
    written(tmp_path / "two", 3)
    Image.new("RGB", (6, 5), (99, 99, 99)).save(tmp_path / "two" / "0001.png")
    assert stored(tmp_path / "one", files, PREPARATION)[0][1, 0, 0, 0] == 1
    assert stored(tmp_path / "two", files, PREPARATION)[0][1, 0, 0, 0] == 99
    assert stored(tmp_path / "one", files, Preparation(2, 2, 1, 16))[0].dtype == np.uint16


def test_what_was_killed_goes_on(tmp_path: Path, cache: Path) -> None:
    """SIGKILL while the store is made: what was done is not done again."""
    folder = tmp_path / "images"
    files = written(folder, 40)
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom viceversa.data import store\nstore.CHUNK = 1\n"
        "import viceversa.data.parallel as parallel\nparallel._WORTHWHILE = 100\noriginal = store.read_image\n"
        "def slow(path, channels, background):\n"
        "    time.sleep(.05)\n    print(path.name, flush=True)\n    return original(path, channels, background)\n"
        "store.read_image = slow\nfolder = Path(sys.argv[1])\n"
        "pixels, bad = store.stored(folder, sorted(p.name for p in folder.iterdir()), store.Preparation(4, 4, 3))\n"
        "assert pixels[:, 0, 0, 0].tolist() == list(range(40))\n"
    )
    command = [sys.executable, "-c", script, str(folder)]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert first.stdout
    before = [first.stdout.readline().strip() for _ in range(15)]
    os.kill(first.pid, signal.SIGKILL)
    before += first.stdout.read().split()
    first.wait()
    after = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert sorted({*before, *after}) == files
    assert len(before) + len(after) <= 41, "one at most, which was in the making, is made twice"
    assert [path.suffix for path in cache.rglob("*") if path.is_file()].count(".npy") == 1


def test_a_thousand_images_open_at_once(tmp_path: Path) -> None:
    files = written(tmp_path / "images", 1000)
    stored(tmp_path / "images", files, PREPARATION)
    started = time.perf_counter()
    stored(tmp_path / "images", files, PREPARATION)
    assert time.perf_counter() - started < 2
