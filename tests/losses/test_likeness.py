"""Likeness and polarity by hand, and as losses of CycleGAN."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from contracts.case import UNALIKE, batch_for
from losses.walks import journey
from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.losses.likeness import Likeness, Polarity, correlation
from viceversa.methods.cyclegan import CycleGAN, build


def whole(image: Tensor, _: Domain) -> Tensor:
    return image


def cyclegan(**settings: float) -> Method:
    torch.manual_seed(0)
    return build(UNALIKE, CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1, **settings))


def test_correlation_by_hand() -> None:
    """x = (1, 0, -1), y = (1, 1, -1), weights 1/4, 1/2, 1/4: covariance 1/2, variances 1/2 and 3/4, so r^2 = 2/3."""
    x, y, weight = torch.tensor([[1.0, 0.0, -1.0]]), torch.tensor([[1.0, 1.0, -1.0]]), torch.tensor([0.25, 0.5, 0.25])
    assert correlation(x, y, weight).square().item() == pytest.approx(2 / 3)
    assert correlation(x, torch.ones(1, 3), weight).item() == 0


def test_likeness_does_not_see_contrast_and_of_unsigned_spaces_not_polarity() -> None:
    image = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    unsigned = Likeness(whole, ("photos",))
    assert unsigned(journey(lambda y: 0.2 - 0.5 * y, image=image)).item() == pytest.approx(0, abs=1e-5)
    assert unsigned(journey(lambda y: y.flip(3), image=image)).item() > 0.5
    assert unsigned(journey(torch.zeros_like, image=image)).item() == 1
    assert Likeness(whole, ("other",))(journey(lambda y: 0.5 * y, image=image)).item() == pytest.approx(0, abs=1e-5)
    assert Likeness(whole)(journey(lambda y: -y, image=image)).item() == pytest.approx(2, abs=1e-5)


def test_the_middle_weighs_more_than_the_border_and_sides_may_differ() -> None:
    image = torch.rand(2, 1, 9, 13, generator=torch.Generator().manual_seed(0))
    inside, outside = image.clone(), image.clone()
    inside[..., 4, 6] += 2
    outside[..., 0, 0] += 2
    middle, border = (Likeness(whole)(journey(lambda _, made=made: made, image=image)).item() for made in (inside, outside))
    assert middle > 2 * border > 0


def test_polarity_by_hand() -> None:
    """T(y) = y + .1 at y = .3: |(-.3 + .1) - (.3 + .1)| = .6; |y| does not care."""
    image = torch.full((2, 1, 4, 4), 0.3)
    assert Polarity("photos")(journey(lambda y: y + 0.1, image=image)).item() == pytest.approx(0.6)
    assert Polarity("photos")(journey(torch.abs, image=image)).item() == 0
    assert Polarity("other")(journey(lambda y: y + 0.1, image=image)).item() == 0


def test_polarity_is_of_the_second_space_and_reaches_its_generator_alone() -> None:
    method = cyclegan(polarity=10)
    first, second = UNALIKE.pair
    drawing = method.phases[0]
    weight, loss = drawing.objective.terms["polarity"]
    sum(loss(each.begin(True)) for each in drawing.plan(batch_for(method, UNALIKE), Draws(0, 0))).backward()
    into = method.translator.generators
    assert weight == 10 and any(each.grad is not None and each.grad.abs().sum() > 0 for each in into[first].parameters())
    assert all(each.grad is None for each in into[second].parameters())


def test_likeness_has_a_weight_of_either_space_and_is_unsigned_where_polarity_does_not_count() -> None:
    first, second = UNALIKE.pair
    for settings, weights in (
        ({"likeness": 4.0}, (4.0, 4.0)),
        ({"likeness": 4.0, "likeness_back": 2.0}, (4.0, 2.0)),
        ({"likeness_back": 2.0}, (0.0, 2.0)),
    ):
        for polarity, unsigned in ((0.0, ()), (10.0, (second,))):
            method = cyclegan(polarity=polarity, **settings)
            weight, loss = method.phases[0].objective.terms["likeness"]
            assert (weight, tuple(loss.weights[each] for each in (first, second)), loss.loss.unsigned) == (1, weights, unsigned)
            for each in method.phases[0].plan(batch_for(method, UNALIKE), Draws(0, 0)):
                assert 0 <= loss(each.begin(True)).item() <= 2 * max(weights)
    assert method.phases[0].objective.terms["geometry"][0] == 0 == cyclegan().phases[0].objective.terms["likeness"][0]
