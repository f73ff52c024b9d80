"""The benchmark of a step measures every case."""

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
