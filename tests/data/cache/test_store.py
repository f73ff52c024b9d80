"""The store of images of files: made once, changed files alone made again, interrupted work gone on with, damage noticed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.data.cache import store
from viceversa.data.cache.parallel import CHUNK
from viceversa.data.cache.store import FolderFiles, Preparation, Prepared, prepared
from viceversa.errors import UsageError

PREPARATION = Preparation(4, 4)


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


def ready(folder: Path, names: list[str], preparation: Preparation = PREPARATION, part: str = "") -> Prepared:
    return prepared(FolderFiles(folder), names, preparation, part)


def reds(found: Prepared) -> list[int]:
    return found.pixels[:, 0, 0, 0].tolist()


def test_made_once_then_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = written(tmp_path / "images", 9)
    read = count_reads(monkeypatch)
    first = ready(tmp_path / "images", files)
    assert first.pixels.shape == (9, 4, 4, 3) and not first.bad and len(read) == 9 and first.names == tuple(files)
    assert reds(first) == list(range(9))
    assert list(first.checksums) == [zlib.crc32(image.tobytes()) for image in first.pixels]
    again = ready(tmp_path / "images", files)
    assert isinstance(again.pixels, np.memmap) and not again.pixels.flags.writeable and len(read) == 9
    assert (again.pixels == first.pixels).all() and again.checksums == first.checksums and again.checksum == first.checksum


def test_workers_make_the_same(tmp_path: Path) -> None:
    files = written(tmp_path / "images", 9 * CHUNK + 5)
    found = ready(tmp_path / "images", files)
    assert (found.pixels[:, 2, 3, 1] == np.arange(len(files)) % 256).all()
    assert list(found.checksums) == [zlib.crc32(image.tobytes()) for image in found.pixels]


def test_only_what_changed_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    folder = tmp_path / "images"
    files = written(folder, 9)
    ready(folder, files)
    read = count_reads(monkeypatch)
    Image.new("RGB", (6, 5), (200, 200, 200)).save(folder / "0004.png")
    (folder / "0007.png").unlink()
    files = [*written(folder, 1, start=20), *(file for file in files if file != "0007.png")]
    found = ready(folder, files)
    assert sorted(path.name for path in read) == ["0004.png", "0020.png"]
    assert reds(found) == [20, 0, 1, 2, 3, 200, 5, 6, 8]
    assert list(found.checksums) == [zlib.crc32(image.tobytes()) for image in found.pixels]
    assert len(list(cache.rglob("*.npy"))) == 1, "the former array is gone"


def test_parts_of_a_folder_keep_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two spaces of one folder, opened in turn, as at every start of a CycleGAN."""
    files = written(tmp_path / "images", 8)
    read = count_reads(monkeypatch)
    for _ in range(3):
        assert reds(ready(tmp_path / "images", files[:5], part="A")) == [0, 1, 2, 3, 4]
        assert reds(ready(tmp_path / "images", files[5:], part="B")) == [5, 6, 7]
    assert len(read) == 8


def test_a_bad_file_is_named_and_left_out_and_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "images"
    files = written(folder, 5)
    (folder / "0002.png").write_bytes(b"no image")
    (folder / "0003.png").write_bytes((folder / "0003.png").read_bytes()[:-30])
    read = count_reads(monkeypatch)
    for _ in range(2):
        found = ready(folder, files)
        assert reds(found) == [0, 1, 4] and found.names == ("0000.png", "0001.png", "0004.png")
        assert list(found.bad) == ["0002.png", "0003.png"] and "0002.png" in found.bad["0002.png"]
    assert len(read) == 4, "the header of one says that it is no image, the end of the other is missing"
    written(folder, 2, start=2)
    found = ready(folder, files)
    assert not found.bad and reds(found) == [0, 1, 2, 3, 4]


