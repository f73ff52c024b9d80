"""A data folder that vanishes, before a training, while its images are read, or in the middle: one line, and nothing is lost."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from cli.hostile import TINY, contents, exit_code, people
from processes import start
from training.small import wait
from viceversa.data.cache.store import FolderFiles
from viceversa.runs.weights import latest_checkpoint

TRAIN = ["train", "stargan", "--data", "people", *TINY, "--training.checkpoint-every", "1"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    people(tmp_path / "people")
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line with which a command ends."""
    capsys.readouterr()
    assert exit_code(*arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("viceversa: ")
    return line


def test_before_it_is_gone_on_with(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Though all images are in the cache: whether they are still the same cannot be seen. Back again, or elsewhere, all is well."""
    assert exit_code(*TRAIN, "--steps", "3", "--until", "2", "--out", "run") == 0
    before = contents(folder / "run")
    (folder / "people").rename(folder / "elsewhere")
    assert str(folder / "people") in refusal(capsys, "train", "stargan", "--resume", "--out", "run")
    assert contents(folder / "run") == before
    (folder / "elsewhere").rename(folder / "people")
    assert exit_code("train", "stargan", "--resume", "--out", "run") == 0


COMMAND = """
import sys
from viceversa.cli import main
main([*sys.argv[2:], "--out", sys.argv[1], "--steps", "100000"])
"""


def test_while_a_training_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes on, since its images are in the cache, until it is interrupted."""
    run = folder / "run"
    process = start(COMMAND, run, *TRAIN, cwd=folder)
    wait(process, lambda: latest_checkpoint(run, quiet=True) is not None)
    shutil.rmtree(folder / "people")
    gone = _last(run)
    wait(process, lambda: _last(run) > gone + 3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT and "Traceback" not in errors
    checkpoint = latest_checkpoint(run)
    assert checkpoint is not None and capsys.readouterr().err == "", "it is whole"
    before = contents(run)
    refusal(capsys, "train", "stargan", "--resume", "--out", str(run))
    assert contents(run) == before


def _last(run: Path) -> int:
    """The step of the last checkpoint."""
    checkpoint = latest_checkpoint(run, quiet=True)
    return int(checkpoint.name) if checkpoint else 0


MOMENTS = [("state", 1), ("state", 10), ("find", 1), ("find", 10), ("find", 11), ("find", 20)]
"""Calls that ask for the state of each of ten files, then for their places: to read their headers, and their pixels."""


@pytest.mark.parametrize("what", ["folder", "file"])
@pytest.mark.parametrize(("asked_for", "call"), MOMENTS)
def test_between_listing_and_reading(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, asked_for: str, call: int, what: str
) -> None:
    """A resumed training ends with one line, and is as it was; what comes back is read again."""
    assert exit_code(*TRAIN, "--steps", "3", "--until", "2", "--out", "run") == 0
    before = contents(folder / "run")
    shutil.rmtree(folder / "cache")
    names: list[str] = []
    moved: list[Path] = []
    ask = getattr(FolderFiles, asked_for)

    def vanishing(self: FolderFiles, name: str) -> object:
        """At this very call: no process that removes files would meet it."""
        names.append(name)
        if len(names) == call:
            moved.append(folder / "people" / ("" if what == "folder" else name))
            moved[0].rename(folder / "elsewhere")
        return ask(self, name)

    with monkeypatch.context() as patch:
        patch.setattr(FolderFiles, asked_for, vanishing)
        line = refusal(capsys, "train", "stargan", "--resume", "--skip-bad", "--out", "run")
    assert names[call - 1] in line and str(folder / "people") in line
    assert contents(folder / "run") == before
    (folder / "elsewhere").rename(moved[0])
    assert exit_code("train", "stargan", "--resume", "--out", "run") == 0
