"""Diversity of made-up translators, against values computed by hand and against the distances of all pairs."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest

from viceversa.data.sets.avatars import labels_of, render
from viceversa.images.pixels import Pixels
from viceversa.metrics.diversity import diversity
from viceversa.metrics.features import perceptual
from viceversa.metrics.similarity import l1


def faces(*persons: int) -> Pixels:
    return render(persons, labels_of(persons), 32)


def brighter(images: Pixels, seed: int) -> Pixels:
    """Seeds 0, 1, 2, ... add 0, 1, 4, 9, ... levels."""
    return (images + seed**2).astype(np.uint8)


def test_l1_is_the_mean_over_pairs_of_seeds() -> None:
    images = np.zeros((2, 16, 16, 3), np.uint8)
    # pairs of (0, 1, 4): 1, 4 and 3; of (0, 1, 4, 9): these and 9, 8, 5; of two seeds 1
    assert diversity(brighter, [images], seeds=3).l1 == pytest.approx([8 / 3, 8 / 3])
    assert diversity(brighter, [images], seeds=4).l1 == pytest.approx([5, 5])
    assert diversity(brighter, [images], seeds=2).l1.tolist() == [1, 1]
    ten = diversity(lambda batch, seed: batch + np.uint8(10 * seed), [images[:1]])  # the mean of |i - j| is (n + 1) / 3
    assert ten.l1 == pytest.approx([10 * 11 / 3])


def test_each_image_has_its_own_value() -> None:
    images = np.zeros((3, 16, 16, 1), np.uint8)

    def translate(batch: Pixels, seed: int) -> Pixels:
        made = batch.copy()
        made[0, :, :8] = 6 * seed  # half of the pixels: 3 levels between neighbors
        made[2] = 200  # the same for every seed
        return made

    found = diversity(translate, [images], seeds=3)
    assert found.l1 == pytest.approx([3 * 4 / 3, 0, 0])  # pairs of (0, 3, 6): 3, 6, 3
    assert found.perceptual[0] > 0.01
    assert found.perceptual[1:] == pytest.approx([0, 0], abs=1e-6)


def test_perceptual_is_the_mean_of_all_pairs() -> None:
    looks = [faces(*range(start, start + 3)) for start in (0, 10, 20, 30)]
    found = diversity(lambda batch, seed: looks[seed], [looks[0]], seeds=4)
    pairs = list(combinations(looks, 2))
    np.testing.assert_allclose(found.perceptual, np.mean([perceptual(*pair) for pair in pairs], axis=0), rtol=1e-4)
    np.testing.assert_allclose(found.l1, np.mean([l1(*pair) for pair in pairs], axis=0))
    one = diversity(lambda batch, seed: looks[seed], [looks[0]], seeds=2)
    np.testing.assert_allclose(one.perceptual, perceptual(looks[0], looks[1]), rtol=1e-4)
    assert (found.perceptual > 0.1).all()


def test_batches_may_be_anything_and_do_not_change_the_values() -> None:
    images, shift = faces(*range(5)), np.arange(5)[:, None, None, None]

    def translate(rows: slice, seed: int) -> Pixels:
        return (images[rows] // 2 + seed * shift[rows]).astype(np.uint8)

    whole = diversity(translate, [slice(0, 5)], seeds=3)
    parts = diversity(translate, [slice(0, 2), slice(2, 5)], seeds=3)
    assert whole.l1 == pytest.approx([0, 4 / 3, 8 / 3, 4, 16 / 3])  # a shift of k: pairs of (0, k, 2k)
    np.testing.assert_array_equal(parts.l1, whole.l1)
    np.testing.assert_allclose(parts.perceptual, whole.perceptual, rtol=1e-4, atol=1e-6)
    none = diversity(translate, [], seeds=3)
    assert none.l1.shape == none.perceptual.shape == (0,)


def test_no_more_than_the_translations_of_one_batch_are_kept() -> None:
    made, kept = list[weakref.ref[Pixels]](), list[int]()

    def batches() -> Iterator[Pixels]:
        for _ in range(3):
            kept.append(sum(images() is not None for images in made))
            yield np.zeros((1, 16, 16, 3), np.uint8)

    def translate(batch: Pixels, seed: int) -> Pixels:
        images = brighter(batch, seed)
        made.append(weakref.ref(images))
        return images

    diversity(translate, batches(), seeds=2)
    assert len(made) == 6 and kept == [0, 0, 0]


def test_what_has_no_diversity_is_refused() -> None:
    images = np.zeros((2, 16, 16, 3), np.uint8)
    with pytest.raises(ValueError, match="1 is not enough, take 2 or more"):
        diversity(brighter, [images], seeds=1)
    with pytest.raises(ValueError, match="cannot be compared"):
        diversity(lambda batch, seed: batch[seed:], [images], seeds=2)
