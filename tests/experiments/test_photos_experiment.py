"""The experiment with photographs: its crops, its baseline of colors, its page, and the whole on pictures of noise."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import nn

from experiments.common import DOCS, filled, read_json
from experiments.photos import colors, page, shown, train
from experiments.photos import pictures as photographs
from experiments.photos.vgg16 import perceptual_vgg16, vgg16
from viceversa.errors import UsageError
from viceversa.images.pictures import grid
from viceversa.metrics.perceptual import VGG16_TAPS
from viceversa.metrics.similarity import psnr
from viceversa.networks.perception import Perception

ASSETS = os.environ.get("VICEVERSA_ASSETS")
VGG16 = Path(ASSETS or "") / "weights" / "vgg16_imagenet_features.safetensors"


def solid(*color: int) -> np.ndarray:
    """An image of one color."""
    return np.full((1, 32, 32, 3), color, np.uint8)


def test_perceptual_vgg16_by_hand() -> None:
    """With layers that change nothing: red and green are orthogonal, |f - g|^2 = 2 at five taps; grays have one direction."""
    network = Perception("nothing", {name: nn.Identity() for name in VGG16_TAPS}, (0.0,) * 3, (1.0,) * 3, VGG16_TAPS[0], VGG16_TAPS)
    red, green, yellow, gray, light = (
        solid(255, 0, 0),
        solid(0, 255, 0),
        solid(255, 255, 0),
        solid(60, 60, 60),
        solid(200, 200, 200),
    )
    pairs = ((red, green), (red, yellow), (gray, light), (red, red))
    found = [float(perceptual_vgg16(network, *pair)[0]) for pair in pairs]
    assert found == pytest.approx([10, 5 * (2 - 2**0.5), 0, 0], abs=1e-5)


@pytest.mark.skipif(not ASSETS, reason="VICEVERSA_ASSETS does not say where weights are")
def test_vgg16_sees_what_is_on_a_picture() -> None:
    """Symmetric, 0 for equal pictures, and farther for noise than for a darker copy."""
    photo = np.asarray(Image.open(DOCS / "results" / "photos" / "cyclegan.webp").convert("RGB"))[None, 6:198, 283:475]
    noise = np.random.default_rng(0).integers(0, 256, photo.shape).astype(np.uint8)
    network, dark = vgg16(VGG16), (photo * 0.9).astype(np.uint8)
    there, back = (perceptual_vgg16(network, *pair) for pair in ((photo, dark), (dark, photo)))
    assert perceptual_vgg16(network, photo, photo).tolist() == [0] and there == pytest.approx(back)
    assert 0 < there[0] < perceptual_vgg16(network, photo, noise)[0] / 10 < 1


def test_pictures_are_cut_from_the_sheets_that_show_them() -> None:
    """What `grid` pastes is what `cells` finds."""
    lots = np.random.default_rng(0)
    rows = [[lots.integers(0, 256, (*size, 3)).astype(np.uint8) for size in ((192, 150), (144, 192))] for _ in range(3)]
    sheet = np.asarray(grid(rows, ["", ""], ["photograph", "its painting", "translated"], scale=1))
    found = shown.cells(sheet, [(192, 150), (144, 192)])
    assert all(np.array_equal(ours, theirs) for pair in zip(found, rows, strict=True) for ours, theirs in zip(*pair, strict=True))


def test_the_page_has_its_results() -> None:
    text = page.PAGE.read_text()
    assert filled(text, page.tables()) == text, "run python -m experiments.photos page"


def test_the_page_says_what_was_circular() -> None:
    """First, and at every table; and no column of the painter's own network stands without the word."""
    text = page.PAGE.read_text()
    first = text.partition("    python -m experiments")[0]
    assert "circular" in first and "VGG-16" in first and "EfficientNet-Lite0" in first
    titles = [line for line in text.splitlines() if line.startswith("|") and "PSNR, dB |" in line and "perceptual" in line]
    assert len(titles) > 15 and all("the painter's network (circular)" in line for line in titles)
    scored, before = text.index("scored by VGG-16\n"), text.index(", circular, before\n")
    assert scored < before and all("VGG-16" in line for line in titles if text.index(line) < before)


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


def test_a_translator_is_trained_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    small = train.Entry("cyclegan", {"width": 4, "blocks": 1, "critic_width": 4, "identity": 0.5})
    monkeypatch.setattr(train, "ENTRIES", {"cyclegan": small})
    places = {"data": tmp_path / "data", "runs": tmp_path / "runs", "results": tmp_path / "results"}
    train.main(train.Photos(names=("cyclegan",), steps=1, threads=1, vgg16=VGG16 if ASSETS else None, **places))
    found, baselines = (read_json(tmp_path / "results" / f"{name}.json") for name in ("cyclegan", "baselines"))
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
        assert ("perceptual_vgg16" in baselines["nothing"][way]) == ("perceptual_vgg16" in found["ways"][way]) == bool(ASSETS)
    there = found["ways"]["crops, to painting"]
    assert there["psnr"] == pytest.approx(rows["inv", 0]["psnr_to_truth"], abs=0.01), "by the chain's truth and by the folders'"
    assert {direction for direction, _ in rows} == {"inv", "rec"} and (tmp_path / "results" / "cyclegan.png").exists()
