"""Training images enlarged, and a random part of their own size cut out: on known images, for any size, and in a training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from contracts.case import ALIKE
from contracts.cases import build_cyclegan
from training.small import assert_same_runs, noise, trainer
from viceversa.core.plans import Need
from viceversa.data.dataset import Images
from viceversa.errors import UsageError
from viceversa.images.normalizing import cropped, enlarged_to, normalized, shifted
from viceversa.recipes.settings import Training
from viceversa.training.loader import Loader

CPU = torch.device("cpu")


def test_a_line_at_hand_computed_values() -> None:
    """A gray image with a brighter column 3, twice as large: Keys' kernel with a = -1/2 at distances 1/4, 3/4, 5/4, 7/4."""
    image = torch.zeros(1, 1, 8, 8)
    image[..., 3] = 0.5
    near, far, below, last = 0.8671875, 0.2265625, -0.0703125, -0.0234375
    line = 0.5 * torch.tensor([last, below, far, near, near, far, below, last])
    large = enlarged_to(image, 16)
    assert large.shape == (1, 1, 16, 16) and torch.allclose(large[..., 3:11], line.expand(1, 1, 16, 8), atol=1e-6)
    part = cropped(large, torch.tensor([[5, 3]]), (8, 8))
    assert torch.allclose(part, line.expand(1, 1, 8, 8), atol=1e-6)
    assert torch.allclose(cropped(large, torch.tensor([[0, 2]]), (8, 8))[..., 1:], line[:7].expand(1, 1, 8, 7), atol=1e-6)


def test_a_shift_by_one_of_the_resized_image() -> None:
    rows, columns = torch.meshgrid(torch.arange(5), torch.arange(6), indexing="ij")
    image = (10 * rows + columns)[None, None].float()
    parts = cropped(image.expand(3, 1, 5, 6), torch.tensor([[0, 0], [1, 0], [2, 3]]), (3, 3))
    assert parts[0, 0].tolist() == [[0, 1, 2], [10, 11, 12], [20, 21, 22]]
    assert parts[1, 0].tolist() == [[10, 11, 12], [20, 21, 22], [30, 31, 32]]
    assert parts[2, 0].tolist() == [[23, 24, 25], [33, 34, 35], [43, 44, 45]]


def test_286_from_256_is_pillows_bicubic() -> None:
    """As pytorch-CycleGAN-and-pix2pix resizes its images of 256 px; it rounds to whole levels, after the rows and again after
    the columns, by half a level each, and the weights of a pixel add up to 1.25 at most without their signs."""
    pixels = np.random.default_rng(0).integers(60, 200, (256, 256, 3), np.uint8)
    large = (enlarged_to(normalized(torch.from_numpy(pixels[None])), 286)[0].permute(1, 2, 0) + 1) * 127.5
    theirs = np.asarray(Image.fromarray(pixels).resize((286, 286), Image.Resampling.BICUBIC)).astype(float)
    assert abs(large.numpy() - theirs).max() <= 0.5 + 0.5 * 1.25


def test_levels_stay_in_range() -> None:
    image = torch.where(torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)) < 0.5, -1.0, 1.0)
    assert enlarged_to(image, 13).abs().max() == 1


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(2, 12), width=st.integers(2, 12), row=st.integers(0, 5), column=st.integers(0, 5), reach=st.integers(0, 3)
)
def test_parts_are_windows(height: int, width: int, row: int, column: int, reach: int) -> None:
    large = torch.rand(1, 2, height + 5, width + 5, generator=torch.Generator().manual_seed(height))
    part = cropped(large, torch.tensor([[row, column]]), (height, width))
    assert torch.equal(part, large[:, :, row : row + height, column : column + width])
    assert torch.equal(shifted(part, torch.tensor([[0, 0]]), reach), part)


