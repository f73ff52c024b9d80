"""Schedules at hand-computed places."""

from __future__ import annotations

import pytest

from viceversa.schedules import (
    Progress,
    Turn,
    constant,
    cyclegan_decay,
    early,
    every,
    every_first,
    fading,
    lazily,
    linear_decay,
    otherwise,
    product,
    ramp,
    schneider_decay,
    stargan_code_decay,
    switched,
)


def test_linear_decay_is_constant_then_falls_to_zero() -> None:
    rates = [linear_decay(Progress(step, 200)) for step in (0, 99, 100, 150, 199)]
    assert rates == pytest.approx([1, 1, 1, 0.5, 0.01])


def test_cyclegan_decay_never_reaches_zero() -> None:
    rates = [cyclegan_decay(Progress(0, 1, epoch, 200)) for epoch in (0, 99, 100, 199)]
    assert rates == pytest.approx([1, 1, 100 / 101, 1 / 101])


def test_stargan_code_hardly_decays() -> None:
    """100 subtractions of 1e-9 from 1e-4 end at 9.99e-5."""
    assert 1e-4 * stargan_code_decay(Progress(199_999, 200_000)) == pytest.approx(9.99e-5)
    assert stargan_code_decay(Progress(100_000, 200_000)) == 1


def test_schneider_decay_ends_at_zero() -> None:
    rates = [schneider_decay(Progress(0, 1, epoch, 20)) for epoch in (0, 9, 10, 19)]
    assert rates == pytest.approx([1, 1, 0.9, 0])


def test_constant_fading_and_lazy_weights() -> None:
    assert constant(Progress(5, 10)) == 1
    assert fading(2.0)(Progress(50, 100)) == 1
    assert [lazily(1.5, 4)(Progress(step, 10)) for step in range(5)] == [6, 0, 0, 0, 6]


def test_five_critic_steps_for_each_generator_step() -> None:
    assert turns(every(5), 20) == [4, 9, 14, 19]
    assert turns(every_first(3), 7) == [0, 3, 6]
    assert turns(otherwise(every_first(3)), 7) == [1, 2, 4, 5]
    assert turns(early(0.625), 8) == [0, 1, 2, 3, 4] and turns(early(0.1), 3) == [0]


def turns(when: Turn, steps: int) -> list[int]:
    return [step for step in range(steps) if when(Progress(step, steps))]


def test_ramps_go_by_epochs() -> None:
    """The values of two published schedules over 200 epochs: a share to .9 at epoch 201, a weight from epoch 101 towards 251."""
    share, weight = ramp(0.0, 0.9), ramp(1.0, 0.1, 0.5, 1.25)
    at = [Progress(0, 1, epoch - 1, 200) for epoch in (1, 2, 101, 201, 250)]
    assert [share(progress) for progress in at] == pytest.approx([0, 0.0045, 0.45, 0.9, 0.9])
    at = [Progress(0, 1, epoch - 1, 200) for epoch in (1, 101, 102, 176, 251)]
    assert [weight(progress) for progress in at] == pytest.approx([1, 1, 0.994, 0.55, 0.1])


def test_switches_and_products() -> None:
    share = switched(0.25, 0.01, 0.5)
    assert [share(Progress(step, 100)) for step in (0, 24, 25, 99)] == [0.01, 0.01, 0.5, 0.5]
    assert product(3.0, share, fading(2.0))(Progress(50, 100)) == pytest.approx(1.5)
