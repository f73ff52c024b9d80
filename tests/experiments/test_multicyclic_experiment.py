"""The experiment at equal cost: its verdicts by hand, its costs, its choices, and one small arm from training to row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.common import read_json
from experiments.multicyclic import choices, choose, measures, train
from experiments.multicyclic.arms import CHAINED, FULL, NONE, ON_POLICY, TASKS, TERMS, arms
from experiments.multicyclic.cost import update_cost, updates_for
from experiments.multicyclic.verdicts import Verdict, holm, interval, verdicts
from viceversa.recipes import recipe_named
from viceversa.training.run import updated


def row(mse: float, drift: float, psnr: float) -> dict[str, Any]:
    """A stored row with this squared error at k = 3, what was added since k = 0, and the level."""
    return {
        "rows": [
            {"direction": "inv", "k": 0, "mse": mse - drift, "psnr": 0},
            {"direction": "inv", "k": 3, "mse": mse, "psnr": psnr},
        ]
    }


def test_the_four_tests_by_hand() -> None:
    """Two tasks, three seeds. Drift as a share of base's 200 and 100: (-10 / 200 - 5 / 100) / 2 = -5 % for each seed, and so on."""
    rows = {}
    for seed, more in enumerate((-1.0, 0.0, 1.0)):
        rows |= {("avatars", "base", seed): row(200, 20, 22), ("icons", "base", seed): row(100, 20, 20)}
        rows |= {
            ("avatars", "on-policy", seed): row(180, 10 + 2 * more, 23 + more),
            ("icons", "on-policy", seed): row(90, 15 + more, 20),
        }
        rows |= {("avatars", "full", seed): row(180, 10 + 2 * more, 21), ("icons", "full", seed): row(110, 25, 19 + more)}
    found = {(each.arm, each.measure): each for each in verdicts(rows)}
    assert len(found) == 4
    drift, level = found["on-policy", "drift"], found["on-policy", "level"]
    assert drift.differences == pytest.approx([-0.06, -0.05, -0.04]) and level.differences == pytest.approx([0, 0.5, 1])
    half = 4.302653 * 0.01 / 3**0.5  # Student's t with 2 degrees of freedom
    assert interval(drift.differences) == pytest.approx((-0.05 - half, -0.05 + half), rel=1e-4)
    p = 1 - 75**0.5 / 77**0.5  # t^2 = 3 (.05 / .01)^2 = 75; with 2 degrees of freedom p = 1 - t / sqrt(t^2 + 2)
    assert drift.p == pytest.approx(p, rel=1e-4) and drift.corrected == pytest.approx(4 * p, rel=1e-4) and not drift.holds
    assert drift.seen == pytest.approx((4.302653 + 1.060660) * 0.01 / 3**0.5, rel=1e-4)
    assert found["full", "drift"].differences == pytest.approx([-0.005, 0, 0.005]) and found["full", "level"].mean == pytest.approx(
        -1
    )


def test_an_arm_is_better_only_with_the_same_sign_on_both_tasks() -> None:
    both = np.array([-0.3, -0.2, -0.25])
    alike, unlike = ({"avatars": both * 2, "icons": sign * np.abs(both)} for sign in (-1, 1))
    assert Verdict("full", "drift", both, alike, 0.001, 0.004).holds
    assert not Verdict("full", "drift", both, unlike, 0.001, 0.004).holds
    assert (
        not Verdict("full", "drift", both, alike, 0.02, 0.08).holds
        and not Verdict("full", "level", both, alike, 0.001, 0.004).holds
    )


def test_holm_by_hand() -> None:
    """.01 x 3, .03 x 2, then .04 x 1, but not less than the one before."""
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06]) and holm([0.9, 0.8]) == [1, 1]


def test_every_arm_has_the_operations_of_base() -> None:
    """Also a chain that begins late, and one of a drawn depth: its mean cost by the chances 4/7, 2/7, 1/7."""
    task = TASKS["avatars"]
    base, full = update_cost(task, NONE), update_cost(task, FULL)
    assert full / base == pytest.approx(3.12, rel=1e-2)
    assert updates_for(task, FULL, 0.0) == pytest.approx(task.updates * base / full, abs=0.5)
    late = updates_for(task, FULL, 0.75)
    assert late * (0.75 * base + 0.25 * full) == pytest.approx(task.updates * base, rel=1e-3)
    drawn = {**ON_POLICY, "multicycle.extra": CHAINED}
    depths = [update_cost(task, {**FULL, "multicycle.extra": (0.0,) * depth + (1.0,)}) for depth in range(1)]
    assert base < update_cost(task, drawn) < depths[0] < full


@pytest.mark.parametrize("name", arms(0.6, "hold"))
def test_arms_are_recipes_with_settings(name: str) -> None:
    for task in TASKS.values():
        assert updated(recipe_named(task.recipe), {**task.settings, **arms(0.6, "hold")[name].settings}).name == task.recipe


def test_what_is_chosen_has_the_highest_mean_at_k_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "read_json", lambda name: rows[int(name)])
    monkeypatch.setattr(choices, "TRIES", type("Tries", (), {"glob": lambda self, pattern: map(str, range(len(rows)))})())
    tried = (("start", "0", 20, 21), ("start", "0.6", 22, 20), ("terms", "hold", 23, 21), ("rate-full", "0.001", 20, 20))
    rows = [
        {"group": group, "value": value, "task": "icons", "psnr": [30, last]} for group, value, *both in tried for last in both
    ]  # fmt: skip
    assert (choices.start_chosen(), choices.terms_chosen(), choices.rate_chosen("icons", "full")) == (0.6, "hold", 0.001)
    assert len(list(choose.tries("starts"))) == 16 and len(list(choose.tries("terms"))) == 4 * (len(TERMS) - 1)
    assert len(list(choose.tries("rates"))) == 18


def test_squared_error_by_hand() -> None:
    images = np.array([[[[0], [4]]], [[[1], [1]]]], np.uint8)
    assert measures.squared_error(images, np.zeros_like(images)) == pytest.approx([8, 1])


def test_an_arm_is_trained_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two updates in the place of thousands, on the on-policy chain; a second call finds nothing to do."""
    monkeypatch.setenv("ACCELERATE_USE_CPU", "1")
    monkeypatch.setattr(train, "RESULTS", tmp_path)
    for name, value in (("start_chosen", 0.0), ("terms_chosen", "hold")):
        monkeypatch.setattr(train, name, lambda value=value: value)
    monkeypatch.setattr(train, "rate_chosen", lambda task, arm: 1e-3)
    monkeypatch.setattr(train, "updates_for", lambda *asked: 2)
    asked = train.Train(("on-policy",), ("avatars",), (0,), images=8, runs=tmp_path / "runs")
    train.main(asked)
    found = read_json(train.result_of("avatars", "on-policy", 0))
    assert (found["updates"], found["start"], found["rate"]) == (2, 0.0, 0.001) and len(found["held"]) == 10
    places = [(each["direction"], each["k"]) for each in found["rows"]]
    assert places == [*(("inv", k) for k in range(4)), *(("rec", k) for k in range(4)), *(("step", k) for k in range(1, 11))]
    success = [each["success_rate"] for each in found["rows"] if each["direction"] == "step"]
    assert success == sorted(success, reverse=True) and found["rows"][0]["mse"] > 0
    monkeypatch.setattr(train, "one", None)
    train.main(asked)
