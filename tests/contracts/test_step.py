"""What every method must keep: forwards a step, gradients to exactly what a phase learns, the same numbers every time."""

from __future__ import annotations

import pytest
import torch

from contracts.case import Case, batch_for, count_rows
from contracts.cases import CASES, EVERY
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.losses.multicycle import multicyclic
from viceversa.training.step import Trainee, train_step

ROWS = 4
every_case = pytest.mark.parametrize("case", EVERY, ids=lambda case: case.name)


def step(method: Method, case: Case, number: int, trainee: Trainee | None = None) -> dict[str, float]:
    return train_step(trainee or Trainee(method), batch_for(method, case.space), Draws(0, number), Progress(number, 10))


@every_case
def test_generator_forwards(case: Case) -> None:
    for number, expected in case.forwards.items():
        method = case.method()
        assert count_rows(case.generators(method), lambda: step(method, case, number)) == expected * ROWS  # noqa: B023


@every_case
def test_discriminator_forwards(case: Case) -> None:
    for number, expected in case.judged.items():
        method = case.method()
        assert count_rows(case.discriminators(method), lambda: step(method, case, number)) == expected * ROWS  # noqa: B023


@every_case
def test_a_phase_gives_gradients_to_exactly_what_it_learns(case: Case) -> None:
    for number in (0, 4):
        for index, phase in enumerate(case.method().phases):
            if phase.when(Progress(number, 10)):
                assert gradients_of(case.method(), index, case, number) == set(phase.learns), phase.name


def gradients_of(method: Method, index: int, case: Case, number: int) -> set[str]:
    """The networks that hold gradients when the phase's optimizers step; every weight of theirs must hold one."""
    found: set[str] = set()

    def look(gradients: object) -> None:
        for name, network in method.networks.items():
            held = [weight.grad is not None for weight in network.parameters()]
            if any(held):
                assert all(held), f"{name}: only {sum(held)} of {len(held)} weights have a gradient"
                found.add(name)

    only = Method(
        translator=method.translator,
        networks=method.networks,
        optimizers=method.optimizers,
        phases=(method.phases[index],),
        destination=method.destination,
        memory=method.memory,
    )
    step(only, case, number, Trainee(only, average=look))
    return found


@every_case
def test_only_learning_networks_move(case: Case) -> None:
    method = case.method()
    before = {name: [weight.clone() for weight in network.parameters()] for name, network in method.networks.items()}
    step(method, case, 0)
    learned = {name for phase in method.phases if phase.when(Progress(0, 10)) for name in phase.learns}
    for name, network in method.networks.items():
        moved = any(not torch.equal(*pair) for pair in zip(before[name], network.parameters(), strict=True))
        assert moved == (name in learned), name


@every_case
def test_a_step_is_a_function_of_seed_and_number(case: Case) -> None:
    first, second = case.method(), case.method()
    torch.rand(7)  # the global generator's position must not matter
    assert step(first, case, 4) == step(second, case, 4)
    for one, other in zip(first.networks.parameters(), second.networks.parameters(), strict=True):
        assert torch.equal(one, other)


@every_case
def test_batches_of_one_and_of_odd_sizes(case: Case) -> None:
    for size in (2, 3) if case.whole_batch else (1, 3):
        method = case.method()
        losses = train_step(Trainee(method), batch_for(method, case.space, size), Draws(0, 0), Progress(0, 10))
        assert losses and all(value == value for value in losses.values())


CHAINABLE = [
    case for case in CASES if not case.name.startswith("multicyclic") and any(phase.chained for phase in case.method().phases)
]
"""Each method once: other GAN losses and discriminators change nothing about chains."""


@pytest.mark.parametrize("case", CHAINABLE, ids=lambda case: case.name)
def test_no_extra_cycles_is_the_method_bit_for_bit(case: Case) -> None:
    plain, empty = case.method(), multicyclic(case.method(), ())
    for number in (0, 4):  # in which all phases have their turn
        assert step(plain, case, number) == step(empty, case, number)
    for one, other in zip(plain.networks.parameters(), empty.networks.parameters(), strict=True):
        assert torch.equal(one, other)
