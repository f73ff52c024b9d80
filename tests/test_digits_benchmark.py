"""The benchmark of digits, at a size that shows only that it runs: it trains, and counts what it measures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

from data.small_digits import small_mnist

DIGITS = Path(__file__).parents[1] / "benchmarks" / "digits"


def test_translator_is_trained_and_measured(tmp_path: Path) -> None:
    small_mnist(tmp_path / "small")
    small_mnist(tmp_path / "large", 32)
    places = {"--mnist": "small", "--street": "large", "--runs": "runs", "--results": "results"}
    command = [sys.executable, str(DIGITS / "run.py"), "--name", "pad-crop", "--threads", "1", "--epochs", "1"]
    command += [part for option, name in places.items() for part in (option, str(tmp_path / name))]
    command += ["--steps", "30", "--batch", "2", "--width", "2", "--blocks", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "results" / "pad-crop.json").read_text())
    assert found["steps"] == 30 and found["method"]["fit"] == "pad_crop" and found["method"]["identity"] == 0
    assert list(found["ways"]) == ["mnist to street", "street to mnist"]
    for way in found["ways"].values():
        assert way["images"] == 5 == sum(map(sum, way["confusion"]))
        assert way["accuracy"] == sum(way["confusion"][digit][digit] for digit in range(10)) / 5
        assert 0 < way["cycle_l1"] < 255 and 0 < way["cycle_l1_middle"] < 255
    assert found["ways"]["mnist to street"]["cycle_l1"] == found["ways"]["mnist to street"]["cycle_l1_middle"]
    with Image.open(tmp_path / "results" / "pad-crop.png") as picture:
        assert picture.width > picture.height > 6 * 32
