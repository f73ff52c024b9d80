"""Bootstrap intervals."""

from __future__ import annotations

import numpy as np
import pytest

from viceversa.metrics.bootstrap import Interval, interval, intervals, paired_interval

COINS = np.tile([0.0, 1.0], 200)


def test_a_constant_difference_is_certain() -> None:
    values = np.arange(8.0)
    assert paired_interval(values + 2, values) == Interval(2, 2, 2)


def test_interval_of_a_mean() -> None:
    found = interval(COINS)
    # the standard error of the mean of 400 fair coins is .5 / 20 = .025: .5 -+ 1.96 * .025; the ends of 1000 resamples
    # stray by about .002, and means come in steps of .0025
    assert found.mean == 0.5
    assert (found.low, found.high) == (pytest.approx(0.451, abs=0.008), pytest.approx(0.549, abs=0.008))


def test_many_at_once_are_as_each_alone() -> None:
    values = {"coins": COINS, "some": np.where(np.arange(400) % 3, np.arange(400.0), np.nan), "none": np.full(400, np.nan)}
    found = intervals(values)
    assert found.keys() == {"coins", "some"}
    assert found["coins"] == interval(COINS)
    assert found["some"].mean == np.nanmean(values["some"])
    alone = interval(values["some"])
    assert (found["some"].low, found["some"].high) == (pytest.approx(alone.low), pytest.approx(alone.high))


def test_pairs_share_their_images() -> None:
    noise = 0.01 * np.random.default_rng(0).normal(size=400)
    paired = paired_interval(COINS + 0.1 + noise, COINS)
    assert paired.high - paired.low < 0.01 < interval(COINS).high - interval(COINS).low
    assert paired.low < 0.1 + noise.mean() < paired.high


def test_undefined_images_are_left_out_pairwise() -> None:
    first, second = [1, np.nan, 5, 4], [0, 2, np.nan, 3]
    assert paired_interval(first, second) == Interval(1, 1, 1)
    assert interval([np.nan, 3, 3]) == Interval(3, 3, 3)
    assert interval([np.nan]) is None
    assert paired_interval([1, np.nan], [np.nan, 1]) is None


def test_the_seed_decides() -> None:
    assert interval(COINS) == interval(COINS)
    assert interval(COINS) != interval(COINS, seed=1)
