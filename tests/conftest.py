"""What several test files share: the installed command, and one small run of each kind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

import processes

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a core for each worker, and for the processes that it starts

os.environ["HF_HUB_OFFLINE"] = "1"  # before `datasets` is imported anywhere: names that are no folders fail at once

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs, and their children, would ignore it

Command = Callable[..., "subprocess.CompletedProcess[str]"]

_CACHE = os.environ.get("VICEVERSA_CACHE")

SMALL = ["--steps", "8", "--batch", "4", "--training.checkpoint-every", "4", "--training.sample-every", "8"]
STARGAN = ["--method.width", "4", "--method.blocks", "1", "--method.critic-width", "4"]
CYCLEGAN = ["--method.width", "4", "--method.blocks", "1", "--method.critic-width", "4"]


@pytest.fixture(autouse=True)
def forgotten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Modules that a test wrote and imported: the next test may write others of the same names."""
    before = set(sys.modules)
    yield
    base = str(tmp_path_factory.getbasetemp())
    for name in sys.modules.keys() - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(base):
            del sys.modules[name]


@pytest.fixture(scope="session")
def viceversa() -> Command:
    """The command, as a process of its own."""
    return processes.command


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache that all tests share, also in a file whose tests have caches of their own: to draw a set takes half a minute."""
    if _CACHE is None:
        monkeypatch.delenv("VICEVERSA_CACHE", raising=False)
    else:
        monkeypatch.setenv("VICEVERSA_CACHE", _CACHE)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder for all workers."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture
def few(shared: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, range]:
    """Drawn data sets of these few images, in a cache of their own: to draw all images of one takes up to a minute."""
    splits = {"train": range(40), "validation": range(40, 60), "test": range(60, 160)}
    monkeypatch.setenv("VICEVERSA_CACHE", str(shared / "few"))
    for name in ("avatars", "outlines", "toons", "street_digits"):
        monkeypatch.setattr(f"viceversa.data.sets.{name}.SPLITS", splits)
    return splits


@pytest.fixture(scope="session")
def runs(viceversa: Command, shared: Path) -> Path:
    """A folder with two small runs on real avatars: `labels` (multicyclic) and `spaces` (cyclegan). Both workers read the same."""
    from viceversa.data.sources import open_dataset
    from viceversa.metrics.labeller_training import independent_labeller

    independent_labeller(open_dataset("avatars", 32), quiet=True)  # a training as short as these would not finish it
    folder = shared / "runs"
    with FileLock(f"{folder}.lock"):
        for name, recipe, settings in (("labels", "multicyclic", STARGAN), ("spaces", "cyclegan", CYCLEGAN)):
            if not (folder / name).exists():
                done = viceversa("train", recipe, "--out", folder / name, *SMALL, *settings)
                assert done.returncode == 0, done.stderr
    return folder