@settings(max_examples=40, deadline=None)
@given(height=st.integers(2, 12), width=st.integers(2, 12), more=st.integers(1, 12))
def test_the_shorter_side_is_the_one_that_is_named(height: int, width: int, more: int) -> None:
    side = min(height, width) + more
    large = enlarged_to(torch.full((2, 1, height, width), 0.25), side)
    assert min(large.shape[2:]) == side and torch.allclose(large, torch.tensor(0.25), atol=1e-6)
    assert max(large.shape[2:]) == round(max(height, width) * side / min(height, width))


def ramp(count: int = 200, size: int = 8) -> Images:
    """Images that are all alike, each pixel another level."""
    levels = 3 * np.arange(size * size, dtype=np.uint8).reshape(1, size, size, 1)
    return Images(np.repeat(levels, count, 0), None, tuple(map(str, range(count))))


def loaded(images: Images, needs: tuple[Need, ...] = (Need("real", "photos"),), **how: object) -> dict[str, Tensor]:
    batch, _ = Loader({need.space: images for need in needs}, needs, len(images), 0, CPU, **how)(0)
    return {name: example.image for name, example in batch.items()}


def test_a_batch_has_every_window_of_the_enlarged_image_and_no_other() -> None:
    large = enlarged_to(normalized(torch.from_numpy(ramp(1).pixels)), 11)[0]
    windows = {(row, column): large[:, row : row + 8, column : column + 8] for row in range(4) for column in range(4)}
    places = []
    for image in loaded(ramp(), resize_to=11)["real"]:
        (place,) = (place for place, window in windows.items() if torch.allclose(image, window, atol=1e-6))
        places.append(place)
    counts = [places.count(place) for place in windows]
    assert min(counts) > 0 and max(counts) < 30, "200 of 16 windows: 12.5 each, with a standard deviation of 3.4"


def test_a_pair_is_cut_alike_and_other_needs_are_not() -> None:
    needs = (Need("x", "x"), Need("y", "y", beside="x"), Need("z", "z"))
    batch = loaded(ramp(20), needs, resize_to=11, flip=True)
    assert torch.equal(batch["x"], batch["y"]) and not torch.equal(batch["x"], batch["z"])


def test_processes_cut_what_one_would() -> None:
    def load(rank: int, processes: int) -> Tensor:
        needs = (Need("real", "photos"),)
        loader = Loader({"photos": ramp(12)}, needs, 6, 3, CPU, resize_to=10, rank=rank, processes=processes)
        return torch.cat([loader(step)[0]["real"].image for step in (1,)])

    assert torch.equal(torch.cat([load(0, 2), load(1, 2)]), load(0, 1))


def test_other_draws_are_as_without_it() -> None:
    """The flips of a run do not depend on it: a mirrored image is brighter on the left."""
    plain, cut = (loaded(ramp(30), flip=True, **how)["real"] for how in ({}, {"resize_to": 9}))
    assert torch.equal(*(images[:, 0, 4, 0] > images[:, 0, 4, 7] for images in (plain, cut)))


@pytest.mark.parametrize("side", [1, 8, 17, 10**6])
def test_a_side_that_is_no_larger_or_shows_less_than_a_quarter_is_refused(side: int) -> None:
    with pytest.raises(UsageError, match=rf"^resize_to={side} does not go with images of 8x8 pixels: take 9 to 16\.$"):
        loaded(ramp(), resize_to=side)
    assert loaded(ramp(), resize_to=16)["real"].shape == (200, 1, 8, 8)


def test_a_training_that_stops_goes_on_alike_and_differs_from_one_without(tmp_path: Path) -> None:
    for name, stops, side in (("whole", (6,), 18), ("parts", (4, 6), 18), ("without", (6,), None)):
        for number, until in enumerate(stops):
            training = trainer(tmp_path / name, build_cyclegan, noise(ALIKE), flip=True, resize_to=side)
            if number:
                training.resume()
            training.train(until)
    assert_same_runs(tmp_path / "whole", tmp_path / "parts", but_logged=(4,))
    with pytest.raises(AssertionError):
        assert_same_runs(tmp_path / "whole", tmp_path / "without")


def test_recipes_of_before_have_none() -> None:
    assert Training.model_validate({"steps": 5, "flip": True}).resize_to is None
