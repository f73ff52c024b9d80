"""Drawings on paper: light and shadow go, lines stay; what is clean or blank is left so."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from viceversa.data.sets.sketches import render
from viceversa.images.decoding import recolored
from viceversa.images.paper_drawings import flattened
from viceversa.metrics.similarity import psnr

BEAR, FACE, SNOWMAN = "1F43B", "1F600", "26C4"


def photographed(lines: NDArray[np.uint8], noise: float, seed: int = 0) -> NDArray[np.uint8]:
    """(H, W, 1) -> (H, W, 3): gray ink on yellowish paper, the light falling off to less than half, a shadow over a corner."""
    height, width = lines.shape[:2]
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    light = 0.85 - 0.4 * (0.6 * columns + 0.4 * rows)
    light *= 1 - 0.35 / (1 + np.exp(-40 * (columns + 0.5 * rows - 0.8)))
    reflected = 0.12 + 0.88 * lines[..., 0] / 255
    seen = 255 * (light * reflected)[..., None] * np.array([1, 0.97, 0.9])
    seen += np.random.default_rng(seed).normal(0, noise, seen.shape)
    return seen.clip(0, 255).round().astype(np.uint8)


@pytest.mark.parametrize(("size", "least"), [(64, 27), (128, 30), (300, 32)])
@pytest.mark.parametrize("name", [BEAR, FACE, SNOWMAN])
def test_a_photographed_drawing_comes_out_near_the_drawing(name: str, size: int, least: float) -> None:
    lines = render([name], "lines", size)[0]
    photo = photographed(lines, noise=3)
    before, after = (float(psnr(each[None], lines[None])[0]) for each in (recolored(photo, 1), flattened(photo)))
    assert before < 10 and after > least
    assert (flattened(photo)[lines == 255] > 250).mean() > 0.99


@pytest.mark.parametrize("size", [32, 64, 128, 300])
def test_a_clean_drawing_is_unchanged(size: int) -> None:
    for name in (BEAR, FACE, SNOWMAN, "1F311"):  # the last is a black disc
        lines = render([name], "lines", size)[0]
        assert (flattened(lines) == lines).all() and (flattened(lines[..., 0]) == lines).all()
        assert (flattened(lines.repeat(3, 2)) == lines).all()


@pytest.mark.parametrize("level", [1.0, 0.5])
def test_a_blank_sheet_stays_white(level: float) -> None:
    blank = np.full((200, 300, 1), 255, np.uint8)
    assert (flattened(blank) == 255).all() and (flattened(np.full_like(blank, 90)) == 255).all()
    sheet = (level * photographed(blank, noise=2)).astype(np.uint8)
    assert (flattened(sheet) > 230).mean() > 0.99 and flattened(sheet).mean() > 254


def test_faint_lines_become_black() -> None:
    """A pencil that takes away a quarter of the light, or more."""
    lines = render([BEAR], "lines", 200)[0]
    faint = (200 * (0.7 + 0.3 * lines / 255)).round().astype(np.uint8)
    assert float(psnr(flattened(faint)[None], lines[None])[0]) > 25


def test_16_bits_and_what_is_no_drawing() -> None:
    lines = render([FACE], "lines", 64)[0]
    photo = photographed(lines, noise=0)
    deep = photo.astype(np.uint16) * 257
    assert np.abs(flattened(deep).astype(int) - flattened(photo)).max() <= 1
    assert (flattened(np.zeros((9, 7, 1), np.uint8)) == 0).all() and flattened(np.zeros((1, 1), np.uint8)).shape == (1, 1, 1)
    with pytest.raises(ValueError, match="it has 4 channels, not 1"):
        flattened(np.zeros((4, 4, 4), np.uint8))
