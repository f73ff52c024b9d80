"""Schedules at hand-computed places."""

from __future__ import annotations

import pytest

from viceversa.schedules import (
    Progress,
    constant,
    cyclegan_decay,
    every,
    fading,
    lazily,
    linear_decay,
    schneider_decay,
    stargan_code_decay,
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
    assert sum(every(5)(step) for step in range(20)) == 4
    assert not every(5)(0) and every(5)(4)
