"""Drawn street digits: the same for everyone, each as often as another, of all fonts, light on dark and dark on light."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from viceversa.data.sets.street_digits import FONTS, SPLITS, digits_of, render
from viceversa.data.sources import open_dataset

DRAWN_BY, PIXELS = ("12.3.0", "3.11.2"), "612b051ce93a80d0"


def test_the_same_number_is_the_same_image() -> None:
    pixels = render(range(40, 44))
    assert pixels.shape == (4, 32, 32, 3) and pixels.dtype == np.uint8
    assert (render(range(42, 43))[0] == pixels[2]).all()
    assert (pixels[0] != pixels[1]).any()


def test_the_version_stands_for_these_pixels() -> None:
    if (version("pillow"), version("matplotlib")) != DRAWN_BY:
        pytest.skip(f"drawn by other versions than Pillow's and matplotlib's {DRAWN_BY}")
    assert hashlib.sha256(render(range(21_000, 21_064)).tobytes()).hexdigest()[:16] == PIXELS


def test_numbers_and_digits() -> None:
    assert [*SPLITS.items()] == [("train", range(20_000)), ("validation", range(20_000, 21_000)), ("test", range(21_000, 25_000))]
    assert np.abs(np.bincount(digits_of(SPLITS["train"]), minlength=10) - 2000).max() < 180  # four standard deviations
    assert len(set(map(bytes, render(range(21_000, 21_500))))) == 500


def test_splits_and_digits(few: dict[str, range]) -> None:
    dataset = open_dataset("street-digits", 64)  # images keep their size
    assert dataset.name == "street-digits-v1" and dataset.space.images["digits"].shape == (3, 32, 32)
    for split, numbers in few.items():
        images = dataset.splits[split]["digits"]
        assert images.labels is not None and (images.pixels == render(numbers)).all()
        assert (images.labels.argmax(1).numpy() == digits_of(numbers)).all()


def test_fonts_are_files_of_a_package() -> None:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    assert len(set(FONTS)) == 21 and all((folder / f"{name}.ttf").is_file() for name in FONTS)


def test_light_on_dark_as_often_as_dark_on_light() -> None:
    luma = render(range(300)).astype(float) @ [0.299, 0.587, 0.114]
    middle, border = luma[:, 10:22, 12:20].mean((1, 2)), np.stack([luma[:, :3].mean((1, 2)), luma[:, -3:].mean((1, 2))]).mean(0)
    assert 0.4 < (middle > border).mean() < 0.6
