"""Every method that takes a generator takes any of the table: it makes a step, or is refused in one line."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import BaseModel

from contracts.case import ALIKE, LINES, PHOTOS, UNALIKE, batch_for
from golden.record import SMALL
from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.methods.augmented_cyclegan import AugmentedCycleGAN
from viceversa.methods.cut import CUT
from viceversa.methods.cyclegan import CycleGAN
from viceversa.methods.pix2pix import Pix2Pix
from viceversa.networks.generators import GENERATORS, OfImages, generator_named
from viceversa.recipes.builders import BUILDERS
from viceversa.training.step import Trainee, train_step

CHOOSING = {kind: field for kind in BUILDERS for field in ("generator", "residual") if field in kind.model_fields}
"""Settings -> the one that names a generator."""
NEITHER = ("StarGAN2", "IcGAN", "BetterCycles")
"""Whose generators take a style or a code, and one that has CycleGAN's settings."""


def test_the_others_are_known() -> None:
    assert {kind.__name__ for kind in BUILDERS} - {kind.__name__ for kind in CHOOSING} == set(NEITHER)


def built(kind: type[BaseModel], name: str, space: Space | None = None) -> tuple[Method, Space]:
    values: dict[str, Any] = {each: SMALL[each] for each in kind.model_fields if each in SMALL} | {CHOOSING[kind]: name}
    space = space or (PHOTOS if kind.takes == "labels" else ALIKE)  # type: ignore[attr-defined]
    torch.manual_seed(0)
    return BUILDERS[kind](space, kind.model_validate(values)), space


def check_steps(method: Method, space: Space) -> None:
    """Three steps, and images of the target's shape."""
    for step in range(3):
        assert train_step(Trainee(method), batch_for(method, space), Draws(0, step), Progress(step, 3))


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("kind", CHOOSING, ids=lambda kind: kind.__name__)
def test_any_generator_in_any_method(kind: type[BaseModel], name: str) -> None:
    entry = GENERATORS[name]
    labels = kind.takes == "labels"  # type: ignore[attr-defined]
    coded = kind.__name__ == "AugmentedCycleGAN"  # its code stands in the label's place
    if (labels or coded) and isinstance(entry, OfImages) and not entry.labels:
        with pytest.raises(UsageError, match=f"the generator '{name}' cannot be told labels"):
            built(kind, name)
    else:
        method, space = built(kind, name)
        check_steps(method, space)


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize(("kind", "space"), [(CycleGAN, UNALIKE), (CUT, LINES), (Pix2Pix, LINES)], ids=lambda each: str(each)[:30])
def test_any_generator_across_channels_and_sizes(kind: type[BaseModel], space: Space, name: str) -> None:
    """Gray and color images, of 14 and 16 px; what masked and resunet keep is the luminance, or the gray three times."""
    method, _ = built(kind, name, space)
    check_steps(method, space)
    (first, here), (second, there) = space.images.items()
    made = method.translator(torch.zeros(2, *here.shape), Domain(first), Domain(second))
    assert made.shape == (2, *there.shape)


@pytest.mark.parametrize("name", ["masked", "label", "unet", "coded"])
def test_a_generator_with_a_code_across_channels_and_sizes(name: str) -> None:
    method, space = built(AugmentedCycleGAN, name, LINES)
    check_steps(method, space)
    code = Domain("photos", style=torch.randn(2, 3))
    assert method.translator(torch.zeros(2, 1, 16, 16), Domain("lines"), code).shape == (2, 3, 16, 16)


def test_what_is_kept_needs_gray_or_color() -> None:
    two, three = ImageSpec(2, 8, 8), ImageSpec(3, 8, 8)
    with pytest.raises(UsageError, match="keeps what it does not repaint, and cannot bring images of 2 channels to 3"):
        generator_named("masked", two, three, width=4, blocks=1)
    generator_named("label", two, three, width=4, blocks=1)


def test_an_unknown_generator_is_refused() -> None:
    spec = ALIKE.images["summer"]
    with pytest.raises(UsageError, match=r"resnett.*resnet"):
        generator_named("resnett", spec, spec, width=4, blocks=1)
