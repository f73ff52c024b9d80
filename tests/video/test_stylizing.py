"""Clips in a style: what each painting begins with, and what that is good for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.errors import UsageError
from viceversa.style.stylize import Stylize, stylize
from viceversa.video import Estimator, consistency, processed, stylized_frames
from viceversa.video.job import Passage
from viceversa.video.stylizing import begun, later_settings, stylization
from video.films import far, scene

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8))
SMALL = Stylize(size=64, sizes=1, evaluations=20)
RESTING = Estimator("resting", lambda one, other: np.zeros((*one.shape[:2], 2), np.float32))
AWAY = Estimator("away", lambda one, other: np.ones((*one.shape[:2], 2), np.float32))


def test_a_painting_begins_with_the_last_one_where_it_was_seen_before() -> None:
    """At rest all of it; where there and back do not fit, the content."""
    assert np.array_equal(begun(Passage(scene(0), scene(50), scene(1), RESTING)), scene(50))
    assert np.array_equal(begun(Passage(scene(0), scene(50), scene(1), AWAY)), scene(1))


def test_the_last_painting_is_brought_to_where_things_went() -> None:
    """Made of the frame itself, it is the next frame, two pixels on, but where no motion is to be seen."""
    made = begun(Passage(scene(3), scene(3), scene(4)))
    assert far(made[8:-8, 8:-8], scene(4)[8:-8, 8:-8]) < far(scene(3)[8:-8, 8:-8], scene(4)[8:-8, 8:-8]) / 4


@pytest.mark.parametrize("colors", [False, True])
def test_the_beginning_is_begun_with(colors: bool) -> None:
    """After one evaluation a picture is still near it; in colors that are kept, its luminance is."""
    settings = Stylize(size=64, sizes=1, evaluations=1, keep_colors=colors)
    other = scene(70)
    made = np.asarray(stylize(scene(0), NOISE, settings, start=other).image)
    gray = [np.asarray(Image.fromarray(each).convert("L"), int) for each in (made, other, scene(0))]
    assert np.abs(gray[0] - gray[1]).mean() < 6 < np.abs(gray[0] - gray[2]).mean()


def test_later_frames_have_one_size_and_fewer_evaluations() -> None:
    settings = later_settings(Stylize(size=128, sizes=3), None)
    assert settings.stages == ((128, 50),), "a quarter of the preset's 200"
    assert later_settings(Stylize(evaluations=2), None).evaluations == 1 and later_settings(Stylize(), 7).evaluations == 7
    with pytest.raises(UsageError, match="`later=0`: give at least one evaluation"):
        later_settings(Stylize(), 0)


def test_the_shorter_side_is_even_and_masks_go_along() -> None:
    """A film of 1920x804 px would be 64x26.8; black columns of the mask stay the frame's."""
    frames = [scene(number, 80, 192) for number in range(2)]  # 64x26.7: at least 32, as all are
    mask = np.full((80, 192, 3), 255, np.uint8)
    mask[:, :96] = 0
    tall = [np.ascontiguousarray(frame[:, :90]) for frame in frames]  # 90x80: 64x56.9
    made = list(stylized_frames(tall, [NOISE], SMALL, later=2, mask=mask[:, :90]))
    assert {frame.shape for frame in made} == {(56, 64, 3)}
    wide = list(stylized_frames(frames, [NOISE], SMALL, later=2, mask=mask))
    small = np.asarray(Image.fromarray(frames[0]).resize((64, 32), Image.Resampling.BICUBIC))
    assert {frame.shape for frame in wide} == {(32, 64, 3)}
    assert far(wide[0][:, :30], small[:, :30]) < 3 < far(wide[0][:, 34:], small[:, 34:])


def test_beginning_with_the_last_painting_is_more_consistent() -> None:
    """Than each frame alone with all evaluations, by the figures; and it is what `stylized_frames` does."""
    frames = [scene(number) for number in range(4)]
    later = later_settings(SMALL, 4)
    warm = list(stylized_frames(frames, [NOISE], SMALL, later=4))
    cold = list(processed(frames, stylization([NOISE], SMALL, later, warm=False)))
    assert np.array_equal(warm[0], cold[0]) and not np.array_equal(warm[1], cold[1])
    assert consistency(frames, warm).output < consistency(frames, cold).output
    assert all(far(one, frame) > 3 for one, frame in zip(warm, frames, strict=True)), "it is painted"


def test_a_style_is_read_once(tmp_path: Path) -> None:
    """Its file may vanish between two frames."""
    path = tmp_path / "style.png"
    NOISE.save(path)
    frames = stylized_frames([scene(0), scene(1)], [path], SMALL, later=2)
    first = next(frames)
    path.unlink()
    again = list(stylized_frames([scene(0), scene(1)], [NOISE], SMALL, later=2))
    assert np.array_equal(first, again[0]) and np.array_equal(next(frames), again[1])
