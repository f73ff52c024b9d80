"""Geometry consistency by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from contracts.case import ALIKE, batch_for
from losses.walks import journey
from viceversa.core.draws import Draws
from viceversa.core.schedules import Progress
from viceversa.losses.geometry import Geometry, moved_by
from viceversa.methods import cyclegan
from viceversa.training.step import Trainee, train_step

CORNER = torch.zeros(1, 1, 4, 4)
CORNER[0, 0, 0, 1] = 1.0


def test_the_seven_moves_of_a_square_are_all_different() -> None:
    """A point beside a corner is at eight places, one for each move and for none."""
    places = {tuple(moved_by(CORNER, number)[0, 0].nonzero()[0].tolist()) for number in range(8)}
    assert places == {(0, 1), (0, 2), (1, 0), (2, 0), (3, 1), (3, 2), (1, 3), (2, 3)}


def test_what_every_pixel_gets_alike_costs_nothing_and_a_shift_costs() -> None:
    """A shift by one pixel to the right. However it is moved, two pixels differ by 1: 2 of 16 pixels, .125."""
    assert Geometry()(journey(lambda image: 2 * image - 0.1, image=CORNER.repeat(2, 3, 1, 1))) == 0
    walked = journey(lambda image: image.roll(1, 3), image=CORNER.repeat(2, 3, 1, 1))
    values = []
    for step in range(20):
        walked.draws = Draws(0, step)
        values.append(Geometry()(walked).item())
    assert set(values) <= {0.0, 0.125} and values.count(0.125) > 10  # mirrored up and down, the shift is the same


def test_sides_that_differ_are_mirrored_and_turned_half_way_only() -> None:
    def look(image: Tensor) -> Tensor:
        assert image.shape == (2, 3, 4, 6)
        return image

    for step in range(10):
        walked = journey(look, image=torch.rand(2, 3, 4, 6))
        walked.draws = Draws(0, step)
        assert Geometry()(walked) == 0


def test_a_square_and_an_image_that_is_none_are_turned_half_way_only() -> None:
    """From 4x4 to 4x6: a quarter turn of the source could not be compared with one of the translation."""
    for step in range(10):
        walked = journey(lambda image: torch.cat([image, image[..., :2]], 3), image=torch.ones(2, 3, 4, 4))
        walked.draws = Draws(0, step)
        assert Geometry()(walked) == 0


def test_it_costs_one_translation_and_is_off_by_default() -> None:
    losses = {}
    for weight in (0.0, 10.0):
        torch.manual_seed(0)
        settings = cyclegan.CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1, geometry=weight)
        method = cyclegan.build(ALIKE, settings)
        losses[weight] = train_step(Trainee(method), batch_for(method, ALIKE), Draws(0, 0), Progress(0, 10))
    assert losses[10.0]["generators/geometry"] > 0 and "generators/geometry" not in losses[0.0]
    assert losses[0.0]["generators/cycle"] == pytest.approx(losses[10.0]["generators/cycle"])
