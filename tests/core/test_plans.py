"""Plans: where the images of a batch go."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from viceversa.core.attributes import Binary, OneOf
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey, Judgment
from viceversa.core.plans import BackAndForth, Need, Retarget
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError

FACES = Space({"faces": ImageSpec(1, 2, 2)}, (OneOf("hair", ("black", "blond", "brown")), Binary("glasses")))
SEASONS = Space({"summer": ImageSpec(1, 2, 2), "winter": ImageSpec(3, 4, 4)})
LABELS = torch.arange(24.0).reshape(6, 4)


def translate(image: Tensor, source: Domain, target: Domain) -> Tensor:
    return image + 1


def discriminate(image: Tensor, domain: Domain) -> Judgment:
    return Judgment(image.mean((1, 2, 3)))


def retargeted(draws: Draws, rows: slice = slice(0, 6), *, shared: bool = False) -> Journey:
    """The journey of some rows of a batch of six with labels that all differ."""
    example = Example(torch.zeros(len(LABELS[rows]), 1, 2, 2), Domain("faces", LABELS[rows]), LABELS)
    plan = Retarget(FACES, translate=translate, discriminate=discriminate, shared=shared)
    assert plan.needs == (Need("real", "faces"),)
    (journey,) = plan({"real": example}, draws)
    return journey


def labels(journey: Journey, count: int = 3) -> list[Tensor]:
    return [journey.onward(depth).target.label for depth in range(count)]


def test_targets_are_permutations_of_the_batch_one_for_each_link() -> None:
    journey = retargeted(Draws(0, 0))
    targets = labels(journey)
    for target in targets:
        assert sorted(target.tolist()) == LABELS.tolist(), "whole labels change places"
    assert len({tuple(target.flatten().tolist()) for target in (*targets, *labels(retargeted(Draws(0, 1))))}) == 6
    assert torch.equal(journey.source.label, LABELS)
    assert journey.target.space == "faces"


def test_further_links_do_not_disturb_the_first() -> None:
    late = retargeted(Draws(0, 0))
    assert torch.equal(late.onward(2).target.label, labels(retargeted(Draws(0, 0)))[2])
    assert torch.equal(late.target.label, labels(retargeted(Draws(0, 0)))[0])


@pytest.mark.parametrize("shared", [False, True])
def test_two_processes_retarget_as_one(shared: bool) -> None:
    whole = labels(retargeted(Draws(0, 0), shared=shared))
    ranks = (slice(0, 3), slice(3, 6))
    halves = [labels(retargeted(Draws(0, 0, start=rows.start, total=6), rows, shared=shared)) for rows in ranks]
    for target, first, second in zip(whole, *halves, strict=True):
        assert torch.equal(torch.cat([first, second]), target)


def test_shared_targets_are_one_image_s_label() -> None:
    for target in labels(retargeted(Draws(0, 0), shared=True)):
        assert target.tolist() == [target[0].tolist()] * 6 and target[0].tolist() in LABELS.tolist()


def test_a_batch_without_labels_cannot_be_retargeted() -> None:
    plan = Retarget(FACES, translate=translate, discriminate=discriminate)
    (journey,) = plan({"real": Example(torch.zeros(2, 1, 2, 2), Domain("faces"))}, Draws(0, 0))
    with pytest.raises(ValueError, match="labeled"):
        _ = journey.target


def test_back_and_forth() -> None:
    batch = {name: Example(torch.zeros(2, *SEASONS.images[name].shape), Domain(name)) for name in SEASONS.images}
    plan = BackAndForth(SEASONS, translate=translate, discriminate=discriminate)
    assert plan.needs == (Need("summer", "summer"), Need("winter", "winter"))
    journeys = plan(batch, Draws(0, 0))
    assert [journey.source.space for journey in journeys] == ["summer", "winter"]
    for journey, here, there in zip(journeys, ("summer", "winter"), ("winter", "summer"), strict=True):
        assert journey.image is batch[here].image and journey.examples == (batch[there],)
        targets = [journey.onward(depth).target for depth in range(4)]
        assert [target.space for target in targets] == [there, here, there, here]
        assert targets[1] is targets[3] is journey.source, "home is the same object, so that the way back is made once"
        assert targets[0] is targets[2]
    one, other = (journey.draws.uniform("share", torch.zeros(3)) for journey in journeys)
    assert not torch.equal(one, other), "what two journeys draw by one name differs"


def test_the_number_of_spaces_must_fit() -> None:
    with pytest.raises(UsageError, match="two spaces"):
        _ = BackAndForth(FACES, translate=translate, discriminate=discriminate).needs
    with pytest.raises(UsageError, match="one space"):
        _ = Retarget(SEASONS, translate=translate, discriminate=discriminate).needs
