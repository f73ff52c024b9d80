"""Objectives: weighted, named losses."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from viceversa.core.objective import Objective
from viceversa.core.schedules import Progress, fading, lazily

NOW = Progress(5, 10)


def square(subject: Tensor) -> Tensor:
    return subject.square().sum()


def forbidden(subject: Tensor) -> Tensor:
    raise AssertionError("a loss of weight 0 is not computed")


def test_losses_are_weighed_by_name() -> None:
    objective = Objective(square=(2, square), total=(-1, torch.sum), faded=(fading(1.0), torch.sum))
    losses = objective(torch.tensor([1.0, 3.0]), NOW)
    assert {name: loss.item() for name, loss in losses.items()} == {"square": 20, "total": -4, "faded": 2}


def test_a_loss_of_no_weight_is_not_computed() -> None:
    objective = Objective(never=(0, forbidden), faded=(fading(1.0), forbidden), lazy=(lazily(2, 4), square))
    assert objective(torch.ones(1), Progress(10, 10)) == {}
    with pytest.raises(AssertionError):
        objective(torch.ones(1), NOW)
    lazy = objective.without("faded")
    assert lazy(torch.ones(1), NOW) == {} and lazy(torch.ones(1), Progress(8, 10))["lazy"] == 8


def test_changes_make_new_objectives() -> None:
    first = Objective(a=(1, square))
    assert list(first.adding(b=(1, square)).terms) == ["a", "b"]
    assert first.replacing(a=(3, square))(torch.ones(1), NOW)["a"] == 3
    assert list(first.adding(b=(1, square)).without("a").terms) == ["b"]
    assert list(first.terms) == ["a"] and first(torch.ones(1), NOW)["a"] == 1


def test_clashes_and_missing_names_are_refused() -> None:
    objective = Objective(cycle=(1, square))
    with pytest.raises(ValueError, match="cycle"):
        objective.adding(cycle=(1, square))
    with pytest.raises(ValueError, match="there are cycle"):
        objective.replacing(cycles=(1, square))
    with pytest.raises(ValueError, match="identity"):
        objective.without("identity")
