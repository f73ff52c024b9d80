"""Signs of bad health: their equations by hand, each on translators broken on purpose, none on true edits."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from viceversa.data.sources import open_dataset
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import Place, trial
from viceversa.metrics.health import (
    COLLAPSED,
    DEAF,
    GRIDS,
    INVERTED,
    UNCHANGED,
    WON,
    Sign,
    correlation,
    mean_difference,
    measured,
    separation,
    signs,
    spread,
)

GRAY = np.full((1, 4, 4, 1), 100, np.uint8)
GRIDS_OF_32 = ("grid_2", "grid_4", "grid_8")


def test_distance_and_spread() -> None:
    """Between neighbors of 0, 10 and 40 in a circle: 10, 30 and 40."""
    images = np.array([0, 10, 40], np.uint8).reshape(3, 1, 1, 1)
    assert mean_difference(images, images[::-1]) == pytest.approx(80 / 3)
    assert spread(images) == pytest.approx(80 / 3)
    assert spread(images[:1]) == 0


def test_correlation_is_the_median_over_images() -> None:
    """r = 1 and -1 whatever the scale; (0, 1, 2) with (0, 2, 1): 1 / 2. Flat images have none."""
    ramp = np.array([0, 1, 2], np.uint8).reshape(1, 1, 3, 1)
    assert correlation(ramp, 2 * ramp + 7) == pytest.approx(1)
    assert correlation(ramp, 255 - ramp) == pytest.approx(-1)
    other = np.array([0, 2, 1], np.uint8).reshape(1, 1, 3, 1)
    assert correlation(ramp, other) == pytest.approx(0.5)
    three = np.concatenate([ramp, ramp, ramp, ramp * 0])
    assert correlation(three, np.concatenate([ramp, other, 255 - ramp, ramp])) == pytest.approx(0.5)
    assert math.isnan(correlation(ramp * 0, ramp))


def test_separation_is_the_share_of_pairs() -> None:
    """Of (1, 2) and (0, 1): three right, one equal. Of several discriminators the highest; no scale matters."""
    pair = np.array([2, 1], np.float32), np.array([1, 0], np.float32)
    assert separation([pair]) == 0.875
    assert separation([(1000 * pair[0] - 7, 1000 * pair[1] - 7)]) == 0.875
    assert separation([pair[::-1]]) == 0.125
    assert separation([pair[::-1], pair]) == 0.875
    assert separation([(pair[0], pair[0])]) == 0.5


@cache
def people(data: str) -> tuple[Pixels, Pixels, Pixels, Pixels | None]:
    """Sources, their true edits, real images of the target space, and what a perfect translator makes of the own label."""
    task = trial(open_dataset(data, 32), 64, "validation")
    edits = task.truth(Place("inv", 0, "8bit"))
    assert edits is not None
    reals = task.dataset.splits["validation"][task.away].pixels[:64]
    return task.sources, np.asarray(edits), reals, task.sources if task.labels is not None else None


def grid(edits: Pixels, levels: int) -> Pixels:
    both = (1 - 2 * (np.indices(edits.shape[1:3]).sum(0) % 2))[None, :, :, None]
    return np.clip(edits.astype(int) + levels * both, 0, 255).astype(np.uint8)


BROKEN: dict[Sign, Callable[[Pixels, Pixels], Pixels]] = {
    UNCHANGED: lambda sources, edits: np.clip(sources.astype(int) + 1, 0, 255).astype(np.uint8),
    COLLAPSED: lambda sources, edits: np.broadcast_to(edits[:1], edits.shape),
    INVERTED: lambda sources, edits: 255 - edits,
    GRIDS[2]: lambda sources, edits: grid(edits, 12),
}


@pytest.mark.parametrize("data", ["avatars", "avatars:glasses"])
@pytest.mark.parametrize("sign", BROKEN, ids=lambda sign: sign.name)
def test_a_broken_translator_has_its_sign_and_no_other(sign: Sign, data: str) -> None:
    sources, edits, reals, same = people(data)
    measures = measured(sources, BROKEN[sign](sources, edits), reals, same)
    assert signs(measures) == [sign]
    line = sign.line(7000, measures)
    assert line.startswith(f"step 7000: {sign.name} ({sign.measure} ") and f"{sign.bound:g}" in line and "\n" not in line


@pytest.mark.parametrize("period", [2, 4, 8])
def test_a_grid_is_named_by_its_period(period: int) -> None:
    """Squares of half a period, 10 levels up and down."""
    sources, edits, reals, same = people("avatars")
    half = np.where(np.arange(32) % period < period // 2, 10, -10)
    outputs = np.clip(edits.astype(int) + np.sign(half)[None, :, None, None] * half[None, None, :, None], 0, 255).astype(np.uint8)
    assert [sign.name for sign in signs(measured(sources, outputs, reals, same))] == [
        f"a grid with a period of {period} px lies over outputs"
    ]


def test_a_translator_that_does_not_listen_has_its_sign() -> None:
    """The true edits, whatever the target: what was to change is changed, and the own label gives the same."""
    sources, edits, reals, _ = people("avatars")
    assert signs(measured(sources, edits, reals, edits)) == [DEAF]


@pytest.mark.parametrize("data", ["avatars", "avatars:glasses"])
def test_true_edits_have_no_sign(data: str) -> None:
    """Nor slightly damaged: with noise of 10 levels, blurred by half, or a grid that is hardly seen."""
    sources, edits, reals, same = people(data)
    noisy = edits + np.random.default_rng(0).normal(0, 10, edits.shape)
    half = (edits.astype(int) + np.roll(edits, 1, 2)) // 2
    for outputs in (edits, noisy.clip(0, 255).astype(np.uint8), half.astype(np.uint8), grid(edits, 1)):
        measures = measured(sources, outputs, reals, same)
        assert signs(measures) == []
        assert measures.keys() == {"variety", *GRIDS_OF_32, "change", "correlation"} | (
            {"obedience"} if same is not None else set()
        )


def test_negatives_that_the_data_asks_for_are_no_sign() -> None:
    """Between drawings on white and on black."""
    sources, *_ = people("avatars")
    outputs = 255 - sources
    assert signs(measured(sources, outputs, sources, None)) == [INVERTED]
    assert signs(measured(sources, outputs, outputs, None)) == []


def test_spaces_of_other_shapes_are_compared_with_their_own() -> None:
    sources, edits, reals, _ = people("avatars")
    small, others = edits[:, ::2, ::2, :1], reals[:, ::2, ::2, :1]
    assert measured(sources, small, others, None).keys() == {"variety", "grid_2", "grid_4"}
    assert signs(measured(sources, small, others, None)) == []
    assert signs(measured(sources, np.broadcast_to(small[:1], small.shape), others, None)) == [COLLAPSED]


def test_what_is_undefined_is_no_sign() -> None:
    """Of one image, or of equal ones."""
    assert measured(GRAY, GRAY, GRAY, GRAY).keys() == set()
    assert signs({}) == [] and signs({"separation": 0.99}) == [] and signs({"separation": 0.996}) == [WON]
