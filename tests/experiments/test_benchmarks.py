"""The benchmarks measure every case: here in this process, at the smallest sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import loader, loader_process, step, tiles
from benchmarks.common import Figures, machine


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure in this process what has a process of its own; tests/evaluation/test_time_and_memory.py starts one."""
    for module in (loader, step, tiles):

        def apart(name: str, case: Any, **variables: str) -> Figures:
            with monkeypatch.context() as within:
                for variable, value in variables.items():
                    within.setenv(variable, value)
                measured = {each.__name__: each.measured for each in (loader, step, tiles)}[name]
                found: Figures = json.loads(json.dumps(measured(case)))
                return found

        monkeypatch.setattr(module, "apart", apart)


@pytest.mark.usefixtures("here")
def test_step_measures_every_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "step.json"
    step.main(step.Benchmark(("multicyclic", "cyclegan"), ("bf16",), (32,), width=4, batch=2, seconds=0.1, out=out))
    assert "failed" not in capsys.readouterr().out
    results = json.loads(out.read_text())["results"]
    assert [case["method"] for case in results] == ["multicyclic", "cyclegan"]
    assert all(case["steps"] >= 3 and 0 < case["fastest"] <= case["median"] <= case["slowest"] for case in results)
    assert all(case["images_per_second"] == 2000 / case["median"] and case["peak_mebibytes"] > 50 for case in results)


@pytest.mark.usefixtures("here")
def test_loader_measures_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache is built from every file, then from none, then from the one that has changed; helpers' reads count."""
    monkeypatch.setattr(loader_process, "BATCHES", 3)
    out = tmp_path / "loader.json"
    loader.main(loader.Benchmark(("scale",), counts=(700,), faces=20, repeats=1, out=out))
    (scale,) = json.loads(out.read_text())["scale"]
    assert [scale[name][0]["files_read"] for name in ("first build", "cache is there", "one file has changed")] == [700, 0, 1]


@pytest.mark.usefixtures("here")
def test_tiles_are_compared_with_whole_images(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3)).astype(np.uint8)
    monkeypatch.setattr(tiles, "NAMES", ("avatars",))
    monkeypatch.setattr(tiles, "faces", lambda side: noise[:side, :side])
    tiles.main(tiles.Benchmark((128,), memory=8))
    far, tiled, whole = capsys.readouterr().out.splitlines()
    assert far.startswith("avatars 128: at most 0.") and tiled.startswith("  8 MiB: ") and whole.startswith("  whole: ")


def test_the_machine_in_words() -> None:
    assert f"torch {torch.__version__}, Python 3." in machine()
