"""Grids over images: values by hand, no false alarm on real images of many kinds, and those of transposed convolutions found."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image

from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sets.avatars import first_avatars
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels
from viceversa.inference.enlarged import enlarged, made_at_full_size
from viceversa.methods.cyclegan import CycleGAN, build
from viceversa.metrics.chain_protocol import trial
from viceversa.metrics.grids import by_chance, frequencies, grids
from viceversa.metrics.health import GRIDS, measured, signs
from viceversa.networks.resnet import resnet_generator

samples = pytest.importorskip("sklearn.datasets", reason="scikit-learn, of the extra `data`, is not installed")
TOLD = GRIDS[0].bound


def laid(images: Pixels, pattern: np.ndarray, levels: int) -> Pixels:
    """Images with a pattern of -1 and 1 of so many levels."""
    height, width = images.shape[1:3]
    tiles = -(-height // len(pattern)), -(-width // len(pattern))
    return np.clip(images.astype(int) + levels * np.tile(pattern, tiles)[:height, :width, None], 0, 255).astype(np.uint8)


def squares(period: int) -> np.ndarray:
    """A checkerboard of squares of half a period."""
    half = np.where(np.arange(period) < period // 2, 1, -1)
    return half[:, None] * half


@cache
def photographs(name: str, side: int = 64) -> Pixels:
    """Crops of one of scikit-learn's two photographs, at half its size."""
    image = samples.load_sample_images().images[("china", "flower").index(name)]
    rng = np.random.default_rng(0)
    corners = [(rng.integers(427 - 2 * side), rng.integers(640 - 2 * side)) for _ in range(64)]
    crops = [Image.fromarray(image[top : top + 2 * side, left : left + 2 * side]) for top, left in corners]
    return np.stack([np.asarray(crop.resize((side, side), Image.Resampling.BICUBIC)) for crop in crops])


@cache
def avatars(size: int) -> Pixels:
    return np.asarray(first_avatars(128, size).splits["test"]["avatars"].pixels)


def saved(images: Pixels, quality: int) -> Pixels:
    """Through JPEG, which works in squares of 8 px."""
    made = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality)
        made.append(np.asarray(Image.open(file)))
    return np.stack(made)


