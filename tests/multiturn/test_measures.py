"""Measures of drift on edits whose effect is known: each moves what it should, by values that the test computes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from viceversa.images.pixels import Pixels
from viceversa.metrics.features import between
from viceversa.metrics.perceptual import lite0_at
from viceversa.metrics.similarity import HIGHEST
from viceversa.multiturn.measures import CUTOFF, in_channels_of, in_size_of, pixel_measures, psnr_of, region_measures


@pytest.fixture(scope="module")
def photograph() -> Pixels:
    """Smooth light, edges and texture, without values near 0 and 255: (48, 64, 3)."""
    rows, columns = np.mgrid[:48, :64]
    light = 90 + 60 * np.sin(rows / 17) * np.cos(columns / 23)
    edges = 40 * ((rows // 8 + columns // 8) % 2)
    texture = np.random.default_rng(0).integers(-12, 13, (48, 64))
    return np.stack([light + edges + texture + shift for shift in (0, 10, 20)], 2).clip(30, 225).astype(np.uint8)


def squared(decibels: float) -> float:
    """The mean squared error behind a PSNR."""
    return 0.0 if decibels >= HIGHEST else 255**2 / 10 ** (decibels / 10)


def test_equal_images_are_at_zero_in_every_measure(photograph: Pixels) -> None:
    assert pixel_measures(photograph, photograph) == {
        "l1": 0, "psnr": HIGHEST, "psnr_low": HIGHEST, "psnr_high": HIGHEST, "color_shift": 0, "ssim": 1,
    }  # fmt: skip
    directions = lite0_at(64).look(photograph[None])
    assert float(between(directions, directions)) == 0


def test_one_level_a_turn_moves_light_only(photograph: Pixels) -> None:
    """After k turns: L1 = k, squared error k^2, all of it low; SSIM hardly moves."""
    for turn in (1, 2, 5):
        found = pixel_measures(photograph + np.uint8(turn), photograph)
        assert found["l1"] == found["color_shift"] == turn
        assert found["psnr"] == pytest.approx(10 * np.log10(255**2 / turn**2))
        assert found["psnr_low"] == pytest.approx(found["psnr"])
        assert found["psnr_high"] == HIGHEST
        assert found["ssim"] > 0.998


def test_the_bands_add_up(photograph: Pixels) -> None:
    noise = np.random.default_rng(1).integers(0, 256, photograph.shape).astype(np.uint8)
    found = pixel_measures(photograph, noise)
    assert squared(found["psnr_low"]) + squared(found["psnr_high"]) == pytest.approx(squared(found["psnr"]))


@pytest.mark.parametrize(("frequency", "band"), [(0.8, "psnr_low"), (1.3, "psnr_high")])
def test_a_wave_on_either_side_of_the_cutoff_is_in_its_band(frequency: float, band: str) -> None:
    """A basis function of the cosine transform: its whole error is in one band."""
    row = round(frequency * CUTOFF * 80)
    wave = np.cos(np.pi * row * (np.arange(80) + 0.5) / 80)
    image = np.rint(128 + 100 * wave)[:, None, None].repeat(80, 1).astype(np.uint8)
    found = pixel_measures(image, np.full_like(image, 128))
    other = "psnr_high" if band == "psnr_low" else "psnr_low"
    assert squared(found[band]) == pytest.approx(100**2 / 2, rel=0.01)
    assert squared(found[other]) < 0.2  # rounding to levels


def test_a_shift_of_one_pixel_is_high(photograph: Pixels) -> None:
    """The mean color stays; the error is that of neighboring pixels."""
    moved = np.roll(photograph, 1, 1)
    found = pixel_measures(moved, photograph)
    assert found["color_shift"] == 0
    assert found["l1"] == np.abs(moved.astype(int) - photograph.astype(int)).mean()
    assert squared(found["psnr_high"]) > 0.9 * squared(found["psnr"])
    assert found["ssim"] < 0.9


def test_a_blur_takes_what_is_high_and_leaves_the_rest(photograph: Pixels) -> None:
    blurred = np.asarray(Image.fromarray(photograph).filter(ImageFilter.GaussianBlur(1.5)))
    found = pixel_measures(blurred, photograph)
    assert squared(found["psnr_high"]) > 20 * squared(found["psnr_low"])
    assert found["color_shift"] < 0.5
    assert found["ssim"] < 0.9


def test_a_low_pass_at_the_cutoff_is_all_high(photograph: Pixels) -> None:
    """Coefficients above the cut-off become 0: the error is their energy."""
    gray = photograph[..., :1].astype(float)
    down, across = (
        np.sqrt(2 / side) * np.cos(np.pi * np.arange(side)[:, None] * (np.arange(side) + 0.5) / side) for side in (48, 64)
    )
    down[0] /= np.sqrt(2)
    across[0] /= np.sqrt(2)
    coefficients = down @ gray[..., 0] @ across.T
    high = np.hypot(np.arange(48)[:, None] / 48, np.arange(64)[None] / 64) >= CUTOFF
    smooth = down.T @ np.where(high, 0, coefficients) @ across
    found = pixel_measures(np.rint(smooth).clip(0, 255).astype(np.uint8)[..., None], photograph[..., :1])
    assert squared(found["psnr_high"]) == pytest.approx((coefficients**2)[high].sum() / gray.size, rel=0.01)
    assert squared(found["psnr_low"]) < 0.05  # rounding to levels


def test_a_color_cast_moves_the_mean_color_by_its_mean(photograph: Pixels) -> None:
    found = pixel_measures(photograph + np.array([12, 0, 3], np.uint8), photograph)
    assert found["color_shift"] == pytest.approx(5)
    assert found["l1"] == pytest.approx(5)
    assert found["psnr_high"] == HIGHEST
    assert squared(found["psnr_low"]) == pytest.approx((12**2 + 3**2) / 3)


def test_jpeg_keeps_light_and_color_and_loses_texture(photograph: Pixels) -> None:
    buffer = io.BytesIO()
    Image.fromarray(photograph).save(buffer, "JPEG", quality=75)
    found = pixel_measures(np.asarray(Image.open(buffer)), photograph)
    assert squared(found["psnr_high"]) > 5 * squared(found["psnr_low"])
    assert found["color_shift"] < 1
    assert 20 < found["psnr"] < 45


def test_regions_divide_the_difference(photograph: Pixels) -> None:
    changed = photograph.copy()
    changed[:10, :20] += 8
    changed[40:] += 2
    region = np.zeros(photograph.shape[:2], bool)
    region[:10, :20] = True
    assert region_measures(changed, photograph, region) == {
        "l1_inside": 8,
        "l1_outside": pytest.approx(8 * 64 * 2 / (48 * 64 - 200)),
    }
    nowhere = region_measures(changed, photograph, np.zeros_like(region))
    assert np.isnan(nowhere["l1_inside"])
    assert nowhere["l1_outside"] == pixel_measures(changed, photograph)["l1"]


def test_perceptual_distance_sees_a_blur_more_than_one_level(photograph: Pixels) -> None:
    look = lite0_at(64).look
    source, lighter = look(photograph[None]), look(photograph[None] + np.uint8(1))
    blurred = look(np.asarray(Image.fromarray(photograph).filter(ImageFilter.GaussianBlur(1.5)))[None])
    assert float(between(source, blurred)) > 10 * float(between(source, lighter)) > 0


def test_an_image_of_another_size_is_cut_in_the_middle_and_resized() -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 200
    assert np.array_equal(in_size_of(wide, np.zeros((40, 40, 3), np.uint8)), np.full((40, 40, 3), 200))


def test_gray_is_repeated_beside_color() -> None:
    gray, color = np.full((12, 12, 1), 7, np.uint8), np.full((12, 12, 3), 7, np.uint8)
    assert pixel_measures(*in_channels_of(gray, color))["l1"] == 0
    assert in_channels_of(gray, gray)[0].shape == (12, 12, 1)


def test_a_small_image_has_no_ssim_but_all_else() -> None:
    found = pixel_measures(np.zeros((4, 4, 1), np.uint8), np.full((4, 4, 1), 3, np.uint8))
    assert np.isnan(found["ssim"])
    assert found["l1"] == 3


def test_psnr_is_100_at_most() -> None:
    assert psnr_of(0) == psnr_of(1e-9) == HIGHEST
    assert psnr_of(255**2) == 0
