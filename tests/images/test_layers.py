"""Colors, alpha and color profile of files: read and written without loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from viceversa.images.formats import Embedded
from viceversa.images.layers import Layers, read_layers, write_layers

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GRAY = SRGB[:16] + b"GRAY" + SRGB[20:]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_premultiplied_colors_by_hand() -> None:
    """A color of 200 at an alpha of 51 lies there as 40."""
    pixels = np.array([[[40, 0, 51, 51], [7, 7, 7, 0], [200, 100, 50, 255]]], np.uint8)
    tifffile.imwrite("one.tif", pixels, photometric="rgb", extrasamples=["assocalpha"])
    found = read_layers(Path("one.tif"))
    assert found.colors.tolist() == [[[200, 0, 255], [0, 0, 0], [200, 100, 50]]]
    assert found.alpha is not None and found.alpha.ravel().tolist() == [51, 0, 255]


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("see_through", [False, True])
@pytest.mark.parametrize("tiff", [False, True])
def test_layers_come_back_bit_for_bit(depth: type, channels: int, see_through: bool, tiff: bool) -> None:
    random = np.random.default_rng(0)
    colors = random.integers(0, np.iinfo(depth).max, (5, 7, channels), depth, endpoint=True)
    alpha = random.integers(0, np.iinfo(depth).max, (5, 7, 1), depth, endpoint=True)
    layers = Layers(colors, alpha if see_through and channels != 5 else None, {1: GRAY, 3: SRGB}.get(channels, b""), tiff)
    write_layers(layers, Path(f"one{layers.suffix}"))
    found = read_layers(Path(f"one{layers.suffix}"))
    assert np.array_equal(found.pixels, layers.pixels) and found.colors.dtype == depth
    assert (found.alpha is None) == (layers.alpha is None) and found.profile == layers.profile
    assert found.tiff == (tiff or channels == 5)


def test_layers_of_a_file_inside_another() -> None:
    color = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    Image.fromarray(color).save("face.png", icc_profile=SRGB)
    found = read_layers(Embedded("one", Path("face.png").read_bytes()))
    assert np.array_equal(found.colors, color) and found.profile == SRGB and found.suffix == ".png"
