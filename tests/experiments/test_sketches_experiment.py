"""The experiment with sketches: the baselines' measures by hand, its page, and the whole at a small size."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from experiments.common import filled, read_json, vv
from experiments.sketches import baselines as measures
from experiments.sketches import page, train
from viceversa.data.sets.sketches import sketches_pairs
from viceversa.metrics.similarity import l1, psnr


def square(size: int, *, gap: bool) -> np.ndarray:
    """A black square of lines on white, closed or not: (1, size, size, 1)."""
    lines = np.full((1, size, size, 1), 255, np.uint8)
    lines[:, 1:-1, 1:-1] = 0
    lines[:, 2:-2, 2:-2] = 255
    if gap:
        lines[:, 1, 3] = 255
    return lines


def test_closed_regions_are_filled() -> None:
    closed, color = square(8, gap=False), np.array([255.0, 102, 0])
    filled = measures.filled(closed, color)
    assert filled[0, 3, 3].tolist() == [255, 102, 0] and (filled[0, 2:6, 2:6] == [255, 102, 0]).all()
    assert (filled[0, 0] == 255).all() and (filled[0, 1, 1:7] == 0).all()
    assert (measures.filled(square(8, gap=True), color) == measures.uncolored(square(8, gap=True))).all()


def test_colors_inside_closed_regions() -> None:
    colors = np.repeat(square(8, gap=False), 3, 3)
    colors[0, 2:6, 2:6] = (200, 100, 90)
    colors[0, 2, 2:6] = (80, 100, 90)
    assert len(measures.colored_pixels(colors)) == 16
    assert measures.mean_color(colors).tolist() == [170, 100, 90]
    assert measures.most_frequent_color(colors).tolist() == [200, 100, 90]


def test_the_nearest_drawing() -> None:
    generator = np.random.default_rng(0)
    train = generator.integers(0, 256, (5, 32, 32, 1), np.uint8)
    colors = generator.integers(0, 256, (5, 32, 32, 3), np.uint8)
    lines = np.clip(train[[3, 1]].astype(int) + 5, 0, 255).astype(np.uint8)
    assert (measures.nearest_colors(lines, train, colors) == colors[[3, 1]]).all()


def test_histograms_and_their_distance() -> None:
    pictures = np.zeros((2, 2, 2, 3), np.uint8)
    pictures[0, 0] = (255, 31, 32)  # two of four pixels, in cell 7, 0, 1
    found = measures.histograms(pictures)
    assert found.shape == (2, 512) and found[0, 7 * 64 + 1] == found[0, 0] == 0.5 and found[1, 0] == 1
    assert measures.hellinger(found, found).tolist() == [0, 0]
    assert measures.hellinger(found[0], found[1]) == pytest.approx(np.sqrt(1 - np.sqrt(0.5)))  # H^2 = 1 - sum sqrt(p q)
    assert measures.hellinger(np.array([1.0, 0]), np.array([0, 1.0])) == 1


def test_the_page_has_its_results() -> None:
    text = page.PAGE.read_text()
    assert filled(text, page.tables()) == text, "run python -m experiments.sketches page"


def test_the_baselines_at_a_small_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the perceptual distance, which the translator below is measured by."""
    monkeypatch.setattr(measures, "perceptual", lambda pictures, true: np.zeros(len(true)))
    measures.main(measures.Baselines(32, tmp_path / "found.json"))
    found = read_json(tmp_path / "found.json")
    assert found["dataset"] == "sketches-pairs-32-v1" and found["pairs"] == 151
    names = ["sketch", "mean color", "most frequent color", "nearest drawing"]
    assert list(found["baselines"]) == names
    assert found["baselines"]["nearest drawing"]["histogram_of_all"] < 0.2 < found["baselines"]["sketch"]["histogram_of_all"]


def test_a_translator_is_trained_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = train.Entry("augmented-cyclegan", {"cycle": 10, "cycle_back": 5, "width": 4, "latent": 4})
    monkeypatch.setattr(train, "ENTRIES", {"augmented-cyclegan": small})
    places = {"runs": tmp_path / "runs", "results": tmp_path / "results"}
    train.main(train.Sketches(("augmented-cyclegan",), steps=1, size=32, threads=1, seeds=3, drawings=20, **places))
    found = read_json(tmp_path / "results" / "augmented-cyclegan.json")
    assert found["perceptual_lite0"] > 0
    made = np.load(tmp_path / "results" / "augmented-cyclegan.npz")
    true = sketches_pairs(32).splits["test"]
    assert found["steps"] == 1 and found["pairs"] == 20 == len(made["seed0"])
    assert found["psnr"] == pytest.approx(psnr(made["seed0"], true["colors"].pixels[:20]).mean(), abs=0.005)
    assert found["styles"]["seeds"] == 3 == len(made.files) and found["styles"]["psnr_of_best"] >= found["psnr"]
    pairs = [l1(made[f"seed{one}"], made[f"seed{other}"]).mean() for one in range(3) for other in range(one)]
    assert found["styles"]["diversity_l1"] == pytest.approx(np.mean(pairs)) and found["styles"]["diversity_l1"] > 0
    hidden = found["hidden"]
    assert hidden["from_true_lines"] == found["psnr"], "the first seed colors the true lines of the same drawings"
    assert set(hidden) == {"8bit", "float", "noise", "jpeg", "blur", "lines_l1", "from_true_lines"} and hidden["lines_l1"] > 0


def test_an_interrupted_training_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`viceversa.train` saves its step and raises (tests/training/test_interrupt.py); nothing catches it."""

    def interrupted(*_: Any, **__: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(vv, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train.main(train.Sketches(("cut",), threads=1, runs=tmp_path / "runs", results=tmp_path / "results"))
    assert not list((tmp_path / "results").iterdir())
