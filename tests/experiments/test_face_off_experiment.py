"""The experiment with faces, at a size that shows only that it runs: trained, read, and made a clip of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from experiments.common import read_json
from experiments.face_off import train
from viceversa.data.sets.face_off import face_off, render
from viceversa.images.pixels import Pixels
from video.films import pixels


def drawn(person: str, numbers: Sequence[int], size: int) -> Pixels:
    """Pictures of these expressions; of all 1,872, which take long to draw, those of the test, and black ones for the others."""
    if len(numbers) < 100:
        return render(person, numbers, size)
    pixels, test = np.zeros((len(numbers), size, size, 3), np.uint8), face_off(size).splits["test"][person]
    pixels[[int(name) for name in test.ids]] = test.pixels
    return pixels


def test_faces_are_translated_read_and_made_a_clip_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"method.width": 4, "method.blocks": 1, "method.critic_width": 4}
    monkeypatch.setattr(train, "SETTINGS", train.SETTINGS | small)
    monkeypatch.setattr(train, "render", drawn)
    monkeypatch.setattr(train, "perceptual", lambda made, true: np.zeros(len(true)))
    results = tmp_path / "results"
    train.main(train.FaceOff(size=32, steps=1, shown=3, threads=1, runs=tmp_path / "runs", results=results))
    found = read_json(results / "face-off.json")
    assert found["steps"] == 1 and found["clip"]["frames"] == 18 and (results / "face-off.png").stat().st_size > 1000
    for way in found["ways"].values():
        assert way["faces"] == 182 and way["expression"] <= min(way["eyes"], way["brows"], way["mouth"]) < 0.5, "after one step"
    frames = np.stack([np.asarray(each) for each in pixels(results / "face-off.mp4")])
    assert frames.shape == (18, 32, 32, 3) and len({each.tobytes() for each in frames}) > 6, "they sway"
    figures = found["clip"]["consistency"]
    assert figures["true"].keys() == figures["translated"].keys() and figures["true"]["warping_error_of_input_dis"] > 0
