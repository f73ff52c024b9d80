"""The cache of packed images, with real files, processes and signals."""

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

import processes
from viceversa.data.cache.packing import cache_directory, packed
from viceversa.data.cache.parallel import render_all
from viceversa.errors import UsageError

_SHAPE = (10, 4, 5, 3)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def numbers(chunk: range) -> np.ndarray:
    """Image i is filled with i modulo 256. Module level: worker processes import it."""
    return np.broadcast_to((np.array(chunk) % 256).astype(np.uint8)[:, None, None, None], (len(chunk), 4, 5, 3))


def failing(chunk: range) -> np.ndarray:
    raise ValueError("this renderer fails")


def refusing(chunk: range) -> np.ndarray:
    raise AssertionError("rendered although the cache has it")


def test_rendered_once_then_mapped(cache: Path) -> None:
    first = packed({"a": 1}, _SHAPE, numbers, "numbers")
    again = packed({"a": 1}, _SHAPE, refusing, "numbers")
    assert isinstance(again, np.memmap) and not again.flags.writeable and again.dtype == np.uint8
    assert (first == numbers(range(10))).all() and (again == first).all()
    assert len(list(cache.glob("*.npy"))) == 1 and not list(cache.glob("*.partial"))


def test_the_order_of_the_key_does_not_matter_its_values_do(cache: Path) -> None:
    packed({"a": 1, "b": [2]}, _SHAPE, numbers, "numbers")
    packed({"b": [2], "a": 1}, _SHAPE, refusing, "numbers")
    packed({"a": 1, "b": [3]}, _SHAPE, numbers, "numbers")
    packed({"a": 1, "b": [2]}, (9, 4, 5, 3), numbers, "numbers")
    assert len(list(cache.glob("*.npy"))) == 3


