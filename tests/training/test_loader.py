"""The loader: each image once an epoch, every batch a function of its step alone."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from viceversa.core.domains import Example
from viceversa.core.plans import Need
from viceversa.data.dataset import Images
from viceversa.device import CPU
from viceversa.errors import UsageError
from viceversa.images.normalizing import normalized
from viceversa.training.loader import Ahead, Loader, unique_needs


def numbered(count: int) -> Images:
    """Image i is filled with i; its label is whether i is odd."""
    pixels = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    return Images(pixels, (torch.arange(count) % 2)[:, None].float(), tuple(map(str, range(count))))


def loader(count: int = 13, batch: int = 4, names: tuple[str, ...] = ("real",), **settings: object) -> Loader:
    return Loader({"photos": numbered(count)}, tuple(Need(name, "photos") for name in names), batch, 0, CPU, **settings)


def numbers(example: Example) -> list[int]:
    """Which images a batch holds."""
    return ((example.image[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()


@pytest.mark.parametrize("batch", [1, 4, 5, 13, 50])
def test_each_image_once_an_epoch_in_another_order_each_time(batch: int) -> None:
    load = loader(batch=batch)
    assert load.steps_per_epoch == -(-13 // batch)
    epochs = []
    for epoch in range(3):
        steps = range(epoch * load.steps_per_epoch, (epoch + 1) * load.steps_per_epoch)
        batches = [numbers(load(step)[0]["real"]) for step in steps]
        assert [len(each) for each in batches] == [batch] * (13 // batch) + ([13 % batch] if 13 % batch else [])
        epochs.append([number for each in batches for number in each])
    assert all(sorted(epoch) == list(range(13)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


def test_labels_stay_with_their_images_and_pixels_are_normalized() -> None:
    example = loader()(1)[0]["real"]
    assert example.domain.label.flatten().tolist() == [number % 2 for number in numbers(example)]
    assert torch.equal(example.batch_labels, example.domain.label)
    assert torch.equal(example.image, normalized(torch.tensor(numbers(example)).view(-1, 1, 1, 1).expand(-1, 4, 4, 3).byte()))


def test_a_batch_depends_on_the_step_alone() -> None:
    walked = loader(flip=True, shift=2)
    forward = [walked(step) for step in range(9)]
    for step in (8, 0, 5, 5, 3):  # backward, repeated and across epochs, on a loader that was asked for others
        for load in (walked, loader(flip=True, shift=2)):
            batch, draws = load(step)
            assert torch.equal(batch["real"].image, forward[step][0]["real"].image)
            assert (draws.seed, draws.step) == (0, step)
            assert torch.equal(draws.normal("z", torch.zeros(4)), forward[step][1].normal("z", torch.zeros(4)))


def test_another_seed_is_another_order() -> None:
    other = Loader({"photos": numbered(13)}, (Need("real", "photos"),), 4, 1, CPU)
    assert numbers(other(0)[0]["real"]) != numbers(loader()(0)[0]["real"])


def test_two_needs_of_one_space_are_shuffled_apart() -> None:
    batch, _ = loader(batch=13, names=("a", "b"))(0)
    assert numbers(batch["a"]) != numbers(batch["b"])
    assert sorted(numbers(batch["a"])) == sorted(numbers(batch["b"])) == list(range(13))


def test_two_spaces() -> None:
    """The larger one is gone through once; the smaller is drawn from, so that pairs differ from epoch to epoch."""
    load = Loader({"x": numbered(30), "y": numbered(7)}, (Need("x", "x"), Need("y", "y")), 8, 0, CPU)
    assert load.steps_per_epoch == 4
    partners: dict[int, set[int]] = {}
    for step in range(40):
        batch, _ = load(step)
        assert len(batch["x"].image) == len(batch["y"].image)
        assert (batch["x"].domain.space, batch["y"].domain.space) == ("x", "y")
        for one, other in zip(numbers(batch["x"]), numbers(batch["y"]), strict=True):
            partners.setdefault(one, set()).add(other)
    assert set().union(*partners.values()) == set(range(7))
    assert min(len(met) for met in partners.values()) > 1


def test_augmentation_moves_pixels_within_its_reach_and_mirrors_half() -> None:
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    pixels = (10 * rows + columns).byte()[None, :, :, None].expand(200, -1, -1, 1).numpy()
    images = {"photos": Images(pixels, None, ("",) * 200)}

    def batch(**settings: object) -> Tensor:
        made = Loader(images, (Need("real", "photos"),), 200, 0, CPU, **settings)(0)[0]["real"]
        return ((made.image[:, 0] + 1) * 127.5).round()

    plain = torch.tensor(pixels[0, :, :, 0]).float()
    mirrored = (batch(flip=True) == plain.flip(1)).all(2).all(1)
    kept = (batch(flip=True) == plain).all(2).all(1)
    assert (mirrored | kept).all() and 70 <= mirrored.sum() <= 130  # 4 standard deviations of 200 fair coins: 28
    centers = {
        tuple(place) for place in torch.stack([batch(shift=2)[:, 4, 4] // 10, batch(shift=2)[:, 4, 4] % 10], 1).int().tolist()
    }
    assert centers == {(row, column) for row in range(2, 7) for column in range(2, 7)}


@pytest.mark.parametrize(("count", "batch", "processes"), [(13, 5, 2), (13, 4, 3), (16, 4, 2), (9, 4, 2)])
def test_processes_share_every_batch(count: int, batch: int, processes: int) -> None:
    alone = loader(count, batch)
    shared = [loader(count, batch, rank=rank, processes=processes) for rank in range(processes)]
    for step in range(2 * shared[0].steps_per_epoch):
        parts = [each(step) for each in shared]
        assert all(len(part["real"].image) for part, _ in parts)
        if shared[0].steps_per_epoch == alone.steps_per_epoch:  # else a last image is left out, as nobody could share it
            whole, draws = alone(step)
            assert torch.equal(torch.cat([part["real"].image for part, _ in parts]), whole["real"].image)
            assert torch.equal(
                torch.cat([own.normal("z", part["real"].image) for part, own in parts]), draws.normal("z", whole["real"].image)
            )
            assert all(torch.equal(part["real"].batch_labels, whole["real"].batch_labels) for part, _ in parts)
    assert shared[0].steps_per_epoch == count // batch + (count % batch >= processes)


def test_what_cannot_be_loaded_is_refused() -> None:
    with pytest.raises(UsageError, match="no training images of 'sketches'"):
        Loader({"photos": numbered(3)}, (Need("real", "sketches"),), 2, 0, CPU)
    with pytest.raises(UsageError, match="no training images of 'photos'"):
        loader(count=0)
    with pytest.raises(UsageError, match="batch of 1 images cannot be shared by 2"):
        loader(batch=1, processes=2)


def test_needs_that_plans_share_are_loaded_once() -> None:
    real, other = Need("real", "photos"), Need("other", "photos")
    assert unique_needs([(real,), (other, real), (other,)]) == (real, other)


@pytest.mark.parametrize("shift", [4, 10**30])
def test_a_shift_out_of_the_image_is_refused(shift: int) -> None:
    assert loader(shift=3)(0)[0]["real"].image.shape == (4, 3, 4, 4)
    with pytest.raises(UsageError, match=f"shift={shift} is too large for images of 4x4 pixels"):
        loader(shift=shift)


def test_batches_that_are_prepared_ahead_are_the_same() -> None:
    """In order, as training asks for them, and in any other order, as statistics do in between."""
    ahead, plain = Ahead(loader(shift=1)), loader(shift=1)
    for step in (0, 1, 2, 3, 0, 1, 7, 8, 9, 4):
        (mine, draws), (theirs, others) = ahead(step), plain(step)
        assert torch.equal(mine["real"].image, theirs["real"].image), step
        assert torch.equal(draws.uniform("a", mine["real"].image), others.uniform("a", mine["real"].image))


def test_what_goes_wrong_ahead_is_raised_where_it_is_asked_for() -> None:
    def failing(step: int) -> Any:
        raise OSError(f"batch {step}")

    ahead = Ahead(cast(Loader, failing))
    with pytest.raises(OSError, match="batch 3"):
        ahead(3)
