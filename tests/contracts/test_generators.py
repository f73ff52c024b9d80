"""Every method that takes a generator takes any of the table: it makes a step, or is refused in one line."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import BaseModel

from contracts.case import ALIKE, PHOTOS, batch_for
from golden.record import SMALL
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.core.space import Space
from viceversa.errors import UsageError
from viceversa.networks.generators import GENERATORS, OfImages, generator_named
from viceversa.recipes.builders import BUILDERS
from viceversa.training.step import Trainee, train_step

CHOOSING = {kind: field for kind in BUILDERS for field in ("generator", "residual") if field in kind.model_fields}
"""Settings -> the one that names a generator."""
NEITHER = ("StarGAN2", "IcGAN", "BetterCycles")
"""Whose generators take a style or a code, and one that has CycleGAN's settings."""


def test_the_others_are_known() -> None:
    assert {kind.__name__ for kind in BUILDERS} - {kind.__name__ for kind in CHOOSING} == set(NEITHER)


def built(kind: type[BaseModel], name: str) -> tuple[Method, Space]:
    values: dict[str, Any] = {each: SMALL[each] for each in kind.model_fields if each in SMALL} | {CHOOSING[kind]: name}
    space = PHOTOS if kind.takes == "labels" else ALIKE  # type: ignore[attr-defined]
    torch.manual_seed(0)
    return BUILDERS[kind](space, kind.model_validate(values)), space


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
        for step in range(3):
            assert train_step(Trainee(method), batch_for(method, space), Draws(0, step), Progress(step, 3))


def test_an_unknown_generator_is_refused() -> None:
    spec = ALIKE.images["summer"]
    with pytest.raises(UsageError, match=r"resnett.*resnet"):
        generator_named("resnett", spec, spec, width=4, blocks=1)
