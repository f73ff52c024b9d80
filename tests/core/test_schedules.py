"""Schedules at hand-computed places."""

from __future__ import annotations

from itertools import pairwise

import pytest

from contracts.case import Case
from contracts.cases import CASES
from viceversa.core.schedules import (
    Progress,
    Turn,
    constant,
    cyclegan_decay,
    early,
    every,
    every_first,
    fading,
    fastcut_decay,
    lazily,
    linear_decay,
    otherwise,
    product,
    ramp,
    schneider_decay,
    stargan_code_decay,
    switched,
    tenth_decay,
)
from viceversa.recipes.settings import DECAYS, Decay


def test_linear_decay_is_constant_then_falls_to_zero() -> None:
    rates = [linear_decay(Progress(step, 200)) for step in (0, 99, 100, 150, 199)]
    assert rates == pytest.approx([1, 1, 1, 0.5, 0.01])


def test_cyclegan_decay_never_reaches_zero() -> None:
    rates = [cyclegan_decay(Progress(0, 1, epoch, 200)) for epoch in (0, 99, 100, 199)]
    assert rates == pytest.approx([1, 1, 100 / 101, 1 / 101])


def test_fastcut_is_constant_for_150_of_200_epochs() -> None:
    rates = [fastcut_decay(Progress(0, 1, epoch, 200)) for epoch in (0, 149, 150, 199)]
    assert rates == pytest.approx([1, 1, 50 / 51, 1 / 51])


def test_stgan_has_a_tenth_in_the_second_half() -> None:
    assert [tenth_decay(Progress(step, 200)) for step in (0, 99, 100, 199)] == [1, 1, 0.1, 0.1]


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


def test_ramps() -> None:
    """The values of two published schedules over 200 epochs, of a step each: a share to .9 at epoch 201, a weight from epoch 101
    towards 251."""
    share, weight = ramp(0.0, 0.9), ramp(1.0, 0.1, 0.5, 1.25)
    at = [Progress(epoch - 1, 200) for epoch in (1, 2, 101, 201, 250)]
    assert [share(progress) for progress in at] == pytest.approx([0, 0.0045, 0.45, 0.9, 0.9])
    at = [Progress(epoch - 1, 200) for epoch in (1, 101, 102, 176, 251)]
    assert [weight(progress) for progress in at] == pytest.approx([1, 1, 0.994, 0.55, 0.1])


def test_switches_and_products() -> None:
    share = switched(0.25, 0.01, 0.5)
    assert [share(Progress(step, 100)) for step in (0, 24, 25, 99)] == [0.01, 0.01, 0.5, 0.5]
    assert product(3.0, share, fading(2.0))(Progress(50, 100)) == pytest.approx(1.5)


LENGTHS = [(2, 1000), (3, 2), (7, 1000), (1000, 20_346), (1999, 1000), (2000, 1000), (1000, 50), (1013, 50), (64, 1)]
"""Steps, and steps per epoch: of less than one epoch, less than two, two, many, and with a last epoch that is cut short."""


@pytest.mark.parametrize(("steps", "per_epoch"), LENGTHS)
@pytest.mark.parametrize("name", DECAYS)
def test_a_rate_of_any_length_is_full_in_the_first_half_and_falls_in_the_second(name: Decay, steps: int, per_epoch: int) -> None:
    places = [Progress.at(step, steps, per_epoch) for step in range(steps)]
    rates = [DECAYS[name](place) for place in places]
    assert rates[0] == 1 and all(0 <= later <= rate for rate, later in pairwise(rates))
    if name == "stargan-code":  # which hardly falls, as its code
        return
    levels = places[-1].epochs if name in ("cyclegan", "fastcut", "schneider") else steps
    shares = [step / steps for step in range(steps)]
    shapes = {"constant": lambda share: 1.0, "fastcut": lambda share: 4 - 4 * share, "tenth": lambda share: 0.1 + (share < 0.5)}
    wanted = [min(1.0, shapes.get(name, lambda share: 2 - 2 * share)(share)) for share in shares]
    assert rates == pytest.approx(wanted, abs=8 / levels)
    assert rates[-1] < 1 or name == "constant" or steps == 2


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_whatever_changes_goes_by_steps(case: Case) -> None:
    """A training of 12 steps, which is a part of an epoch, has the weights, phases and rates of one that is 121 times as long,
    over 22 epochs: 121 is 1 more than a multiple of every interval, as of n_critic = 5."""
    method = case.build(case.space)
    changing = [weight for phase in method.phases for weight, _ in phase.objective.terms.values() if callable(weight)]
    changing += [phase.when for phase in method.phases] + [settings.schedule for settings in method.optimizers.values()]
    for schedule in changing:
        short = [schedule(Progress.at(step, 12, 1000)) for step in range(12)]
        assert short == pytest.approx([schedule(Progress.at(121 * step, 121 * 12, 66)) for step in range(12)])


def test_a_training_of_two_epochs_goes_by_epochs_where_its_code_does_and_a_shorter_one_by_steps() -> None:
    rates = [schneider_decay(Progress.at(step, 40, 20)) for step in (0, 19, 20, 39)]
    assert rates == [1, 1, 0, 0]  # as its code: the last epoch runs at rate 0
    rates = [schneider_decay(Progress.at(step, 39, 20)) for step in (0, 19, 20, 38)]
    assert rates == pytest.approx([1, 1 - 0.5 / 19.5, 1 - 1.5 / 19.5, 0])
    assert schneider_decay(Progress.at(0, 1, 20)) == 1