@pytest.mark.parametrize("damage", ["cut", "longer", "empty", "text", "floats", "a bit", "the checksum", "no checksum"])
def test_a_damaged_file_is_named_and_built_again(cache: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    packed({"a": 1}, _SHAPE, numbers, "numbers")
    (path,) = cache.glob("*.npy")
    whole = path.read_bytes()
    np.save(cache / "floats.npy", np.zeros(_SHAPE))
    flipped, resealed = bytearray(whole), bytearray(whole)
    flipped[-300] ^= 1
    resealed[-1] ^= 1
    damaged = {
        "cut": whole[:-1], "longer": whole + b"x", "empty": b"", "text": b"no pixels",
        "a bit": flipped, "the checksum": resealed, "no checksum": whole[:-32],
    }  # fmt: skip
    path.write_bytes(damaged.get(damage, (cache / "floats.npy").read_bytes()))
    assert not capsys.readouterr().err
    assert (packed({"a": 1}, _SHAPE, numbers, "numbers") == numbers(range(10))).all()
    assert capsys.readouterr().err == f"viceversa: the cache file {path} is damaged: it is built again.\n"
    assert path.read_bytes() == whole
    assert (np.load(path) == numbers(range(10))).all(), "anybody reads it as .npy"


def test_a_failed_build_leaves_no_array(cache: Path) -> None:
    with pytest.raises(ValueError, match="this renderer fails"):
        packed({"a": 1}, _SHAPE, failing, "numbers")
    assert not list(cache.glob("*.npy"))
    assert (packed({"a": 1}, _SHAPE, numbers, "numbers") == numbers(range(10))).all()


def test_two_processes_at_once_build_once(tmp_path: Path) -> None:
    script = (
        "import sys, time\nimport numpy as np\nfrom viceversa.data.cache.packing import packed\n"
        "def slow(chunk):\n"
        "    open(sys.argv[1], 'a').write('built\\n')\n"
        "    time.sleep(1)\n"
        "    return np.full((len(chunk), 4, 5, 3), 7, np.uint8)\n"
        "print(int(packed({'a': 1}, (10, 4, 5, 3), slow, 'slow').sum()))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "log")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=60)[0].strip() for process in both] == [str(7 * 10 * 4 * 5 * 3)] * 2
    assert (tmp_path / "log").read_text() == "built\n"


def test_workers_render_the_same() -> None:
    pixels = np.empty((1000, 4, 5, 3), np.uint8)
    render_all(numbers, pixels, "numbers")
    assert (pixels == numbers(range(1000))).all()


def test_a_failing_worker_is_reported(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="a process that makes images ended early"):
        render_all(failing, np.empty((1000, 4, 5, 3), np.uint8), "numbers")
    assert "this renderer fails" in capfd.readouterr().err


def test_what_was_interrupted_goes_on(cache: Path, tmp_path: Path) -> None:
    """SIGINT in the middle, then again: no chunk that was kept is rendered twice."""
    script = (
        "import sys, time\nimport numpy as np\nfrom viceversa.data.cache import parallel\n"
        "from viceversa.data.cache.packing import packed\n"
        "parallel.CHUNK = 1\nparallel._WORTHWHILE = 100\n"
        "def slow(chunk):\n"
        "    time.sleep(.05)\n"
        "    print(chunk.start, flush=True)\n"
        "    return np.full((len(chunk), 4, 5, 3), chunk.start, np.uint8)\n"
        "packed({'a': 1}, (40, 4, 5, 3), slow, 'slow')\n"
    )
    command = [sys.executable, "-c", script]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert first.stdout
    before = [first.stdout.readline() for _ in range(15)]
    first.send_signal(signal.SIGINT)
    before += first.stdout.readlines()
    first.wait(60)
    assert not list(cache.glob("*.npy")) and list(cache.glob("*.partial"))
    after = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert sorted(map(int, {*map(str.strip, before), *after})) == list(range(40))
    assert len(before) + len(after) <= 41
    pixels = packed({"a": 1}, (40, 4, 5, 3), refusing, "numbers")
    assert pixels[:, 0, 0, 0].tolist() == list(range(40))
    assert sorted(path.suffix for path in cache.iterdir()) == [".lock", ".npy"]


def test_an_interrupt_ends_the_workers(cache: Path) -> None:
    script = (
        "from functools import partial\nfrom viceversa.data.sets.avatars import _render_own\n"
        "from viceversa.data.cache.packing import packed\n"
        "packed({'a': 1}, (9000, 32, 32, 3), partial(_render_own, 32), 'slow')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(cache.glob("*.partial")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(cache.glob("*.partial"))
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert b"KeyboardInterrupt" in process.communicate(timeout=60)[1]
    assert not list(cache.glob("*.npy"))


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path) -> None:
    assert cache_directory() == cache
    monkeypatch.delenv("VICEVERSA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "viceversa"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory() == Path.home() / ".cache" / "viceversa"


NOBODY = """
import pwd, sys

def nobody(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")

pwd.getpwuid = nobody  # as where the user has no entry in the system's list
from viceversa.cli import main
main(sys.argv[1:])
"""


def as_nobody(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command by a user without a home directory, and without any variable of the environment but these and Python's."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PYTHON") or name == "PATH"}
    if arguments[0] == "evaluate":  # whose imports, too, must do without a home
        command = [sys.executable, "-c", NOBODY, *arguments]
        return subprocess.run(command, cwd=folder, env=kept | variables, capture_output=True, text=True, check=False, timeout=120)
    return processes.run(NOBODY, *arguments, cwd=folder, variables=kept | variables)


@pytest.mark.skipif(sys.platform == "win32", reason="users are found otherwise there")
def test_a_user_without_a_home_is_told_of_the_variable(tmp_path: Path) -> None:
    """Containers and scheduled jobs run as such; with the variable all is well."""
    faces = tmp_path / "faces"
    faces.mkdir()
    for number in range(6):
        Image.new("RGB", (8, 8), (40 * number, 0, 0)).save(faces / f"{number}.png")
    lines = [f"{n}.png,{('train', 'validation', 'test')[n // 2]},{n % 2}" for n in range(6)]
    (faces / "table.csv").write_text("\n".join(["file,split,x", *lines]))
    for command in (["evaluate", "math:sqrt", "--data", "faces", "--out", "out"], ["data", "faces", "out", "--size", "8"]):
        done = as_nobody(tmp_path, *command)
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith("viceversa: ") and "has no home directory: set VICEVERSA_CACHE" in line
        assert not (tmp_path / "out").exists()
    done = as_nobody(tmp_path, *command, VICEVERSA_CACHE="cache")
    assert done.returncode == 0 and (tmp_path / "out" / "table.csv").is_file(), done.stderr


def test_a_cache_that_cannot_be_written(cache: Path) -> None:
    cache.write_text("a file")
    with pytest.raises(UsageError, match="Set VICEVERSA_CACHE"):
        packed({"a": 1}, _SHAPE, numbers, "numbers")


def test_a_kill_leaves_what_the_next_build_replaces(cache: Path) -> None:
    script = (
        "import time\nimport numpy as np\nfrom viceversa.data.cache.packing import packed\n"
        "packed({'a': 1}, (10, 4, 5, 3), lambda chunk: time.sleep(100), 'slow')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 60
    while not list(cache.glob("*.partial")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
    assert list(cache.glob("*.partial"))
    assert (packed({"a": 1}, _SHAPE, numbers, "numbers") == numbers(range(10))).all()
    assert sorted(path.suffix for path in cache.iterdir()) == [".lock", ".npy"]


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="files have no limit here")
def test_a_full_disk_is_one_clear_line(cache: Path) -> None:
    """No file may grow beyond 300 bytes, and the pixels have 600."""
    script = (
        "import resource, signal\nfrom viceversa.data.cache.packing import packed\nfrom viceversa.errors import UsageError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))\n"
        "try:\n    packed({}, (10, 4, 5, 3), None, 'nothing')\nexcept UsageError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == (f"cannot write the cache {cache}: File too large. Set VICEVERSA_CACHE to a writable folder.\n")
    assert [path.suffix for path in cache.iterdir()] == [".lock"]
