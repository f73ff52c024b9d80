"""Grids of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.images.pictures import grid, save_png

RED, GREEN, BLUE = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
WHITE = (255, 255, 255)


def _filled(color: tuple[int, ...], height: int, width: int) -> np.ndarray:
    return np.full((height, width, len(color)), color, np.uint8)


def _colors(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture).reshape(-1, 3)


def _ink(picture: np.ndarray) -> np.ndarray:
    """Where a picture has text or image."""
    return (picture != 255).any(2)


def test_pixels_and_size() -> None:
    checker = np.zeros((2, 2, 3), np.uint8)
    checker[0, 0], checker[0, 1], checker[1, 0] = RED, GREEN, BLUE
    picture = np.asarray(grid([[checker, None], [_filled(RED, 2, 2), checker]], (), scale=4))
    # two images of 8 pixels and gaps of 6 between them and around
    assert picture.shape == (6 + 2 * 14, 6 + 2 * 14, 3)
    assert (picture[6:14, 6:14] == checker.repeat(4, 0).repeat(4, 1)).all()
    assert (picture[6:14, 14:] == 255).all()
    assert (picture[20:28, 6:14] == RED).all()
    assert (picture[20:28, 20:28] == checker.repeat(4, 0).repeat(4, 1)).all()


@pytest.mark.parametrize(("side", "shown"), [(32, 96), (28, 112), (96, 96), (128, 128)])
def test_small_images_are_enlarged_to_96_pixels_or_more(side: int, shown: int) -> None:
    picture = grid([[_filled(RED, side, side)]], ())
    assert (_colors(picture) == RED).all(1).sum() == shown**2


def test_images_of_several_sizes_and_channels() -> None:
    gray = np.arange(28 * 28, dtype=np.uint8).reshape(28, 28, 1)
    picture = np.asarray(grid([[_filled(BLUE, 32, 32), gray], [_filled(GREEN, 8, 16), None]], ()))
    assert (picture[6:102, 6:102] == BLUE).all()
    assert (picture[12:96, 114:198] == gray.repeat(3, 0).repeat(3, 1)).all()  # 84 pixels, in the middle of 96
    assert (picture[132:180, 6:102] == GREEN).all()  # 6 times as large: 48 x 96
    assert (picture[108:132, 6:102] == 255).all() and (picture[180:, 6:102] == 255).all()


@pytest.mark.parametrize(
    "caption", ["source", "after three other translations, through 8 bits", "an_attribute_of_a_very_long_name"]
)
def test_captions_stay_above_their_own_image(caption: str) -> None:
    image = _filled(RED, 32, 32)
    alone, empty = (np.asarray(grid([[image] * 3], captions)) for captions in (("", caption, ""), ("", "", "")))
    top = alone.shape[0] - 96 - 6
    text = _ink(alone[:top])
    assert text[:, 108:204].any()
    assert not text[:, :108].any() and not text[:, 204:].any()
    assert not text[0].any()  # not cut off
    assert not text[-3:].any()  # nor on the image
    assert (alone[top:] == empty[6:]).all()


def test_a_longer_caption_takes_more_lines() -> None:
    image = _filled(RED, 32, 32)
    heights = [grid([[image]], [caption]).height for caption in ("", "inv", "inv after three translations", "x" * 60)]
    assert heights == sorted(set(heights))


def test_row_titles_stay_left_of_the_images() -> None:
    image = _filled(RED, 32, 32)
    titles = ("base", "the multicyclic model with a title of many words that do not fit a line")
    picture = np.asarray(grid([[image], [image]], ["inv"], titles))
    left = picture.shape[1] - 96 - 6
    top = picture.shape[0] - 2 * 102
    assert (picture[top : top + 96, left : left + 96] == RED).all()
    text = _ink(picture[:, :left])
    assert text[top : top + 96].any() and text[top + 102 : top + 198].any()
    assert not text[:top].any() and not text[top + 96 : top + 102].any() and not text[:, 0].any() and not text[:, -3:].any()


def test_saved_as_png(tmp_path: Path) -> None:
    picture = grid([[_filled(RED, 32, 32)]], ["red"])
    save_png(picture, tmp_path / "pictures" / "red.png")
    assert (np.asarray(Image.open(tmp_path / "pictures" / "red.png")) == np.asarray(picture)).all()
