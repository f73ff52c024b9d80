"""A training whose length is given by the clock: its schedule ends with the time, on machines of any and of changing speed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.cases import CASES
from training.small import noise, trainer
from viceversa.core.schedules import Progress, linear_decay
from viceversa.training.pace import Pace

SECONDS = st.lists(st.floats(0.01, 0.6), min_size=60, max_size=60)


def steps(pace: Pace, durations: Iterator[float], now: list[float]) -> list[int]:
    """The lengths that the schedule was given, one for each step that was done."""
    lengths = []
    done = 0
    while done < (length := pace.steps(done)):
        lengths.append(length)
        now[0] += next(durations)
        done += 1
    return lengths


@given(SECONDS)
def test_it_ends_with_the_time_and_not_before(durations: list[float]) -> None:
    now = [0.0]
    done = len(steps(Pace(5.0, lambda: now[0]), iter(durations * 20), now))
    assert now[0] >= 5 > now[0] - (durations * 20)[done - 1]


@given(st.floats(0.01, 0.1), st.floats(0.25, 4))
def test_the_rate_ends_near_zero_also_where_the_machine_becomes_slower_or_faster(step: float, factor: float) -> None:
    """It follows the clock: 1 - (t - T / 2) / (T / 2) at time t of T, in the second half."""
    now = [0.0]
    durations = (step if now[0] < 3 else step * factor for _ in range(10**6))
    lengths = steps(Pace(6.0, lambda: now[0]), durations, now)
    rates = [linear_decay(Progress(number, length)) for number, length in enumerate(lengths)]
    assert rates[0] == 1 and rates[-1] <= 4 * step * max(factor, 1) / 6 + 2 / len(rates)
    assert all(
        before >= after - 1e-2 for before, after in zip(rates[len(rates) // 2 :], rates[len(rates) // 2 + 1 :], strict=False)
    )


def test_a_training_follows_the_clock(tmp_path: Path) -> None:
    """Half a second a step, by a clock that is asked once a step: 8 steps in 4 seconds; the last one at a quarter of the rate."""
    case = next(case for case in CASES if case.name == "masked")
    times = (number / 2 for number in range(100))
    training = trainer(tmp_path, case.build, noise(case.space), decay="linear")
    training.pace = Pace(4.0, lambda: next(times))
    training.train(10**6)
    assert training.step == 8
    assert (tmp_path / "checkpoints" / "00000008").is_dir()
    rates = {group["lr"] for optimizer in training.trainee.optimizers.values() for group in optimizer.param_groups}
    full = {optimizer.lr for optimizer in training.method.optimizers.values()}
    assert [*rates] == pytest.approx([each * linear_decay(Progress(7, 8)) for each in full])
