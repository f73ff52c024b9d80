"""Pixel distances against values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels
from viceversa.metrics.similarity import l1, psnr, ssim


def constant(level: int, *shape: int) -> Pixels:
    return np.full(shape or (1, 16, 16, 3), level, np.uint8)


def noise(seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (70, 16, 12, 3), dtype=np.uint8)  # more than one batch


def test_l1_is_the_mean_difference_in_levels() -> None:
    images = constant(0, 2, 2, 2, 1)
    others = images.copy()
    others[1, 0, 0, 0] = 12
    assert l1(images, others).tolist() == [0, 3]  # 12 / 4 pixels
    assert l1(others, images).tolist() == [0, 3]  # uint8 must not wrap
    assert l1(images[::-1], others[::-1]).tolist() == [3, 0]  # views with negative strides too
    assert l1(constant(0), constant(255)).tolist() == [255]


def test_psnr_in_decibels_and_capped() -> None:
    assert psnr(constant(10), constant(11)) == pytest.approx([20 * np.log10(255)])  # 48.13 dB
    assert psnr(constant(0), constant(255)) == pytest.approx([0])
    assert psnr(constant(7), constant(7)).tolist() == [100]
    images = constant(0, 1, 20, 20, 3)
    others = images.copy()
    others[0, 0, 0, 0] = 10  # mean square 100 / 1200 = 1 / 12
    assert psnr(images, others) == pytest.approx([10 * np.log10(255**2 * 12)])


def test_ssim_of_flat_images_is_the_luminance_term() -> None:
    # (2 a b + c) / (a^2 + b^2 + c), c = (.01 * 255)^2 = 6.5025; the variances are 0, so the other term is 1
    expected = (2 * 100 * 110 + 6.5025) / (100**2 + 110**2 + 6.5025)
    assert ssim(constant(100), constant(110)) == pytest.approx([expected], abs=2e-4)  # float32: variances of 1e4 levels^2 cancel


def test_ssim_is_one_for_equal_images_and_symmetric() -> None:
    np.testing.assert_allclose(ssim(noise(), noise()), np.ones(70), atol=1e-5)
    np.testing.assert_allclose(ssim(noise(), noise(1)), ssim(noise(1), noise()), atol=1e-5)
    assert (ssim(noise(), noise(1)) < 0.5).all()


def test_ssim_needs_its_window() -> None:
    assert ssim(constant(1, 1, 11, 11, 1), constant(1, 1, 11, 11, 1)) == pytest.approx([1])
    with pytest.raises(UsageError, match="at least 11 x 11 pixels; these are 16 x 10"):
        ssim(constant(1, 1, 10, 16, 1), constant(1, 1, 10, 16, 1))


@pytest.mark.parametrize("metric", [l1, psnr, ssim])
def test_two_shapes_are_refused(metric: object) -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        metric(constant(1, 1, 16, 16, 1), constant(1, 1, 16, 16, 3))  # would broadcast
