"""The benchmarks measure every case."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def test_step_measures_every_case(tmp_path: Path) -> None:
    small = ["--methods", "multicyclic", "cyclegan", "--precisions", "bf16", "--sizes", "32", "--width", "4", "--batch", "2"]
    command = [sys.executable, str(BENCHMARKS / "step.py"), *small, "--seconds", "0.1", "--out", str(tmp_path / "step.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "failed" not in done.stdout
    results = json.loads((tmp_path / "step.json").read_text())["results"]
    assert [case["method"] for case in results] == ["multicyclic", "cyclegan"]
    assert all(case["steps"] >= 3 and 0 < case["fastest"] <= case["median"] <= case["slowest"] for case in results)
    assert all(case["images_per_second"] == 2000 / case["median"] and case["peak_mebibytes"] > 50 for case in results)


def test_loader_measures_many_files(tmp_path: Path) -> None:
    small = ["--parts", "scale", "--counts", "700", "--faces", "20", "--repeats", "1"]
    command = [sys.executable, str(BENCHMARKS / "loader.py"), *small, "--out", str(tmp_path / "loader.json")]
    subprocess.run(command, capture_output=True, text=True, check=True)
    (scale,) = json.loads((tmp_path / "loader.json").read_text())["scale"]
    assert [scale[name][0]["files_read"] for name in ("first build", "cache is there", "one file has changed")] == [700, 0, 1]