def test_color_and_depth_are_those_of_all_files_and_of_nothing_else(tmp_path: Path) -> None:
    """One of many has color, one has 16 bits; without them, and with them again, the array is what it was."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(300):
        Image.new("L", (4, 4), number % 256).save(folder / f"{number:04d}.png")
    names = sorted(path.name for path in folder.iterdir())
    assert ready(folder, names).pixels.shape == (300, 4, 4, 1)
    Image.new("RGB", (4, 4), (1, 2, 3)).save(folder / "0033.png")
    Image.fromarray(np.full((4, 4), 51_400, np.uint16)).save(folder / "0155.png")
    mixed = ready(folder, names)
    assert mixed.pixels.dtype == np.uint16 and mixed.pixels.shape == (300, 4, 4, 3)
    assert mixed.pixels[[2, 33, 155], 0, 0].tolist() == [[514] * 3, [257, 514, 771], [51_400] * 3]
    without = [name for name in names if name not in ("0033.png", "0155.png")]
    assert ready(folder, without).pixels.shape == (298, 4, 4, 1)
    again = ready(folder, names)
    assert again.checksum == mixed.checksum and again.checksums == mixed.checksums


def test_channels_that_do_not_agree_are_named(tmp_path: Path) -> None:
    files = written(tmp_path / "images", 3)
    np.save(tmp_path / "images" / "five.npy", np.zeros((4, 4, 5), np.uint8))
    with pytest.raises(UsageError, match=r"3 \('0000\.png'\) and 5 \('five\.npy'\) channels"):
        ready(tmp_path / "images", [*files, "five.npy"])


@pytest.mark.parametrize("damage", ["pixels", "index"])
def test_damage_is_named_and_made_good(tmp_path: Path, cache: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = written(tmp_path / "images", 5)
    before = np.array(ready(tmp_path / "images", files).pixels)
    (path,) = cache.rglob("*.npy" if damage == "pixels" else "index.json")
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes(content if damage == "pixels" else content[:-7])
    assert (ready(tmp_path / "images", files).pixels == before).all()
    assert str(path) in (said := capsys.readouterr().err) and said.count("\n") == 1 and "damaged" in said


def test_preparations_and_folders_do_not_mix(tmp_path: Path) -> None:
    files = written(tmp_path / "one", 3)
    written(tmp_path / "two", 3)
    Image.new("RGB", (6, 5), (99, 99, 99)).save(tmp_path / "two" / "0001.png")
    assert reds(ready(tmp_path / "one", files)) == [0, 1, 2]
    assert reds(ready(tmp_path / "two", files)) == [0, 99, 2]
    assert ready(tmp_path / "one", files, Preparation(2, 2)).pixels.shape == (3, 2, 2, 3)


def test_the_filter_is_the_one_asked_for(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8))
    (tmp_path / "images").mkdir()
    noise.save(tmp_path / "images" / "a.png")
    for name, resampling in (("bicubic", Image.Resampling.BICUBIC), ("bilinear", Image.Resampling.BILINEAR)):
        found = ready(tmp_path / "images", ["a.png"], Preparation(4, 4, filter=name))
        assert (found.pixels[0] == np.asarray(noise.resize((4, 4), resampling))).all()


SLOW = """
import sys, time
from pathlib import Path
from viceversa.data.cache import store
import viceversa.data.cache.parallel as parallel
store.CHUNK, parallel._WORTHWHILE, original = 1, 100, store.read_image
def slow(path, channels, background):
    time.sleep(.05)
    print(path.name, flush=True)
    return original(path, channels, background)
store.read_image = slow
folder = Path(sys.argv[1])
names = sorted(path.name for path in folder.iterdir())
found = store.prepared(store.FolderFiles(folder), names, store.Preparation(4, 4))
assert found.pixels[:, 0, 0, 0].tolist() == list(range(40))
"""


def test_what_was_killed_goes_on(tmp_path: Path, cache: Path) -> None:
    """SIGKILL while the store is made: what was done is not done again."""
    files = written(tmp_path / "images", 40)
    command = [sys.executable, "-c", SLOW, str(tmp_path / "images")]
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


@pytest.mark.parametrize("moment", ["_checksum", "_written", "replace", "unlink"])
def test_a_kill_at_the_very_end_loses_nothing(tmp_path: Path, cache: Path, moment: str) -> None:
    """SIGKILL where the finished array is sealed, its index written, the array renamed, the rest removed."""
    files = written(tmp_path / "images", 6)
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom viceversa.data.cache import store\n"
        "folder, moment = Path(sys.argv[1]), sys.argv[2]\n"
        "original = store._copy\n"
        "def die(*arguments, **settings): os.kill(os.getpid(), 9)\n"
        "def armed(*arguments):\n"
        "    original(*arguments)\n"
        "    setattr(store if moment.startswith('_') else Path, moment, die)\n"
        "store._copy = armed\nnames = sorted(path.name for path in folder.iterdir())\n"
        "store.prepared(store.FolderFiles(folder), names, store.Preparation(4, 4))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "images"), moment], check=False)
    assert done.returncode == -signal.SIGKILL
    assert reds(ready(tmp_path / "images", files)) == list(range(6))
    assert len(list(cache.rglob("*.npy"))) == len(list(cache.rglob("index.json"))) == 1
