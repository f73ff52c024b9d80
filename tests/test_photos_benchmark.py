"""The benchmark of photographs: its crops, its baseline of colors, and the whole on pictures of noise."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.errors import UsageError
from viceversa.evaluation.similarity import psnr

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


def test_recoloring_is_of_hue_and_chroma_alone() -> None:
    """Gray has a* = b* = 0, whatever its L*; pure red has a* = 80.09, b* = 67.20."""
    gray, light = (np.full((1, 4, 4, 3), value, np.uint8) for value in (60, 200))
    red = gray.copy()
    red[:, :2] = (255, 0, 0)
    assert colors.recoloring(gray, light).tolist() == pytest.approx([0], abs=0.02)
    assert colors.recoloring(red, gray).tolist() == pytest.approx([np.hypot(80.09, 67.20) / 2], abs=0.1)


def test_crops_are_those_of_the_picture(tmp_path: Path) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 320, 3)).astype(np.uint8))
    tiles = [np.asarray(tile) for tile in photographs.tiled(picture, 64)]
    rows = [np.concatenate(tiles[first : first + 5], 1) for first in (0, 5, 10)]
    assert len(tiles) == 15 and np.array_equal(np.concatenate(rows), np.asarray(picture)[:192])
    for _ in range(2):
        photographs.cut(picture, "photos", 3, 64, tmp_path, "03")
    crops = [np.asarray(Image.open(path)) for path in sorted(tmp_path.glob("03-*.png"))]
    assert len(crops) == 40 and {crop.shape for crop in crops} == {(64, 64, 3)}
    assert any(np.array_equal(crops[0], np.asarray(photographs.at(picture, x, y, 64))) for x in range(257) for y in range(137))


def test_parts_are_apart_and_files_are_looked_for(tmp_path: Path) -> None:
    names = [name for part in photographs.PHOTOS.values() for name in part]
    assert len(names) == len(set(names)) == 35
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "astronaut.png").touch()
    assert photographs.found(tmp_path, "astronaut.png") == tmp_path / "a" / "astronaut.png"
    with pytest.raises(UsageError, match=r"there is no 'coffee\.png' below"):
        photographs.found(tmp_path, "coffee.png")


def test_a_translator_is_trained_and_measured(tmp_path: Path) -> None:
    """On some pictures of noise, whose paintings are their negatives: what the colors of the one are moved to is known."""
    lots = np.random.default_rng(0)
    for part, count in (("train", 6), ("test", 4)):
        for number in range(count):
            pixels = lots.integers(60, 180, (64, 64, 3)).astype(np.uint8)
            for folder, each in (("A", pixels), ("B", 255 - pixels)):
                (tmp_path / "data" / f"{part}{folder}").mkdir(parents=True, exist_ok=True)
                Image.fromarray(each).save(tmp_path / "data" / f"{part}{folder}" / f"{number}.png")
    (tmp_path / "data" / "whole").mkdir()
    for name in ("photo", "painting"):
        Image.fromarray(pixels).save(tmp_path / "data" / "whole" / f"00-{name}.png")
    options = ["--data", str(tmp_path / "data"), "--names", "cyclegan", "--steps", "1", "--threads", "1"]
    places = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    subprocess.run([sys.executable, str(BENCHMARK / "run.py"), *options, *places], capture_output=True, check=True)
    found = json.loads((tmp_path / "results" / "cyclegan.json").read_text())
    baselines = json.loads((tmp_path / "results" / "baselines.json").read_text())
    rows = {(row["direction"], row["cycles"]): row for row in found["rows"] if row["chain"] == "8bit"}
    photos, paintings = (
        np.stack([np.asarray(Image.open(path)) for path in sorted((tmp_path / "data" / f"test{folder}").glob("*.png"))])
        for folder in "AB"
    )
    assert found["steps"] == 1 and found["settings"]["identity"] == 0.5 and rows["inv", 0]["samples"] == 4
    ways = {f"{kind}, {way}" for kind in ("crops", "whole") for way in ("to painting", "to photograph")}
    assert set(found["ways"]) == set(baselines["nothing"]) == set(baselines["colors moved"]) == ways
    for way in ("crops, to painting", "crops, to photograph"):
        assert baselines["nothing"][way]["psnr"] == pytest.approx(psnr(photos, paintings).mean(), abs=0.005)
        assert baselines["nothing"][way]["color_to_source"] == 0 < found["ways"][way]["color_to_source"]
    there = found["ways"]["crops, to painting"]
    assert there["psnr"] == pytest.approx(rows["inv", 0]["psnr_to_truth"], abs=0.01), "by the chain's truth and by the folders'"
    assert {direction for direction, _ in rows} == {"inv", "rec"} and (tmp_path / "results" / "cyclegan.png").exists()
