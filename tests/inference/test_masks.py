"""Regions by hand: masks, keys, feathered edges, and what is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from viceversa.errors import UsageError
from viceversa.images.load import mask_of
from viceversa.inference.masks import Region, blended, brightness, color_of, feathered, keyed


def test_a_mask_is_as_bright_as_it_is() -> None:
    gray = np.array([[[0], [51], [255]]], np.uint8)
    assert np.allclose(brightness(gray).ravel(), [0, 0.2, 1]) and brightness(gray).dtype == np.float32
    deep = np.array([[[0], [13107], [65535]]], np.uint16)
    assert np.allclose(brightness(deep).ravel(), [0, 0.2, 1])
    assert np.allclose(brightness(np.full((2, 2, 3), 51, np.uint8)), 0.2)


def test_a_key_within_its_tolerance() -> None:
    image = np.array([[[0, 255, 0], [10, 250, 0], [11, 255, 0], [0, 244, 0]]], np.uint8)
    assert keyed(image, (0, 255, 0)).ravel().tolist() == [1, 0, 0, 0]
    assert keyed(image, (0, 255, 0), 10).ravel().tolist() == [1, 1, 0, 0]
    assert keyed(image.astype(np.uint16) * 257, (0, 255, 0), 10).ravel().tolist() == [1, 1, 0, 0]
    gray = np.array([[[7], [8]]], np.uint8)
    assert keyed(gray, (7, 7, 7)).ravel().tolist() == [1, 0] and keyed(gray, (7, 7, 8)).ravel().tolist() == [0, 0]


def test_colors_in_words() -> None:
    assert color_of("#00ff00") == color_of("lime") == color_of("#0f0") == (0, 255, 0)
    with pytest.raises(UsageError, match=r"`key` 'greenish' is not a color.*#00ff00"):
        color_of("greenish")


def test_a_feather_by_hand() -> None:
    """From the edge inwards 1/4, 2/4, 3/4, 1; nothing outside, and nothing fades at the image's border."""
    row = np.array([0, 0, 1, 1, 1, 1, 1, 1], np.float32)[None, :, None]
    wanted = [0, 0, 0.25, 0.5, 0.75, 1, 1, 1]
    assert feathered(row, 3).ravel().tolist() == wanted
    assert feathered(row.swapaxes(0, 1), 3).ravel().tolist() == wanted
    assert feathered(row, 0) is row
    assert feathered(row / 2, 3).ravel().tolist() == [value / 2 for value in wanted]


def test_a_feather_goes_by_the_distance_around_corners() -> None:
    weights = np.ones((4, 4, 1), np.float32)
    weights[0, 0] = 0
    found = feathered(weights, 3)[..., 0] * 4
    assert np.allclose(found[1], [1, np.sqrt(2), np.sqrt(5), np.sqrt(10)])
    assert np.allclose(found[3], [3, np.sqrt(10), np.sqrt(13), 4])


@given(arrays(np.bool_, (9, 12)), st.integers(1, 6))
def test_a_feather_is_the_distance_to_the_nearest_outside(inside: np.ndarray, width: int) -> None:
    rows, columns = np.indices(inside.shape)
    outside = np.argwhere(~inside)
    apart = [np.hypot(rows - top, columns - left) for top, left in outside]
    nearest = np.min(apart, axis=0) if apart else np.full(inside.shape, np.inf)
    found = feathered(inside[..., None].astype(np.float32), width)[..., 0]
    assert np.allclose(found, np.minimum(1, nearest / (width + 1)), atol=1e-6)


def test_images_are_mixed_by_hand() -> None:
    before, after = np.full((1, 4, 3), 100, np.uint8), np.full((1, 4, 3), 200, np.uint8)
    weights = np.array([0, 0.25, 0.5, 1], np.float32)[None, :, None]
    assert blended(before, after, weights)[0, :, 0].tolist() == [100, 125, 150, 200]
    assert blended(after, before, weights)[0, :, 0].tolist() == [200, 175, 150, 100]


@given(arrays(np.uint16, (5, 6, 3)), arrays(np.uint16, (5, 6, 3)), arrays(np.bool_, (5, 6, 1)))
def test_outside_nothing_changes_and_inside_all_does(before: np.ndarray, after: np.ndarray, inside: np.ndarray) -> None:
    assert np.array_equal(blended(before, after, inside.astype(np.float32)), np.where(inside, after, before))


def test_images_that_cannot_be_mixed() -> None:
    with pytest.raises(UsageError, match=r"leave out `mask` and `key`: the translation is \(2, 2, 1\), and the image \(2, 2, 3\)"):
        blended(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 1), np.uint8), np.ones((2, 2, 1), np.float32))


def test_a_region_is_looked_for_in_the_mask_or_else_in_the_image() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[:, 0] = 255, 0, 0
    mask = image[:, ::-1]
    assert Region(key="red").weights(image, None)[0, :, 0].tolist() == [1, 0, 0]
    assert Region(mask=mask, key="red").weights(image, mask)[0, :, 0].tolist() == [0, 0, 1]
    assert Region(key="red", outside=True).weights(image, None)[0, :, 0].tolist() == [0, 1, 1]
    assert Region(mask=mask).weights(image, mask)[0, :, 0].tolist() == pytest.approx([0, 0, 76 / 255])  # the luma of red


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "give a `mask` of the part that may change"),
        ({"feather": 3}, "give a `mask` of the part that may change"),
        ({"key": "nothing"}, "is not a color"),
        ({"key": "red", "tolerance": 256}, "from 0 to 255 levels, not 256"),
        ({"key": "red", "feather": -1}, "`feather=-1`"),
    ],
)
def test_regions_that_cannot_be(settings: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Region(**settings)


def test_a_mask_of_another_size() -> None:
    mask = np.zeros((4, 5, 1), np.uint8)
    with pytest.raises(UsageError, match="the mask has 5x4 pixels, the image 3x2: give a mask of the image's size"):
        Region(mask=mask).weights(np.zeros((2, 3, 3), np.uint8), mask)


def test_masks_of_all_kinds(tmp_path: object) -> None:
    mask = Image.new("L", (4, 2), 255)
    clear = Image.new("LA", (4, 2), (255, 0))
    path = f"{tmp_path}/mask.png"
    mask.save(path)
    for given_mask in (mask, path, np.full((2, 4, 1), 255, np.uint8), mask.convert("1")):
        assert np.array_equal(mask_of(given_mask), np.full((2, 4, 1), 255))
    assert not mask_of(clear).any(), "black where it is transparent"
    assert mask_of(mask.convert("RGB")).shape == (2, 4, 3)