def drawn(kind: str) -> tuple[Pixels, Pixels]:
    """Outputs without a grid, and real images."""
    random, china = np.random.default_rng(0), photographs("china")
    slope = np.linspace(0, 255, 64)[:, None] * np.linspace(0.2, 1, 64)
    pixel_art = np.kron(avatars(32), np.ones((1, 2, 2, 1), np.uint8))
    return {
        "avatars of 32 px": (avatars(32)[:64], avatars(32)[64:]),
        "avatars of 64 px": (avatars(64)[:64], avatars(64)[64:]),
        "few avatars": (avatars(64)[:2], avatars(64)[2:4]),
        "photographs": (china[:32], china[32:]),
        "other photographs": (photographs("flower"), china),
        "few photographs": (china[:4], china[4:8]),
        "noise": (random.normal(128, 40, (32, 64, 64, 3)).clip(0, 255).astype(np.uint8), china),
        "gradients": (np.broadcast_to(slope[None, :, :, None], (8, 64, 64, 3)).astype(np.uint8), china),
        "flat": (np.full((8, 64, 64, 3), 90, np.uint8), china),
        "JPEG where the data is": (saved(china[:32], 20), saved(china[32:], 20)),
        "JPEG where the data is not": (saved(china[:32], 30), china[32:]),
        "pixel art": (pixel_art[:64], pixel_art[64:]),
        "blurred": (((china.astype(int) + np.roll(china, 1, 1) + np.roll(china, 1, 2)) // 3).astype(np.uint8), china),
    }[kind]


KINDS = (
    "avatars of 32 px", "avatars of 64 px", "few avatars", "photographs", "other photographs", "few photographs", "noise",
    "gradients", "flat", "JPEG where the data is", "JPEG where the data is not", "pixel art", "blurred",
)  # fmt: skip


def test_values_by_hand() -> None:
    """Flat images with 6 levels up and down: P = 36 at (pi, pi) and 0 beside it, so r = (36 + 1/4) / (1/4) = 145.

    c = 1 + sqrt(2 log 3) + log 3 = 3.581 for one window of 16 px, 1 + sqrt(2 log 3 / 4) + log 3 / 4 = 2.016 for four.
    At period 4 there is nothing: 1 / c for six frequencies.
    """
    flat = np.full((1, 16, 16, 1), 100, np.uint8)
    high = laid(flat, squares(2), 6)
    assert grids(high, flat) == {2: pytest.approx(145 / 3.5809, rel=1e-4), 4: pytest.approx(1 / 4.6848, rel=1e-4)}
    four = np.full((1, 32, 35, 3), 100, np.uint8)
    assert grids(laid(four, squares(2), 6), four)[2] == pytest.approx(145 / 2.0158, rel=1e-4)
    assert grids(high, high)[2] == pytest.approx(1 / 3.5809, rel=1e-4), "real images have it too"
    lines = laid(flat, np.array([[1, 1], [-1, -1]]), 6)
    assert grids(lines, flat)[2] == pytest.approx(145 / 3.5809, rel=1e-4), "rows alone, at (pi, 0)"
    assert grids(flat[:, :8], flat[:, :8]) == {} and by_chance(3, 10**9) == pytest.approx(1, abs=1e-4)


def test_a_pattern_of_four_pixels_by_hand() -> None:
    """Squares of two pixels, s_i s_j with s = (1, 1, -1, -1): |mean s exp(-i pi j / 2)|^2 = 1/2, so P = 6^2 / 4 = 9; r = 37."""
    flat = np.full((1, 16, 16, 1), 100, np.uint8)
    found = grids(laid(flat, squares(4), 6), flat)
    assert found[4] == pytest.approx(37 / 4.6848, rel=1e-4) and found[2] < 1


def test_frequencies_are_counted_once() -> None:
    assert frequencies(2) == [(0, 1), (1, 0), (1, 1)]
    assert [len(frequencies(period)) for period in (2, 4, 8)] == [3, 6, 24]
    assert math.isclose(by_chance(3, 1), 1 + math.sqrt(2 * math.log(3)) + math.log(3))


@pytest.mark.parametrize("kind", KINDS)
def test_real_images_have_none(kind: str) -> None:
    outputs, reals = drawn(kind)
    assert all(height < TOLD for height in grids(outputs, reals).values())


@pytest.mark.parametrize("period", [2, 4, 8])
@pytest.mark.parametrize("kind", ["avatars of 64 px", "photographs"])
def test_a_grid_that_is_seen_is_found_and_its_period(kind: str, period: int) -> None:
    """Of 8 levels up and down, and a fine one of 2."""
    outputs, reals = drawn(kind)
    found = grids(laid(outputs, squares(period), 8), reals)
    assert max(found, key=lambda each: found[each]) == period and found[period] > TOLD
    assert grids(laid(outputs, squares(2), 2), reals)[2] > TOLD


def learned(steps: int) -> torch.nn.Module:
    """CycleGAN's generator, which learns for so many steps to exchange red and blue in photographs."""
    torch.manual_seed(0)
    generator = resnet_generator(3, 3, width=8, blocks=1)
    optimizer = torch.optim.Adam(generator.parameters(), 1e-3, betas=(0.5, 0.999))
    images = normalized(torch.tensor(photographs("china")))
    for step in range(steps):
        batch = images[4 * step % 64 :][:4]
        loss = (generator(batch) - batch.flip(1)).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return generator.eval()


@pytest.mark.parametrize("steps", [0, 20])
@torch.no_grad()
def test_transposed_convolutions_are_caught_at_both_sizes(steps: int) -> None:
    china = photographs("china")[:16]
    with torch.enable_grad():
        generator = learned(steps)
    small = quantized(generator(normalized(torch.tensor(china))))
    large = quantized(generator(normalized(torch.tensor(enlarged(china[:2])))))
    for found in (grids(small, china), grids(large, enlarged(china[:2]))):
        assert found[2] > TOLD or found[4] > TOLD
    (seen,) = (sign for sign in signs(measured(china, small, china[:, :, :, ::-1], None)) if sign in GRIDS)
    assert "a grid with a period of" in seen.name and "px" in seen.name


def two_spaces(size: int) -> Dataset:
    names = tuple(f"{number}" for number in range(64))
    spec = ImageSpec(3, size, size)
    images = {name: Images(photographs(name, size), None, names) for name in ("china", "flower")}
    return Dataset("photographs", Space({"china": spec, "flower": spec}), dict.fromkeys(("train", "validation", "test"), images))


def test_a_methods_outputs_at_full_size() -> None:
    """Behind the adapter, which would bring them to the trained size."""
    dataset = two_spaces(32)
    method = build(dataset.space, CycleGAN(width=4, blocks=1, critic_width=4))
    method.networks.eval()
    task = trial(dataset, 6, "validation")
    made = made_at_full_size(method, task)
    assert made is not None and made.shape == (4, 128, 128, 3)
    assert max(grids(made, enlarged(task.sources)).values()) > TOLD


class OneSize(torch.nn.Module):
    """A network whose last layer knows the size."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(32, 32)

    def forward(self, image: torch.Tensor, source: Domain, target: Domain) -> torch.Tensor:
        return self.layer(image)


def test_a_network_of_one_size_is_left_alone() -> None:
    dataset = two_spaces(32)
    method = build(dataset.space, CycleGAN(width=4, blocks=1, critic_width=4))
    assert made_at_full_size(replace(method, translator=OneSize()), trial(dataset, 6, "validation")) is None
