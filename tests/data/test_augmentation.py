"""Augmentations by kornia: each does what it says, by an amount an image, the same however a batch is shared out."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from viceversa.core.draws import Draws
from viceversa.data.augmentation import Augment, augmented
from viceversa.errors import UsageError

ALL = Augment(rotate=20, zoom=0.2, brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1, blur=1)


def noise(count: int = 6, channels: int = 3) -> Tensor:
    return torch.rand(count, channels, 12, 16, generator=torch.Generator().manual_seed(0)) * 1.6 - 0.8


def drawn(what: str, like: Tensor, step: int = 0) -> Tensor:
    """The amounts in [-1, 1]."""
    return 2 * Draws(0, step).uniform(f"{what} real", like) - 1


def test_off_by_default_and_without_kornia(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kornia", None)
    assert not Augment().is_on
    Augment().check(7)
    with pytest.raises(UsageError, match=r"pip install 'viceversa\[data\]'"):
        Augment(rotate=1).check(3)


def test_levels_change_as_their_names_say() -> None:
    images = noise()
    levels = (images + 1) / 2
    brighter = augmented(images, Augment(brightness=0.3), Draws(0, 0), "real")
    amount = 0.3 * drawn("brightness", images)[:, None, None, None]
    assert torch.allclose(brighter, (levels + amount).clamp(0, 1) * 2 - 1, atol=1e-6)
    contrast = augmented(images, Augment(contrast=0.5), Draws(0, 0), "real")
    factor = 1 + 0.5 * drawn("contrast", images)[:, None, None, None]
    assert torch.allclose(contrast, (levels * factor).clamp(0, 1) * 2 - 1, atol=1e-6)


def test_gray_has_neither_saturation_nor_hue_to_change() -> None:
    gray = noise(channels=1).expand(-1, 3, -1, -1)
    changed = augmented(gray, Augment(saturation=0.9, hue=0.5), Draws(0, 0), "real")
    assert torch.allclose(changed, gray, atol=1e-5)


def test_the_color_circle_turns_by_a_known_share() -> None:
    red = torch.tensor([1.0, -1, -1])[None, :, None, None].expand(1, 3, 4, 4)
    turned = augmented(red, Augment(hue=0.5), Draws(0, 0), "real")
    share = 0.5 * drawn("hue", red).item() % 1
    hue = math.floor(6 * share)
    assert turned[0, :, 0, 0].amax() == pytest.approx(1, abs=1e-4) and turned[0, :, 0, 0].amin() == pytest.approx(-1, abs=1e-4)
    brightest = {0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 0}[hue]
    assert turned[0, :, 0, 0].argmax() == brightest, "red, yellow, green, cyan, blue, magenta"


def test_a_turn_by_a_known_angle() -> None:
    """A dot right of the middle moves against the clock by the drawn angle."""
    images = torch.full((1, 1, 41, 41), -1.0)
    images[0, 0, 18:23, 33:38] = 1
    turned = augmented(images, Augment(rotate=90), Draws(0, 0), "real")[0, 0] + 1
    rows, columns = torch.meshgrid(torch.arange(41.0), torch.arange(41.0), indexing="ij")
    row, column = ((turned * place).sum() / turned.sum() for place in (rows, columns))
    angle = math.degrees(math.atan2(20 - row, column - 20))
    assert angle == pytest.approx(90 * drawn("rotate", images).item(), abs=1)
    assert math.hypot(20 - row, column - 20) == pytest.approx(15, abs=0.3)


def test_a_zoom_by_a_known_factor() -> None:
    images = torch.full((1, 1, 41, 41), -1.0)
    images[0, 0, 18:23, 28:33] = 1
    zoomed = augmented(images, Augment(zoom=0.5), Draws(0, 0), "real")[0, 0] + 1
    column = (zoomed.sum(0) * torch.arange(41.0)).sum() / zoomed.sum()
    assert (column - 20).item() == pytest.approx(10 * (1 + 0.5 * drawn("zoom", images).item()), abs=0.2)


def test_blur_keeps_the_mean_and_smooths() -> None:
    images = noise()
    blurred = augmented(images, Augment(blur=2), Draws(0, 0), "real")
    assert torch.allclose(blurred.mean((1, 2, 3)), images.mean((1, 2, 3)), atol=0.1)
    amounts, spread = drawn("blur", images).abs(), blurred.std((1, 2, 3))
    assert spread[amounts.argmax()] < spread[amounts.argmin()] < images.std((1, 2, 3)).max() + 1e-6


def test_every_image_its_own_and_the_same_on_two_processes() -> None:
    images = noise()
    whole = augmented(images, ALL, Draws(0, 5, total=6), "real")
    parts = [augmented(images[rows], ALL, Draws(0, 5, start=rows.start, total=6), "real") for rows in (slice(0, 2), slice(2, 6))]
    assert torch.allclose(torch.cat(parts), whole, atol=1e-6)
    same = augmented(images[:1].expand(6, -1, -1, -1), ALL, Draws(0, 5, total=6), "real")
    assert all(not torch.allclose(same[0], other, atol=1e-2) for other in same[1:])
    assert whole.min() >= -1 and whole.max() <= 1


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_any_number_of_channels(channels: int) -> None:
    images = noise(channels=channels)
    shapes = Augment(rotate=20, zoom=0.2, brightness=0.2, contrast=0.2, blur=1)
    shapes.check(channels)
    assert augmented(images, shapes, Draws(0, 0), "real").shape == images.shape
    with pytest.raises(UsageError, match=f"color images, and these have {channels} channels"):
        ALL.check(channels)
