"""Journeys: legs made once, views of them, and where gradients go."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey, Judgment, walk


class Scaling(nn.Module):
    """T(x) = w x, which records every leg it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))
        self.legs: list[tuple[Domain, Domain]] = []

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        self.legs.append((source, target))
        return self.weight * image


class Summing(nn.Module):
    """D(x) = v sum(x), which records the domains it is asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(3.0))
        self.asked: list[Domain] = []

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        self.asked.append(domain)
        return Judgment(self.weight * image.sum((1, 2, 3)))


HOME = Domain("photos")
REAL = Example(torch.ones(2, 1, 1, 1), HOME)
OTHER = Example(torch.full((2, 1, 1, 1), 5.0), Domain("photos"))


def travel(targets: list[Domain] | None = None) -> tuple[Journey, Scaling, Summing]:
    """A journey from REAL, with OTHER as the example shown to the discriminator."""
    scaling, summing, known = Scaling(), Summing(), targets or [Domain("photos") for _ in range(6)]
    journey = Journey(REAL, known.__getitem__, translate=scaling, discriminate=summing, draws=Draws(0, 0), examples=(OTHER,))
    return journey, scaling, summing


def level(image: Tensor) -> float:
    return image.detach().unique().item()  # of images with one value everywhere


def test_a_walk_is_the_journey() -> None:
    journey, scaling, _ = travel()
    a, b = Domain("photos"), Domain("photos")
    assert [level(image) for image in walk(scaling, REAL.image, [HOME, a, b])] == [1, 2, 4]
    assert scaling.legs == [(HOME, a), (a, b)]
    assert level(journey.begin(True).visit(a, b)) == 4


def test_each_leg_is_made_once() -> None:
    journey, scaling, _ = travel()
    seen = journey.begin(True)
    for _ in range(2):
        assert [level(image) for image in (seen.start, seen.translated, seen.reconstructed)] == [1, 2, 4]
        assert level(seen.visit(seen.target, HOME)) == 4 and level(seen.visit()) == 1
    assert scaling.legs == [(HOME, seen.target), (seen.target, HOME)]
    assert level(seen.visit(HOME)) == 2, "another path to the same domain is another leg"
    assert len(scaling.legs) == 3


def test_pixels_outlive_a_phase_and_graphs_do_not() -> None:
    journey, scaling, _ = travel()
    first = journey.begin(True).translated
    assert first.requires_grad and len(scaling.legs) == 1
    with torch.no_grad():
        scaling.weight.fill_(7)
    pixels = journey.begin(False).translated
    assert level(pixels) == 2 and not pixels.requires_grad and len(scaling.legs) == 1, "the images learned from"
    assert level(journey.begin(True).translated) == 7 and len(scaling.legs) == 2, "a new graph"


def test_without_a_graph_none_is_made() -> None:
    journey, scaling, summing = travel()
    seen = journey.begin(False)
    assert not seen.translated.requires_grad and not seen.reconstructed.requires_grad
    seen.judge(seen.target).score.sum().backward()
    assert scaling.weight.grad is None and summing.weight.grad is not None
    learning = journey.begin(True)
    legs = len(scaling.legs)
    assert not learning.visit(learning.target, graph=False).requires_grad and len(scaling.legs) == legs, "pixels at hand"


def test_onward_departs_along_the_route() -> None:
    targets = [Domain("photos") for _ in range(4)]
    journey, scaling, _ = travel(targets)
    third = journey.begin(True).onward().onward()
    assert (third.departure, third.target, third.source) == (targets[1], targets[2], HOME)
    assert [level(image) for image in (third.image, third.start, third.translated, third.reconstructed)] == [1, 4, 8, 16]
    assert scaling.legs == [(HOME, targets[0]), (targets[0], targets[1]), (targets[1], targets[2]), (targets[2], HOME)]
    again = journey.begin(True).onward(2)
    assert again.target is third.target and level(again.translated) == 8


def test_targets_are_asked_for_once_and_only_when_needed() -> None:
    asked: list[int] = []

    def route(number: int) -> Domain:
        asked.append(number)
        return Domain("photos")

    journey = Journey(REAL, route, translate=Scaling(), discriminate=Summing(), draws=Draws(0, 0))
    assert asked == []
    for view in (journey.begin(True), journey.begin(False)):
        assert view.target is journey.target and view.onward(2).start is not None
    assert asked == [0, 1]


def gradient(journey: Journey, scaling: Scaling, *, depth: int, cut: bool) -> float:
    """d mean(w^(depth + 1)) / dw of the image that `depth` links and one translation make of ones."""
    image = journey.begin(True).onward(depth, cut=cut).translated
    (slope,) = torch.autograd.grad(image.mean(), scaling.weight)
    return slope.item()


def test_cut_ends_gradients_at_every_link() -> None:
    journey, scaling, _ = travel()
    assert gradient(journey, scaling, depth=2, cut=False) == 3 * 2**2  # x_3 = w^3, w = 2
    assert gradient(journey, scaling, depth=2, cut=True) == 2**2  # x_3 = w sg(w^2)
    cut = journey.begin(True).onward(2, cut=True)
    assert not cut.start.requires_grad and level(cut.start) == 4 and cut.departure is journey.onward(2).departure
    (slope,) = torch.autograd.grad(cut.reconstructed.mean(), scaling.weight)
    assert slope == 2 * 2 * 4, "the return leg is not cut from the translation: w^2 sg(w^2)"


def test_styles_are_read_once_off_the_departing_image() -> None:
    read: list[float] = []

    def style(image: Tensor) -> Tensor:
        read.append(level(image))
        return image.mean((1, 2, 3))[:, None]

    home, there = replace(HOME, style=style), Domain("photos", style=style)
    scaling = Scaling()
    journey = Journey(
        Example(REAL.image, HOME), lambda number: there, translate=scaling, discriminate=Summing(), draws=Draws(0, 0)
    ).begin(True)
    assert journey.entered(there).style.tolist() == [[1], [1]] and scaling.legs == [], "without making the leg"
    returned = journey.visit(there, home)
    journey.judge(there, home)
    assert level(returned) == 4 and read == [1, 2]
    assert journey.entered(there, home).style.tolist() == [[2], [2]] and journey.entered(there, home).style.requires_grad
    assert [target.style.tolist() for _, target in scaling.legs] == [[[1], [1]], [[2], [2]]], "the translator is told values"
    assert journey.target is there, "not yet read"


def test_staying_translates_to_where_one_is() -> None:
    journey, scaling, _ = travel()
    seen = journey.begin(True)
    still = seen.staying()
    assert still.target is HOME and level(still.translated) == 2 and scaling.legs == [(HOME, HOME)]
    later = seen.onward(1).staying()
    assert later.target is seen.target and level(later.translated) == 4
    assert scaling.legs[1:] == [(HOME, seen.target), (seen.target, seen.target)]
    assert seen.onward(1, cut=True).staying().target is seen.target


def test_from_an_example() -> None:
    journey, scaling, summing = travel()
    seen = journey.begin(True)
    other = seen.onward(1).from_example()
    assert other.image is OTHER.image and other.source is other.departure is OTHER.domain and other.target is seen.target
    assert [level(image) for image in (other.start, other.translated, other.reconstructed)] == [5, 10, 20]
    assert scaling.legs == [(OTHER.domain, seen.target), (seen.target, OTHER.domain)]
    assert other.judge().score.tolist() == seen.judge_example().score.tolist() == [15, 15] and summing.asked == [OTHER.domain]


def test_judgments_are_made_once_a_phase_in_the_domain_entered() -> None:
    journey, _, summing = travel()
    seen = journey.begin(True)
    for _ in range(2):
        assert seen.judge().score.tolist() == [3, 3] and seen.judge(seen.target).score.tolist() == [6, 6]
    assert seen.judge(seen.target) is seen.onward(1).judge(), "the same image by another name"
    assert summing.asked == [HOME, seen.target]
    journey.begin(True).judge()
    assert len(summing.asked) == 3


def test_without_examples_the_real_images_are_shown() -> None:
    journey = Journey(REAL, lambda number: HOME, translate=Scaling(), discriminate=Summing(), draws=Draws(0, 0))
    assert journey.examples == (REAL,) and journey.begin(False).judge_example().score.tolist() == [3, 3]
