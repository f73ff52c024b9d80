"""The demo in the shortest time, as a process; its time, by a clock of the test; and what it concludes."""

from __future__ import annotations

import json
import math
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Command
from viceversa.cli.demo import RESERVE, WANTED, Budget, conclusion
from viceversa.data.sources import open_dataset
from viceversa.evaluation.comparison import Comparison
from viceversa.evaluation.judge import Assessment, PerImage
from viceversa.metrics.chain_protocol import Place, Way, trial

METRICS = ("changed_accuracy", "psnr_to_truth", "perceptual_to_source")


@pytest.mark.timeout(600)
def test_the_demo_in_a_tenth_of_a_minute(viceversa: Command, tmp_path: Path) -> None:
    done = viceversa("demo", "--minutes", "0.1", cwd=tmp_path, timeout=600)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "viceversa-demo"
    metrics = json.loads((out / "metrics.json").read_text(), parse_constant=pytest.fail)
    rows = metrics["rows"]
    assert {row["model"] for row in rows} == {"base", "multicyclic", "floor", "ceiling", "real"}
    assert len(rows) == 5 * 2 * 4 * 2 and metrics["comparable"] is True
    assert len({row["samples"] for row in rows}) == 1 and 20 <= rows[0]["samples"] <= 500
    assert float(done.stdout.rsplit("; ", 1)[1].split()[0]) > 0
    ceiling = [row for row in rows if row["model"] == "ceiling"]
    assert all(row["label_accuracy"] >= 0.98 and row["psnr_to_truth"] == 100 for row in ceiling)
    for name in ("base", "multicyclic"):
        steps = json.loads((out / name / "recipe.json").read_text())["recipe"]["training"]["steps"]
        assert f"{name}: {steps} generator updates" in " ".join(done.stdout.split())
    assert "After 3 earlier translations" in done.stdout
    (command,) = re.findall(r"^next: (.*)$", done.stdout, re.MULTILINE)
    program, *words = shlex.split(command)
    made = viceversa(*words, cwd=tmp_path)
    assert program == "viceversa" and made.returncode == 0 and len(list((tmp_path / "translated").iterdir())) == 4, made.stderr
    assert Image.open(out / "samples.png").size > (1000, 800)
    first, *_ = done.stdout.splitlines()
    assert "pretrained.png" in first and Image.open(out / "pretrained.png").size > (1000, 400)
    assert (out / "pretrained.png").stat().st_mtime < (out / "base" / "recipe.json").stat().st_mtime
    assert "multicyclic" in (out / "report.html").read_text()


COSTS = {"pictures and data": 26.0, "labeller": 25.0, "behind a training": 1.5, "an image": 0.2}
"""Seconds on two idle cores, rounded up."""


@pytest.mark.parametrize("slower", [1.0, 1.25, 1.5])
@pytest.mark.parametrize("since", ["data", "training", "measuring", "report"])
def test_the_time_holds_and_200_images_are_measured_on_slower_machines(slower: float, since: str) -> None:
    """A clock that runs `slower` times as fast, from the beginning or only since a later part."""
    now = 0.0
    budget = Budget(240, lambda: now)
    parts = ["data", "training", "measuring", "report"]

    def pace(part: str) -> float:
        return slower if parts.index(part) >= parts.index(since) else 1.0

    now += pace("data") * (COSTS["pictures and data"] + COSTS["labeller"])
    each = budget.training(2, pace("data") * COSTS["an image"])
    assert each >= 20
    now += 2 * each + pace("training") * 2 * COSTS["behind a training"]
    images = budget.images(pace("training") * COSTS["an image"])
    assert images >= WANTED
    now += pace("measuring") * images * COSTS["an image"]
    now += pace("report") * RESERVE
    assert now <= 240


def test_without_time_the_machinery_is_tried() -> None:
    budget = Budget(6, lambda: 100.0)
    assert (budget.left, budget.training(2, 0.2), budget.images(0.2)) == (0, 0.5, 20)


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
