"""What each form of the multicyclic loss costs, counted operation by operation, is what the equations say.

In units of a generator's forward pass F_G, with rho = F_D / F_G, an update of the generator with n = 5 discriminator steps takes
11 + 63 rho: F_G + 12 F_D for each step of the discriminator, 6 F_G + 3 F_D for that of the generator. Networks are the published
ones, at 128 px, and have no numbers: only shapes are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from devices import META, one_device
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space
from viceversa.data.sets.avatars import ATTRIBUTES
from viceversa.losses.multicycle import multicyclic
from viceversa.methods import stargan
from viceversa.training.operations import Operations
from viceversa.training.step import Trainee, train_step

SPACE = Space({"faces": ImageSpec(3, 128, 128)}, ATTRIBUTES)
REAL = Example(torch.empty(2, 3, 128, 128, device=META), Domain("faces", torch.empty(2, SPACE.label_width, device=META)))
EXTRA = (0.25, 0.125, 0.0625)
CHANCES = tuple(weight / sum(EXTRA) for weight in EXTRA)
DEPTH = sum(depth * chance for depth, chance in enumerate(CHANCES, 1))
"""E[k] = 11 / 7."""


@pytest.fixture(autouse=True)
def without_numbers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with one_device(monkeypatch):
        yield


def counted(run: Callable[[], object]) -> float:
    with Operations() as found:  # type: ignore[no-untyped-call]
        run()
    return found.total


def of_an_update(extra: tuple[float, ...], **settings: Any) -> float:
    """Operations of five steps of the discriminator and one of the generator."""
    with META:
        method = multicyclic(stargan.build(SPACE, stargan.StarGAN()), extra, **settings)
    trainee = Trainee(method)
    judging, drawing = (
        counted(lambda: train_step(trainee, {"real": REAL}, Draws(0, number), Progress(number, 10)))  # noqa: B023
        for number in (0, 4)
    )
    return 4 * judging + drawing


def expected(**settings: Any) -> float:
    """Of an update, over the depths that are drawn: each further one costs the same."""
    first, second = (of_an_update(extra, **settings) for extra in ((1.0,), (0.0, 1.0)))
    return first + (DEPTH - 1) * (second - first)


def passes() -> tuple[float, float]:
    """F_G and F_D."""
    with META:
        method = stargan.build(SPACE, stargan.StarGAN())
    critic = method.networks["discriminator"]
    return (
        counted(lambda: method.translator(REAL.image, REAL.domain, REAL.domain)),
        counted(lambda: critic(REAL.image, REAL.domain)),
    )


def test_costs() -> None:
    """Equal to the equations within 3 %, in units of base; and the two bounds that the cheap forms are made for."""
    generator, critic = passes()
    base = 11 * generator + 63 * critic
    assert of_an_update(()) == pytest.approx(base, rel=0.03)

    cheap = {"form": "on-policy", "teacher": 5.0, "losses": ("adversarial", "classification")}
    link, judged = DEPTH - 1, 3 * critic
    further = {
        "exact": (of_an_update(EXTRA), 18 * generator + 9 * critic),
        "stochastic": (expected(form="stochastic"), (3 * DEPTH + 3) * generator + judged),
        "on-policy, cheap": (expected(**cheap), (link + 3 + 1) * generator + judged),
        "on-policy with cycle": (expected(form="on-policy", teacher=5.0), (link + 3 + 1 + 3) * generator + judged),
        "on-policy": (expected(form="on-policy", teacher=5.0, hold=1.0), (link + 3 + 1 + 3 + 3) * generator + judged),
        "replay": (of_an_update(EXTRA, form="replay", teacher=5.0), (3 + 1 + 3) * generator + judged),
    }
    found = {name: count / base for name, (count, _) in further.items()}
    assert found == pytest.approx({name: 1 + beyond / base for name, (_, beyond) in further.items()}, rel=0.03)
    assert found["on-policy, cheap"] <= 1.35 and found["on-policy"] <= 1.75, found
    assert found["exact"] == pytest.approx(2.22, rel=0.03)
