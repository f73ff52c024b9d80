"""The benchmark of photographs: its crops and its baseline of colors; trainings are too long for a test."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.errors import UsageError

BENCHMARK = Path(__file__).resolve().parents[1] / "benchmarks" / "photos"
sys.path.append(str(BENCHMARK))

import colors  # noqa: E402
import pictures as photographs  # noqa: E402


def test_colors_take_mean_and_deviation() -> None:
    """Dull colors in the middle of RGB, so that none is cut off on the way back."""
    lots = np.random.default_rng(0)
    here, there = (lots.integers(low, high, (3, 16, 16, 3)).astype(np.uint8) for low, high in ((90, 160), (110, 150)))
    made = colors.moved(here, colors.statistics(here), colors.statistics(there))
    for got, wanted in zip(colors.statistics(made), colors.statistics(there), strict=True):
        assert got.flatten().tolist() == pytest.approx(wanted.flatten().tolist(), abs=0.3)  # rounded to levels, .4 of L* each
    assert np.abs(colors.moved(here, colors.statistics(here), colors.statistics(here)).astype(int) - here).max() <= 1


def test_crops_are_those_of_the_picture(tmp_path: Path) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 320, 3)).astype(np.uint8))
    tiles = [np.asarray(tile) for tile in photographs.tiled(picture)]
    rows = [np.concatenate(tiles[first : first + 5], 1) for first in (0, 5, 10)]
    assert len(tiles) == 15 and np.array_equal(np.concatenate(rows), np.asarray(picture)[:192])
    for _ in range(2):
        photographs.cut(picture, "photos", 3, tmp_path, "03")
    crops = [np.asarray(Image.open(path)) for path in sorted(tmp_path.glob("03-*.png"))]
    assert len(crops) == 40 and {crop.shape for crop in crops} == {(64, 64, 3)}
    assert any(np.array_equal(crops[0], np.asarray(photographs.at(picture, x, y))) for x in range(257) for y in range(137))


def test_parts_are_apart_and_files_are_looked_for(tmp_path: Path) -> None:
    names = [name for part in photographs.PHOTOS.values() for name in part]
    assert len(names) == len(set(names)) == 35
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "astronaut.png").touch()
    assert photographs.found(tmp_path, "astronaut.png") == tmp_path / "a" / "astronaut.png"
    with pytest.raises(UsageError, match=r"there is no 'coffee\.png' below"):
        photographs.found(tmp_path, "coffee.png")
