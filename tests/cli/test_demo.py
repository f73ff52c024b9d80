"""The demo in one minute, as a process; and what it concludes."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Command
from viceversa.cli.demo import conclusion
from viceversa.data.sources import open_dataset
from viceversa.evaluation.chains import Place, Way, trial
from viceversa.evaluation.compare import Comparison
from viceversa.evaluation.evaluate import Assessment, PerImage

METRICS = ("changed_accuracy", "psnr_to_truth", "perceptual_to_source")


@pytest.mark.timeout(600)
def test_the_demo_in_a_minute(viceversa: Command, tmp_path: Path) -> None:
    done = viceversa("demo", "--minutes", "1", cwd=tmp_path, timeout=600)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "viceversa-demo"
    metrics = json.loads((out / "metrics.json").read_text(), parse_constant=pytest.fail)
    rows = metrics["rows"]
    assert {row["model"] for row in rows} == {"base", "multicyclic", "floor", "ceiling", "real"}
    assert len(rows) == 5 * 2 * 4 * 2 and metrics["comparable"] is True
    assert len({row["samples"] for row in rows}) == 1 and 20 <= rows[0]["samples"] <= 500
    ceiling = [row for row in rows if row["model"] == "ceiling"]
    assert all(row["label_accuracy"] >= 0.98 and row["psnr_to_truth"] == 100 for row in ceiling)
    for name in ("base", "multicyclic"):
        steps = json.loads((out / name / "recipe.json").read_text())["recipe"]["training"]["steps"]
        assert f"{name}: {steps} generator updates" in " ".join(done.stdout.split())
    assert "After 3 further translations" in done.stdout
    assert Image.open(out / "samples.png").size > (1000, 800)
    first, *_ = done.stdout.splitlines()
    assert "pretrained.png" in first and Image.open(out / "pretrained.png").size > (1000, 400)
    assert (out / "pretrained.png").stat().st_mtime < (out / "base" / "recipe.json").stat().st_mtime
    assert "multicyclic" in (out / "report.html").read_text()


def comparison(base: float, multicyclic: float) -> Comparison:
    """Two models whose every metric is that number on each of 40 images, give or take a little that both share."""
    noise = np.random.default_rng(0).normal(0, 0.1, 40)
    place = {"inv": Place("inv", 3, "8bit"), "rec": Place("rec", 3, "8bit")}

    def assessment(value: float, spread: float) -> Assessment:
        per_image: PerImage = dict.fromkeys(METRICS, value + spread * noise)
        return Assessment([], {place["inv"]: per_image, place["rec"]: per_image})

    models = {"base": assessment(base, 1), "multicyclic": assessment(multicyclic, -1)}
    return Comparison(trial(open_dataset("avatars", 32), 40), Way(3), None, [], models, [])


def test_the_conclusion_says_when_there_is_no_difference() -> None:
    said = conclusion(comparison(0.5, 0.5))
    assert said.count("no difference at this size") == 3 and "differs" not in said


def test_the_conclusion_gives_the_difference_and_its_interval() -> None:
    said = conclusion(comparison(0.5, 1.5))
    assert said.count("differs by") == 3 and "no difference" not in said
    noise = np.random.default_rng(0).normal(0, 0.1, 40)
    mean, error = 1 - 2 * noise.mean(), 2 * noise.std() / math.sqrt(40)
    numbers = re.search(r"accuracy of what had to change \(inv\) differs by (\S+) \((\S+) to (\S+)\)", said)
    assert numbers
    shown, low, high = map(float, numbers.groups())
    assert shown == pytest.approx(mean, abs=6e-4)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.15)
