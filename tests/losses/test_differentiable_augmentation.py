"""Differentiable augmentation: by hand, on every image anew, with a gradient, and the same for both images of a pair."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.journey import Judgment
from viceversa.losses.differentiable_augmentation import DifferentiableAugmentation, color, cutout, translation

DRAWS = Draws(0, 0)


class Given(Draws):
    """Draws whose uniform numbers are given."""

    def __init__(self, **values: float) -> None:
        super().__init__(0, 0)
        self.values = values

    def uniform(self, name: str, like: Tensor, *shape: int) -> Tensor:
        return torch.full((len(like), *shape), self.values[name])


def test_color_by_hand() -> None:
    """Colors (.2, .4) in two channels. Brightness .75: + .25; saturation 1: twice as far from the mean .55; contrast 0: half as far
    from the image's mean .55: (.35, .75) -> (.45, .65)."""
    image = torch.tensor([0.2, 0.4]).reshape(1, 2, 1, 1)
    made = color(image, Given(brightness=0.75, saturation=1.0, contrast=0.0))
    assert made.flatten().tolist() == pytest.approx([0.45, 0.65], abs=1e-6)


def test_translation_by_hand() -> None:
    """8 px: at most one. The least draw reads from one place above and to the left: the image moves down and right."""
    image = torch.arange(64.0).reshape(1, 1, 8, 8) + 1
    made = translation(image, Given(down=0.0, across=0.0))
    assert torch.equal(made[0, 0, 1:, 1:], image[0, 0, :-1, :-1]) and made[0, 0, 0].sum() == made[0, 0, :, 0].sum() == 0
    assert torch.equal(translation(image, Given(down=0.5, across=0.5)), image)


def test_cutout_by_hand() -> None:
    """8 px: 4 x 4, from its middle less 2. The middle at row 4, column 0: rows 2 to 5, columns 0 and 1."""
    made = cutout(torch.ones(1, 1, 8, 8), Given(row=0.5, column=0.0))
    assert made.sum() == 64 - 8 and made[0, 0, 2:6, :2].sum() == 0


def test_each_call_and_each_image_has_its_own_changes_and_every_step_the_same() -> None:
    seen: list[Tensor] = []

    def critic(image: Tensor, domain: Domain) -> Judgment:
        seen.append(image)
        return Judgment(image.mean((1, 2, 3)))

    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)).expand(2, -1, -1, -1)
    for _ in range(2):
        changed = DifferentiableAugmentation(("color", "translation", "cutout"))(critic, DRAWS)
        for _ in range(2):
            changed(image, Domain("photos"))
    first, second, again, also = seen
    assert torch.equal(first, again) and torch.equal(second, also)
    assert not torch.equal(first, second) and not torch.equal(first[0], first[1])
    assert DifferentiableAugmentation()(critic, DRAWS) is critic


def test_both_images_of_a_pair_are_changed_alike_and_each_by_its_own_colors() -> None:
    """A gray image beside a color one: the color one becomes the same whatever stands beside it."""
    seen: list[Tensor] = []

    def critic(both: Tensor, domain: Domain) -> Judgment:
        seen.append(both)
        return Judgment(both.mean((1, 2, 3)))

    colored = torch.rand(2, 3, 16, 16)
    for gray in (0.0, 1.0):
        changed = DifferentiableAugmentation(("color", "translation"), (1, 3))(critic, DRAWS)
        changed(torch.cat([torch.full((2, 1, 16, 16), gray), colored], 1), Domain("photos"))
    assert torch.equal(seen[0][:, 1:], seen[1][:, 1:]) and not torch.equal(seen[0][:, :1], seen[1][:, :1])


def test_numbers_are_drawn_in_float32_whatever_the_images_are() -> None:
    """In bfloat16 a number below 1 may round to 1, and a shift would exceed its limit."""
    made: list[Tensor] = []

    def critic(image: Tensor, domain: Domain) -> Judgment:
        made.append(image)
        return Judgment(image.float().mean((1, 2, 3)))

    image = torch.rand(4, 3, 16, 16)
    for dtype in (torch.float32, torch.bfloat16):
        DifferentiableAugmentation(("color", "translation", "cutout"))(critic, DRAWS)(image.to(dtype), Domain("photos"))
    assert made[1].dtype is torch.bfloat16 and torch.allclose(made[0], made[1].float(), atol=0.03)


@pytest.mark.parametrize("change", [color, translation, cutout])
def test_the_image_gets_a_gradient(change) -> None:
    image = torch.rand(2, 3, 16, 16, requires_grad=True)
    change(image, DRAWS).square().sum().backward()
    assert (image.grad.flatten(1).abs().sum(1) > 0).all()
