"""The experiment: its measures by hand, its page as its results have it, and one small arm from training to picture."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from viceversa.data.augment import normalized
from viceversa.data.sources import open_dataset
from viceversa.evaluation.chains import Place, translating, trial
from viceversa.recipes import recipe_named
from viceversa.training.run import updated

ROOT = Path(__file__).resolve().parents[1]
BENCHMARK = ROOT / "benchmarks" / "multicyclic"
sys.path.append(str(BENCHMARK))

from arms import ARMS, VARIATIONS  # noqa: E402
from hypotheses import answer  # noqa: E402
from report import with_tables  # noqa: E402
from steps import steps  # noqa: E402


def test_each_step_is_compared_with_no_edit() -> None:
    """Who does nothing moves nothing and gains nothing at the first step; who is perfect moves what was asked."""
    task = trial(open_dataset("avatars", 32), 4)

    def perfect(image, source, target):
        number = next((j for j in (1, 2, 3) if torch.equal(target.label, task.targets[j - 1])), 1)  # inv and rec do not count
        return normalized(torch.tensor(np.asarray(task.truth(Place("step", number, "8bit")))))

    idle, right = (steps(translating(translate), task, 3) for translate in (lambda image, *_: image, perfect))
    assert [step["moved"] for step in idle] == [0, 0, 0] and idle[0]["psnr"] == idle[0]["psnr_no_edit"] < 40
    assert [step["step"] for step in right] == [1, 2, 3] and all(step["psnr"] == 100 for step in right)
    assert all(step["moved"] == step["asked"] > 5 and step["psnr_no_edit"] < 40 for step in right)


def test_answers_need_seeds_that_agree() -> None:
    """Mean 1, deviation .1: 1 > 4.303 x .1 / sqrt 3 = .25. Mean 1, deviation .5: 1 < 1.24."""
    assert answer([0.9, 1.0, 1.1], 1) == answer([-0.9, -1.0, -1.1], -1) == "yes"
    assert answer([0.9, 1.0, 1.1], -1) == "no"
    assert answer([0.5, 1.0, 1.5], 1) == "undecided, every seed for it"
    assert answer([0.5, 1.0, 1.5], -1) == "undecided, every seed against it"
    assert answer([-0.5, 1.0, 1.5], 1) == answer([1.0], 1) == answer([], 1) == "undecided"


def test_the_page_has_the_results() -> None:
    page = (ROOT / "docs" / "results" / "multicyclic.md").read_text()
    assert with_tables(page) == page, "run benchmarks/multicyclic/report.py"


@pytest.mark.parametrize("name", [*ARMS, *VARIATIONS])
def test_arms_are_recipes_with_settings(name: str) -> None:
    arm = {**ARMS, **VARIATIONS}[name]
    settings = {option.removeprefix("--").replace("-", "_"): value for option, value in arm.settings.items()}
    assert updated(recipe_named(arm.recipe), settings).name == arm.recipe


def test_an_arm_is_trained_measured_and_drawn(tmp_path: Path) -> None:
    """Two updates in the place of 2,000; a second call finds nothing to do."""
    where = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    command = [sys.executable, str(BENCHMARK / "run.py"), "--arms", "base-fakes", "--seeds", "0", "--updates", "2", "--images", "4"]
    done = [subprocess.run([*command, *where], capture_output=True, text=True, check=True) for _ in range(2)]
    assert [run.stderr.count("base-fakes, seed 0") for run in done] == [1, 0]
    found = json.loads((tmp_path / "results" / "base-fakes-0.json").read_text())
    assert (found["updates"], found["images"], found["dataset"]) == (2, 4, "avatars-32-v1") and len(found["steps"]) == 10
    assert found["operations"] == pytest.approx(2 * 12.604e9, rel=1e-3)
    bounds = json.loads((tmp_path / "results" / "bounds.json").read_text())["rows"]
    assert {row["model"] for row in found["rows"]} == {"model"} and {row["model"] for row in bounds} >= {"floor", "ceiling"}
    assert (tmp_path / "results" / "base-fakes-0.png").stat().st_size > 1000
