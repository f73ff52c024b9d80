"""One run, one training: a second is refused while the first lives, whatever it asks for and however many processes it has."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from accelerate import Accelerator
from filelock import FileLock

from conftest import Command
from contracts.cases import build_masked
from processes import pair, start
from training.small import Started, finish, wait
from training.test_resume import digest
from viceversa.errors import UsageError
from viceversa.runs.folder import LOCK, alone, is_training
from viceversa.runs.weights import latest_checkpoint
from viceversa.training.run import train

SETTINGS = {"steps": 100_000, "batch": 2, "precision": "fp32", "labeller": False, "quiet": True, "checkpoint_every": 5}

TRAIN = """
import sys
from contracts.cases import build_masked
from runs.test_folder import SETTINGS
from viceversa.errors import UsageError
from viceversa.training.run import train

try:
    end = train(build_masked, out=sys.argv[1], until=int(sys.argv[2]) or None, **SETTINGS).step
except UsageError as error:
    end = error
sys.stdout.write(f"{end}\\n")  # in one piece
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def busy(run: Path) -> Iterator[Started]:
    """A process that trains the run, beyond its first checkpoint."""
    process = start(TRAIN, run, 0)
    wait(process, lambda: latest_checkpoint(run) is not None)
    yield process
    process.kill()
    process.communicate()


def test_a_second_training_is_refused_until_the_first_is_dead(busy: Started, run: Path, viceversa: Command) -> None:
    for wish in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(UsageError, match=r"run' is being trained by another process"):
            train(build_masked, out=run, **SETTINGS, **wish)
    done = viceversa("train", "multicyclic", "--out", run)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("viceversa: ") and "is being trained by another process" in line
    refusal = line.removeprefix("viceversa: ").replace("--out", "`out`") + "\n"
    assert [finish(each) for each in pair(TRAIN, run, 1)] == [refusal] * 2
    assert busy.poll() is None, "the first one trains on"
    assert is_training(run)

    busy.send_signal(signal.SIGKILL)
    finish(busy, -signal.SIGKILL)
    assert (run / LOCK).exists() and not is_training(run)
    latest = latest_checkpoint(run)
    assert latest is not None
    until = int(latest.name) + 1
    assert train(build_masked, out=run, resume=True, until=until, **SETTINGS).step == until


def test_whether_a_run_trains_can_be_asked_at_any_time(run: Path) -> None:
    """Asking makes no file, follows no link, waits for no pipe, and does not keep a training from starting."""
    assert not is_training(run)
    run.mkdir()
    assert not is_training(run) and not list(run.iterdir())
    lock, elsewhere = run / LOCK, run / "elsewhere"
    with FileLock(elsewhere):
        lock.symlink_to(elsewhere)
        assert not is_training(run)
    lock.unlink()
    os.mkfifo(lock)
    assert not is_training(run)
    lock.unlink()
    asking = FileLock(lock, thread_local=False)
    asking.acquire()
    assert is_training(run)
    threading.Timer(0.05, asking.release).start()
    with alone(run, Accelerator(cpu=True)):
        assert is_training(run)
    assert not is_training(run)


def test_several_processes_of_one_launch_train_and_leave_no_lock(run: Path) -> None:
    assert [finish(each) for each in pair(TRAIN, run, 3)] == ["3\n", "3\n"]
    assert not (run / ".lock").exists()
    log = (run / "train.log").read_text()
    assert log.count("data:") == 1 and "2 processes" in log, "one of them writes"


def test_a_training_that_does_not_begin_leaves_nothing(run: Path) -> None:
    for wrong in ({"data": "nothing"}, {"resume": True}):
        with pytest.raises(UsageError):
            train("stargan", out=run, **wrong)
        assert not run.exists()
    run.mkdir()
    (run / "notes.txt").write_text("mine")
    before = digest(run)
    with pytest.raises(UsageError, match="holds no run"):
        train("stargan", out=run)
    assert digest(run) == before


def test_what_an_early_kill_leaves_is_no_obstacle(run: Path) -> None:
    """The lock's file, and a recipe that was half written; a later kill's half files go when the run goes on."""
    run.mkdir()
    for name in (".lock", ".recipe.json.x1y2"):
        (run / name).write_text("")
    train(build_masked, out=run, until=1, **SETTINGS)
    (run / ".labeller.safetensors.x1y2").write_bytes(b"half")
    (run / "samples" / ".00000002.png.x1y2").write_bytes(b"half")
    train(build_masked, out=run, resume=True, until=2, **SETTINGS)
    assert not list(run.rglob(".*"))
