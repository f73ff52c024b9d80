"""Fitting: the middle of an image at one size, exact where nothing is resized, and the same in every depth."""

from __future__ import annotations

import numpy as np
import pytest

from viceversa.images.fitting import fitted, in_bits, shown


def numbered(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.arange(height * width * channels).reshape(height, width, channels).astype(np.uint8)


def test_an_image_of_the_size_is_left_as_it_is() -> None:
    image = numbered(8, 8)
    assert fitted(image, (8, 8)) is not None and (fitted(image, (8, 8)) == image).all()


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns"), [(8, 12, slice(0, 8), slice(2, 10)), (9, 8, slice(0, 8), slice(0, 8))]
)
def test_the_largest_square_is_the_middle(height: int, width: int, rows: slice, columns: slice) -> None:
    image = numbered(height, width)
    assert (fitted(image, (8, 8)) == image[rows, columns]).all()


def test_a_crop_is_cut_from_the_middle_and_what_is_smaller_is_taken_whole() -> None:
    image = numbered(12, 10)
    assert (fitted(image, (4, 4), crop=4) == image[4:8, 3:7]).all()
    assert fitted(numbered(6, 6), (4, 4), crop=9).shape == (4, 4, 3)


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_every_depth_and_count_of_channels_is_resized_alike(channels: int, depth: type) -> None:
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (16, 16, channels)).astype(depth) * (257 if depth is np.uint16 else 1)
    small = fitted(image, (7, 7))
    assert small.shape == (7, 7, channels) and small.dtype == depth
    reference = fitted(np.repeat(in_bits(image[..., :1], 8), 3, 2), (7, 7))[..., 0]
    assert np.abs(in_bits(small[..., 0], 8).astype(int) - reference).max() <= 1


def test_bits_keep_the_full_range() -> None:
    image = np.array([0, 1, 128, 255], np.uint8).reshape(1, 4, 1)
    deep = in_bits(image, 16)
    assert deep.dtype == np.uint16 and deep.ravel().tolist() == [0, 257, 32896, 65535]
    assert (in_bits(deep, 8) == image).all() and in_bits(image, 8) is image


@pytest.mark.parametrize(("channels", "seen"), [(1, 1), (2, 1), (3, 3), (7, 3)])
def test_what_is_shown_has_three_channels_or_one(channels: int, seen: int) -> None:
    assert shown(np.full((2, 4, 4, channels), 65535, np.uint16)).shape == (2, 4, 4, seen)
    assert shown(np.full((2, 4, 4, channels), 65535, np.uint16)).max() == 255
