"""Curves over turns, rates, slopes and differences, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from viceversa.multiturn.curves import Curves, differences, goal_of
from viceversa.multiturn.measuring import ChainValues, TurnValues
from viceversa.multiturn.verdict import verdict


def chain(
    name: str,
    l1: list[float | None],
    *,
    right: list[bool | None] | None = None,
    nearest: list[float] | None = None,
    stranger: float = 1.0,
) -> ChainValues:
    """A chain with these distances to the source at turns 1, 2, ...; None: the turn is missing."""
    turns = {}
    for number, value in enumerate(l1, 1):
        if value is None:
            continue
        distances = {"l1": value, "psnr": 40.0 - value, "psnr_low": 50.0, "psnr_high": 40.0, "color_shift": value / 2}
        near = nearest[number - 1] if nearest else 0.0
        turns[number] = TurnValues({"source": distances}, near, None if right is None else right[number - 1])  # type: ignore[dict-item]
    return ChainValues(name, turns, stranger)


def drifting(name: str, slope: float, count: int = 30) -> Curves:
    """Chains that start at 2 to 3 levels and add a slope each turn."""
    return Curves(name, [chain(str(row), [2 + row / count + slope * turn for turn in range(5)]) for row in range(count)])


def test_first_step_slope_and_mean() -> None:
    editor = Curves("e", [chain("a", [4, 6, 8]), chain("b", [2, 3, 4])])
    assert editor.mean("source", "l1", 3).mean == 6  # type: ignore[union-attr]
    assert editor.mean("source", "l1", 1).mean == 3  # type: ignore[union-attr]
    assert editor.slopes("source", "l1").tolist() == pytest.approx([2, 1])
    assert editor.slope("source", "l1").mean == pytest.approx(1.5)  # type: ignore[union-attr]
    assert editor.mean("source", "l1", 4) is None
    assert editor.mean("truth", "l1", 1) is None


def test_a_missing_turn_is_left_out_of_the_slope_at_its_place() -> None:
    editor = Curves("e", [chain("a", [1, None, 5, 7]), chain("b", [3, None, None, None])])
    assert editor.slopes("source", "l1")[0] == pytest.approx(2)
    assert np.isnan(editor.slopes("source", "l1")[1])
    assert editor.mean("source", "l1", 3).mean == 5  # type: ignore[union-attr]


def test_success_needs_all_turns_before() -> None:
    """SR@k: right, right, wrong, right -> 1, 1, 0, 0; an unknown turn ends what is known."""
    editor = Curves(
        "e", [chain("a", [1, 1, 1, 1], right=[True, True, False, True]), chain("b", [1, 1, 1, 1], right=[True, None, True, True])]
    )
    assert editor.success[0].tolist() == [1, 1, 0, 0]
    assert editor.success[1][0] == 1
    assert np.isnan(editor.success[1][1:]).all()


def test_a_chain_that_failed_stays_failed_though_later_turns_are_unknown() -> None:
    """SR@k cannot rise: no, unknown, unknown counts in every k."""
    rights: list[list[bool | None]] = [[False, None, None], [True, True, False], [True, True, True]]
    editor = Curves("e", [chain(str(row), [1, 1, 1], right=each) for row, each in enumerate(rights)])
    assert editor.success.mean(0).tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3])


def test_a_collapsed_chain_without_later_turns_stays_collapsed() -> None:
    editor = Curves("e", [chain("a", [1, None], nearest=[2.0, 0.0]), chain("b", [1, 1], nearest=[0.1, 0.1])])
    assert editor.collapsed.mean(0).tolist() == [0.5, 0.5]


def test_sources_that_are_alike_say_nothing_of_a_collapse() -> None:
    editor = Curves("e", [chain(str(row), [0, 0], nearest=[0.0, 0.0], stranger=0.0) for row in range(3)])
    assert editor.stranger is None
    assert np.isnan(editor.collapsed).all()


def test_the_turn_that_is_judged_is_one_that_half_of_the_chains_have() -> None:
    """Three chains of two turns and one of five: turn 2 is judged, and the verdict says what ends earlier."""
    editor = Curves("e", [*(chain(str(row), [15, 30]) for row in range(3)), chain("long", [5, 5, 5, 5, 5])])
    assert editor.last == 2
    assert "after 2 turns" in verdict([editor], [])
    shorter = Curves("e", [*(chain(str(row), [1, 2, 3]) for row in range(3)), chain("short", [1])])
    assert (shorter.last, shorter.ended) == (3, 1)
    assert "1 of 4 chains end before turn 3." in verdict([shorter], [])


def test_there_and_back_compares_even_turns_only() -> None:
    """An editor that does nothing is far from the truth there, and at zero back: no slope."""
    chains = [chain(str(row), [12.0 + row, 0, 12.0 + row, 0]) for row in range(3)]
    editor = Curves("e", chains, facts={"protocol": "there-and-back"})
    assert editor.slopes("source", "l1").tolist() == [0, 0, 0]
    assert "it drifts" not in verdict([editor], [])
    assert "brings it" not in verdict([editor], [])


def test_an_editor_that_returns_comes_nearer_by_a_positive_number() -> None:
    """-2 levels a turn: no sign, and the ends of the interval in order."""
    editor = Curves("e", [chain(str(row), [12.0 + row, 10 + row, 8 + row]) for row in range(3)])
    assert "each later turn brings it 2.00 levels (2.00 to 2.00) nearer." in verdict([editor], [])


def test_a_single_chain_has_no_interval_and_decides_nothing() -> None:
    line = verdict([Curves("e", [chain("a", [4, 6, 8])])], [])
    assert " to 3" not in line and "drifts" not in line
    assert "each later turn adds +2.00 levels." in line


def test_few_turns_without_ground_truth_are_left_out_and_said() -> None:
    truth = {
        "source": {"l1": 9.0, "psnr": 20.0},
        "truth": {"l1": 1.0, "psnr": 40.0, "psnr_low": 50.0, "psnr_high": 40.0, "color_shift": 0.0},
    }
    turns = {number: TurnValues(truth, 0.0) for number in range(1, 6)}  # type: ignore[arg-type]
    broken = {**turns, 3: TurnValues({"source": {"l1": 9.0}}, 0.0)}  # type: ignore[arg-type]
    editor = Curves("e", [ChainValues("a", turns), ChainValues("b", turns), ChainValues("c", broken)])
    assert (editor.goal, editor.unknown) == ("truth", 1)
    assert "1 turn without a ground truth are left out." in verdict([editor], [])


def test_an_image_collapses_for_good_where_it_is_as_far_as_another_source() -> None:
    """The median distance of two sources is 1: .5, 1.2, .4 -> 0, 1, 1."""
    editor = Curves("e", [
        chain("a", [1, 1, 1], nearest=[0.5, 1.2, 0.4]), chain("b", [1, 1, 1], nearest=[0.1, 0.1, 0.1], stranger=0.6),
        chain("c", [1, 1, 1], nearest=[0.1, 0.1, 0.99], stranger=3.0),
    ])  # fmt: skip
    assert editor.stranger == 1
    assert editor.collapsed.tolist() == [[0, 1, 1], [0, 0, 0], [0, 0, 0]]


def test_the_goal_is_the_ground_truth_where_every_turn_has_one() -> None:
    both = {"source": {"l1": 9.0}, "truth": {"l1": 1.0}}
    known = Curves("e", [ChainValues("a", {1: TurnValues(both, 0.0), 2: TurnValues(both, 0.0)})])  # type: ignore[arg-type]
    partly = Curves("f", [ChainValues("a", {1: TurnValues(both, 0.0), 2: TurnValues({"source": {"l1": 9.0}}, 0.0)})])  # type: ignore[arg-type]
    assert [goal_of([known]), goal_of([partly]), goal_of([known, partly])] == ["truth", "source", "source"]
    assert {each.to for each in differences([known, known], ["l1"])} == {"truth"}


def test_differences_are_paired_by_chain() -> None:
    """b is 1 level above a in every chain, so the interval has no width; chains that only one has are left out."""
    a = Curves("a", [chain(str(row), [row, 2.0 * row]) for row in range(4)])
    b = Curves("b", [chain("x", [99, 99]), *(chain(str(row), [row + 1, 2 * row + 1]) for row in (3, 1, 2, 0))])
    found = {each.what: each for each in differences([a, b], ["l1"])}
    assert found.keys() == {"turn 2", "first step", "slope"}
    assert (found["turn 2"].interval.low, found["turn 2"].interval.high, found["turn 2"].chains) == (1, 1, 4)
    assert found["slope"].interval.mean == pytest.approx(0)


def test_the_verdict_tells_a_drift_from_none() -> None:
    drifts, stays = (
        drifting("drifts", 0.5),
        Curves("stays", [chain(str(row), [2 + (row * 7 + turn * 3) % 5 / 10 for turn in range(5)]) for row in range(30)]),
    )
    lines = verdict([drifts, stays], differences([drifts, stays], ["l1"])).splitlines()
    assert "each later turn adds +0.50 levels" in lines[0]
    assert "it drifts" in lines[0]
    assert "later turns add nothing that can be told from 0" in lines[1]
    assert lines[2].startswith("After turn 5 stays is nearer to the source than drifts: -")


def test_the_verdict_names_the_band_and_says_that_chains_are_few() -> None:
    """40 dB above and 50 dB below the cut-off: 10 of 11 parts of the squared error are high."""
    line = verdict([Curves("e", [chain("a", [4, 6])])], [])
    assert "91% of the squared error is in edges and texture" in line
    assert "the mean color moves by 3.0 levels" in line
    assert "This is only 1 chain." in line


def test_the_verdict_says_that_editors_share_no_chain_or_cannot_be_told_apart() -> None:
    a, b = drifting("a", 0.1), Curves("b", [chain("other", [1, 2])])
    assert "b and a share no chain that was measured" in verdict([a, b], differences([a, b], ["l1"]))
    same = drifting("same", 0.1)
    assert "cannot tell same and a apart" in verdict([a, same], differences([a, same], ["l1"]))


def test_nothing_measured_is_said() -> None:
    assert verdict([Curves("e", [ChainValues("a", {})])], []) == "e: nothing could be measured."
