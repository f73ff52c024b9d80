"""The benchmark of faces, at a size that shows only that it runs: trained, read, and made a clip of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from video.films import pixels

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "face_off"


def test_faces_are_translated_read_and_made_a_clip_of(tmp_path: Path) -> None:
    small = ["--size", "32", "--steps", "1", "--shown", "3", "--threads", "1"]
    places = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    subprocess.run([sys.executable, str(BENCHMARK / "run.py"), *small, *places], capture_output=True, check=True)
    found = json.loads((tmp_path / "results" / "face-off.json").read_text())
    assert found["steps"] == 1 and found["clip"]["frames"] == 18
    for way in found["ways"].values():
        assert way["faces"] == 182 and way["expression"] <= min(way["eyes"], way["brows"], way["mouth"]) < 0.5, "after one step"
    frames = np.stack([np.asarray(each) for each in pixels(tmp_path / "results" / "face-off.mp4")])
    assert frames.shape == (18, 32, 32, 3) and len({each.tobytes() for each in frames}) > 6, "they sway"
    figures = found["clip"]["consistency"]
    assert figures["true"].keys() == figures["translated"].keys() and figures["true"]["warping_error_of_input_dis"] > 0
