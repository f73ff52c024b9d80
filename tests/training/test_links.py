"""Links and pipes in a run's folder: nothing is written, cut or removed where they lead, and nothing waits for a pipe."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from contracts.cases import build_masked
from viceversa.errors import UsageError
from viceversa.inference.load import load
from viceversa.runs.folder import CONTENTS
from viceversa.runs.weights import latest_checkpoint
from viceversa.training.run import train

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators there")
SETTINGS = {"batch": 2, "labeller": False, "quiet": True, "checkpoint_every": 1, "steps": 4}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two steps to go."""
    run = tmp_path_factory.mktemp("made") / "run"
    train(build_masked, out=run, until=2, **SETTINGS)
    return run


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy, beside a folder `beside` that holds what a link may lead to."""
    shutil.copytree(made, tmp_path / "run")
    shutil.copytree(made / "checkpoints", tmp_path / "beside")
    (tmp_path / "beside" / ".half").write_text("mine")
    (tmp_path / "beside" / "notes").write_text("mine")
    return tmp_path / "run"


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def replaced(path: Path) -> Path:
    """The path, where nothing is any more."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return path


@pytest.mark.parametrize("target", ["beside", "beside/notes", "beside/new"])
@pytest.mark.parametrize("name", [*CONTENTS[:-1], ".lock"])
def test_a_run_does_not_write_through_links(run: Path, name: str, target: str) -> None:
    """Also not by beginning anew in its place."""
    replaced(run / name).symlink_to(f"../{target}")
    before = contents(run.parent)
    for how in ({"resume": True}, {"overwrite": True}):
        with pytest.raises(UsageError, match=f"{name}' is a link|cannot write to .*symbolic links"):
            train(build_masked, out=run, **how, **SETTINGS)
    assert contents(run.parent) == before


@pytest.mark.parametrize("name", ["checkpoints/00000001", "checkpoints/00000002", "checkpoints/.partial-1", "samples/00000004.png"])
def test_what_lies_deeper_is_replaced_or_left(run: Path, name: str) -> None:
    (run / "samples").mkdir(exist_ok=True)
    replaced(run / name).symlink_to("../../beside/" + (Path(name).name if "checkpoints/0" in name else "notes"))
    before = contents(run.parent / "beside")
    train(build_masked, out=run, resume=True, **SETTINGS)
    assert contents(run.parent / "beside") == before
    assert load(run, build=build_masked).step == 4


@pytest.mark.parametrize("name", ["networks.safetensors", "training.pt", "manifest.json"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_checkpoint_is_made_of_files(run: Path, name: str, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = replaced(run / "checkpoints" / "00000002" / name)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    checkpoint = latest_checkpoint(run)
    assert checkpoint is not None and checkpoint.name == "00000001"
    assert name in capsys.readouterr().err


@pytest.mark.parametrize("name", ["metrics.jsonl", "samples", "labeller.safetensors"])
def test_a_run_does_not_wait_for_a_pipe(run: Path, name: str) -> None:
    os.mkfifo(replaced(run / name))
    with pytest.raises(UsageError, match=f"{name}' is a link or a special file: replace it"):
        train(build_masked, out=run, resume=True, **SETTINGS)
    if name.startswith("labeller"):
        with pytest.raises(UsageError, match="it is not a regular file"):
            load(run, build=build_masked)


@pytest.mark.parametrize("name", ["\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT NINE}", "999999999", "00000003"])
def test_other_names_are_no_checkpoints(run: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "checkpoints" / name).mkdir()
    checkpoint = latest_checkpoint(run)
    assert checkpoint is not None and checkpoint.name == "00000002"
    assert ("manifest.json' is missing" in capsys.readouterr().err) is name.isascii()


def test_damaged_lines_of_the_log_are_counted_and_left_out(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = run / "metrics.jsonl"
    whole = log.read_bytes()
    log.write_bytes(b"\0" * 9 + b"\n[1]\n" + whole + b'{"step": "1"}\n' + b"[" * 10**5 + b"\n" + b'{"step": 1, "lo')
    train(build_masked, out=run, resume=True, **SETTINGS)
    assert "4 lines of " in capsys.readouterr().err
    assert log.read_bytes().startswith(whole) and len(log.read_bytes().splitlines()) == len(whole.splitlines()) + 1
