"""The multicyclic loss at hand-computed values."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from contracts.case import PHOTOS
from contracts.cases import CASES, build_stargan
from losses.walks import journey
from viceversa.core.attributes import Binary
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey, Judgment
from viceversa.core.objective import weigh
from viceversa.core.schedules import Progress, fading
from viceversa.core.space import ImageSpec, Space
from viceversa.losses.adversarial import Fool
from viceversa.losses.chains import Onward, Seen
from viceversa.losses.classification import TargetLabels
from viceversa.losses.cycle import Cycle
from viceversa.losses.gan import Wasserstein
from viceversa.losses.multicycle import multicyclic

EXTRA = (0.25, 0.125, 0.0625)
FIVE = Space({"photos": ImageSpec(3, 4, 4)}, tuple(Binary(name) for name in "abcde"))


def extra_sum(loss: object, walk: Journey, cut: bool = False) -> float:
    return sum(weight * Seen(loss, Onward(depth, cut))(walk).item() for depth, weight in enumerate(EXTRA, 1))


BY_NAME = {case.name: case for case in CASES}


def test_the_identity_reconstructs_at_every_depth() -> None:
    walk = journey(lambda image: image)
    assert [Seen(Cycle(), Onward(depth))(walk).item() for depth in (1, 2, 3)] == [0, 0, 0]


def test_a_generator_that_adds_a_constant() -> None:
    walk = journey(lambda image: image + 0.01)
    assert 10 * Cycle()(walk).item() == pytest.approx(0.2, rel=1e-5)
    assert [Seen(Cycle(), Onward(depth))(walk).item() for depth in (1, 2, 3)] == pytest.approx([0.03, 0.04, 0.05], rel=1e-5)
    assert 10 * extra_sum(Cycle(), walk) == pytest.approx(0.15625, rel=1e-5)


def test_a_constant_score() -> None:
    walk = journey(lambda image: image, score=lambda image: torch.full((len(image), 1), 2.0))
    assert extra_sum(Fool(Wasserstein()), walk) == pytest.approx(-0.4375 * 2)


def test_zero_class_logits_of_five_attributes() -> None:
    walk = journey(lambda image: image, logits=lambda image: torch.zeros(len(image), 5))
    assert TargetLabels(FIVE)(walk).item() == pytest.approx(5 * math.log(2), rel=1e-6)
    assert extra_sum(TargetLabels(FIVE), walk) == pytest.approx(1.516259, abs=1e-5)


class Scale(nn.Module):
    """G(x) = theta x."""

    def __init__(self) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(0.9, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        return self.theta * image


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_gradients_through_the_whole_chain_or_one_link(depth: int) -> None:
    """rec(i) = |1 - theta^(i+2)|: full -(i + 2) theta^(i+1), detached -2 theta^(i+1)."""
    for cut, factor in ((False, depth + 2), (True, 2)):
        scale = Scale()
        walk = journey(scale, image=torch.ones(1, 1, 1, 1, dtype=torch.float64))
        loss = Seen(Cycle(), Onward(depth, cut))(walk)
        assert loss.item() == pytest.approx(1 - 0.9 ** (depth + 2))
        loss.backward()
        assert scale.theta.grad.item() == pytest.approx(-factor * 0.9 ** (depth + 1))


def test_limited_repeats_the_cycle_only() -> None:
    method = multicyclic(build_stargan(PHOTOS), losses=("cycle",))
    assert list(method.phases[1].objective.terms) == [
        "adversarial", "classification", "cycle", "triple", "geometry", "cycle_1", "cycle_2", "cycle_3"]  # fmt: skip
    judged: list[Tensor] = []

    def judge(image: Tensor, domain: Domain) -> Judgment:
        judged.append(image)
        return Judgment(image.mean((1, 2, 3)), torch.zeros(len(image), 4))

    label = torch.zeros(2, 4)
    walk = Journey(
        Example(torch.zeros(2, 3, 8, 8), Domain("photos", label)),
        lambda number: Domain("photos", label),
        translate=lambda image, source, target: image + 1,
        discriminate=judge,
        draws=Draws(0, 0),
    )
    method.phases[1].objective(walk.begin(True), Progress(0, 1))
    assert len(judged) == 1  # no score of a deeper image exists, so none can have a gradient


def test_weights_and_their_schedules() -> None:
    method = build_stargan(PHOTOS)
    generator = method.phases[1]
    scheduled = replace(generator, objective=generator.objective.replacing(cycle=(fading(8.0), Cycle())))
    longer = multicyclic(replace(method, phases=(method.phases[0], scheduled)), (0.5,))
    weight, _ = longer.phases[1].objective.terms["cycle_1"]
    assert weight(Progress(0, 10)) == 4
    assert weight(Progress(5, 10)) == 2
    assert longer.phases[1].objective.terms["adversarial_1"][0] == 0.5
    assert longer.phases[0].objective.terms.keys() == method.phases[0].objective.terms.keys()


def test_each_further_cycle_has_its_own_weight() -> None:
    terms = multicyclic(build_stargan(PHOTOS), EXTRA).phases[1].objective.terms
    further = [(terms[f"cycle_{depth}"][0], terms[f"cycle_{depth}"][1].view.depth) for depth in (1, 2, 3)]
    assert further == [(2.5, 1), (1.25, 2), (0.625, 3)]


def test_a_chain_begins_late_and_its_weights_rise() -> None:
    def weights(**onset: float) -> list[float]:
        terms = multicyclic(build_stargan(PHOTOS), (0.5,), **onset).phases[1].objective.terms
        return [weigh(terms["cycle_1"][0], Progress(step, 10)) for step in (0, 2, 4, 6, 9)]

    assert weights() == [5, 5, 5, 5, 5]
    assert weights(start=0.4) == [0, 0, 5, 5, 5]
    assert weights(rise=0.4) == pytest.approx([0, 2.5, 5, 5, 5])
    assert weights(start=0.4, rise=0.4) == pytest.approx([0, 0, 0, 2.5, 5])


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"-0\.1"):
        multicyclic(build_stargan(PHOTOS), (0.25, -0.1))
    with pytest.raises(ValueError, match="identity"):
        multicyclic(build_stargan(PHOTOS), losses=("identity",))
    with pytest.raises(ValueError, match="no losses that can be repeated on a chain"):
        multicyclic(BY_NAME["icgan"].method())
    alone = BY_NAME["cut"].method()
    assert multicyclic(alone, ()) is alone
    with pytest.raises(ValueError, match="no losses that can be repeated on a chain"):
        multicyclic(alone, (), losses=("cycle",))


def test_further_targets_do_not_disturb_the_first() -> None:
    label = torch.arange(8.0)[:, None]
    draws = Draws(3, 5)
    alone = label[draws.order("target 0", label)]
    for number in (1, 2, 3):
        draws.order(f"target {number}", label)
    assert torch.equal(alone, label[draws.order("target 0", label)])
