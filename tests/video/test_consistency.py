"""The figures of consistency by hand, masks by hand, and smoothing, which they show."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from viceversa.errors import UsageError
from viceversa.video import DIS, FARNEBACK, Estimator, Motion, change, consistency, smoothed, visible, warped, warping_error
from video.films import scene

EVERYWHERE = np.ones((20, 24), bool)
STILL = np.zeros((20, 24, 2), np.float32)
RESTING = Estimator("resting", lambda one, other: np.zeros((*one.shape[:2], 2), np.float32))


def flat(level: int) -> np.ndarray:
    return np.full((20, 24, 3), level, np.uint8)


def moving(dx: float, dy: float = 0) -> np.ndarray:
    return np.broadcast_to(np.array([dx, dy], np.float32), (20, 24, 2))


@pytest.mark.parametrize("estimator", [DIS, FARNEBACK])
def test_a_still_clip_has_no_error(estimator: Estimator) -> None:
    found = consistency([scene(0)] * 3, [scene(5)] * 3, DIS)
    assert (found.output, found.input, found.flicker, found.ratio, found.pairs) == (0, 0, 0, None, 2)
    by_other = consistency([scene(0)] * 3, [scene(5)] * 3, estimator)
    assert by_other.output < 1e-4 and by_other.flicker == 0


def test_a_whole_shift_with_its_exact_flow_has_no_error_inside_of_the_mask() -> None:
    """By (3, 2): what comes in at the left and the top was not there before, and what leaves is masked."""
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    one, other = image[10:30, 10:34], image[8:28, 7:31]
    seen = visible(moving(3, 2), moving(-3, -2))
    assert seen[:18, :21].all() and not seen[18:].any() and not seen[:, 21:].any()
    assert warping_error(one, other, moving(3, 2), seen) == 0
    assert warping_error(one, other, moving(3, 2), EVERYWHERE) > 0 and warping_error(one, other, STILL, seen) > 0.01


def test_alternating_brightness() -> None:
    """A scene at .5 that alternates by .1 up and down: (.2)^2 in every channel, and N is counted for each channel."""
    levels = np.array([0.4, 0.6]) * 255
    one, other = (flat(round(level)) for level in levels)
    assert warping_error(one, other, STILL, EVERYWHERE) == pytest.approx(0.04, abs=1e-7)
    found = consistency([flat(128)] * 4, [one, other, one, other], RESTING)
    assert found.output == pytest.approx(0.04, abs=1e-7) and found.flicker == pytest.approx(0.2, abs=1e-7)
    assert (found.input, found.ratio, found.visible) == (0, None, 1)


def test_the_ratio_and_the_names() -> None:
    """The input alternates by .2 and the output by .1: squares of 4 to 1, and flicker of .1 less."""
    found = consistency([flat(51), flat(102)], [flat(0), flat(26)], RESTING)
    assert found.input == pytest.approx(0.04) and found.output == pytest.approx((26 / 255) ** 2)
    assert found.ratio == pytest.approx((26 / 51) ** 2) and found.flicker == pytest.approx(-25 / 255)
    assert set(found.figures) == {
        *(f"{name}_resting" for name in ("warping_error", "warping_error_of_input", "warping_error_ratio", "visible")),
        "flicker",
        "pairs",
    }
    assert change(flat(10), flat(61)) == 0.2


def test_nothing_to_be_seen_is_no_error() -> None:
    assert warping_error(flat(0), flat(255), STILL, ~EVERYWHERE) == 0


def test_occlusion_by_hand() -> None:
    """f = 1, b = 0: 1 > .01 + .5. f = .5, b = 0: .25 < .01 (.25) + .5. A step of 1 in u: 1 > .01 |f|^2 + .002 left of it."""
    inside = slice(2, 18), slice(2, 20)
    assert not visible(moving(1), STILL)[inside].any()
    assert visible(moving(0.5), STILL)[inside].all()
    assert visible(moving(1), moving(-1))[inside].all()
    step = np.zeros((20, 24, 2), np.float32)
    step[:, 12:, 0] = 1
    seen = visible(step, -step)
    assert not seen[:, 11].any() and seen[:, :11].all() and seen[:, 12:22].all()
    gentle = np.zeros((20, 24, 2), np.float32)
    gentle[:, 12:, 0] = 0.04  # .0016 < .002
    assert visible(gentle, -gentle).all()


def test_warping_by_hand() -> None:
    image = np.arange(24, dtype=np.uint8)[None, :, None].repeat(20, 0)
    assert np.array_equal(warped(image, moving(2))[..., 0], np.minimum(image[..., 0] + 2, 23))
    assert np.allclose(warped(image, moving(0.25))[:, :23, 0], image[:, :23, 0] + 0.25)


@pytest.mark.parametrize("estimator", [DIS, FARNEBACK])
def test_estimators_find_the_motion(estimator: Estimator) -> None:
    """Two pixels to the right, and back."""
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, (8, 12, 3), np.uint8))
    wide = np.asarray(image.resize((96, 64), Image.Resampling.BICUBIC))
    motion = Motion(wide[:, 10:74], wide[:, 8:72], estimator)
    for flow, expected in ((motion.forward, 2), (motion.backward, -2)):
        assert np.abs(np.median(flow[8:-8, 8:-8], (0, 1)) - (expected, 0)).max() < 0.1
    assert motion.seen_later[8:-8, 8:-8].mean() > 0.8


def test_small_frames_are_refused() -> None:
    with pytest.raises(UsageError, match="8x8 pixels are too small to estimate motion: each side needs at least 16 pixels"):
        _ = Motion(flat(0)[:8, :8], flat(0)[:8, :8]).forward


def test_what_cannot_be_compared() -> None:
    with pytest.raises(UsageError, match="24x20x3, their translations 12x20x3"):
        consistency([flat(0)] * 2, [flat(0)[:, :12]] * 2, RESTING)
    with pytest.raises(UsageError, match="one frame has no consistency"):
        consistency([flat(0)], [flat(0)], RESTING)


def test_smoothing_by_hand() -> None:
    """(1 - a) 100 + a 200 with a = .3, where the earlier frame is seen and the weight is 1."""
    motion = Motion(flat(0), flat(0), RESTING)
    assert (smoothed(flat(100), flat(200), motion, 0.3, None) == 130).all()
    weights = np.zeros((20, 24, 1), np.float32)
    weights[:, 12:] = 1
    made = smoothed(flat(100), flat(200), motion, 0.3, weights)
    assert (made[:, :12] == 100).all() and (made[:, 12:] == 130).all()
    away = Estimator("away", lambda one, other: np.array(moving(1)))  # there and back do not fit: all is hidden
    assert (smoothed(flat(100), flat(200), Motion(flat(0), flat(0), away), 0.3, None) == 100).all()


def test_smoothing_takes_what_is_at_the_place_where_it_was() -> None:
    """By the flow from t to t - 1: a shift by two pixels, warped, is the frame itself."""
    there = Estimator("there", lambda one, other: np.array(moving(2)[:20, :24]) * (1 if one[0, 0, 0] else -1))
    image = np.random.default_rng(1).integers(1, 256, (20, 30, 3), np.uint8)
    earlier, later = image[:, 4:28].copy(), image[:, 2:26].copy()  # the content moves to the right
    earlier[0, 0, 0], later[0, 0, 0] = 1, 0
    made = smoothed(later, earlier, Motion(earlier, later, there), 0.9, None)
    assert np.array_equal(made[1:, 3:], later[1:, 3:])


def test_smoothing_is_seen_in_the_figures() -> None:
    """Noise that differs from frame to frame, on a moving scene."""
    generator = np.random.default_rng(0)
    frames = [scene(number) for number in range(6)]
    noisy = [np.clip(frame + generator.normal(0, 20, frame.shape), 0, 255).astype(np.uint8) for frame in frames]
    calm = noisy[:1]
    for number in range(1, 6):
        calm.append(smoothed(noisy[number], calm[-1], Motion(frames[number - 1], frames[number]), 0.7, None))
    before, after = consistency(frames, noisy), consistency(frames, calm)
    assert after.output < before.output / 3 and after.flicker < before.flicker / 1.5 and after.input == before.input
