"""Frechet and kernel distances against values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from viceversa.metrics import distances
from viceversa.metrics.distances import Population, frechet_diagonal, kernel

CROSS = np.sqrt(1.5) * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
"""Four points of mean 0 and unbiased covariance I: the sum of squares along an axis is 2 * 1.5, over 4 - 1."""


def normal(*shape: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=shape)


def frechet(features: NDArray[np.float64], others: NDArray[np.float64], fewest: int | None = None) -> float | None:
    return distances.frechet(Population(features), Population(others), fewest)


def test_frechet_of_two_gaussians() -> None:
    moved = 2 * CROSS + [3, 4]  # N((3, 4), 4 I): 9 + 16 + 2 (1 + 4 - 2 * 2) = 27
    assert frechet(CROSS, moved) == pytest.approx(27, abs=1e-9)
    assert frechet(moved, CROSS) == pytest.approx(27, abs=1e-9)


def test_frechet_of_gaussians_that_do_not_commute() -> None:
    first, second = CROSS * [1, 2], CROSS @ np.array([[1, 0.5], [0.5, 1]])
    # C1 = diag(1, 4), C2 = [[1.25, 1], [1, 1.25]]. tr (C1 C2)^(1/2) = sqrt(tr(C1 C2) + 2 sqrt(det C1 det C2)) in 2-d
    # = sqrt(6.25 + 2 sqrt(4 * .5625)) = sqrt(9.25); the sum of traces is 7.5.
    assert frechet(first, second) == pytest.approx(7.5 - 2 * np.sqrt(9.25), abs=1e-9)


def test_frechet_is_zero_for_equal_sets_and_symmetric() -> None:
    features, others = normal(200, 8), normal(300, 8, seed=1) + 0.5
    assert abs(frechet(features, features.copy())) < 1e-6
    assert frechet(features, others) == pytest.approx(frechet(others, features), rel=1e-9)


def test_frechet_is_undefined_where_a_covariance_is_singular() -> None:
    assert frechet(normal(9, 8), normal(9, 8, seed=1)) is not None
    assert frechet(normal(8, 8), normal(300, 8, seed=1)) is None
    assert frechet(normal(300, 8), normal(8, 8, seed=1)) is None


def test_frechet_of_few_images_where_that_is_asked_for() -> None:
    """Two points each, N((0, 0), diag(2, 0)) and N((0, 3), diag(8, 0)): 9 + 2 + 8 - 2 * 4."""
    first, second = np.array([[1, 0], [-1, 0]]), np.array([[2, 3], [-2, 3]])
    assert frechet(first, second) is None and frechet(first, second, fewest=3) is None
    assert frechet(first, second, fewest=2) == pytest.approx(11, abs=1e-9)


@pytest.mark.filterwarnings("ignore:Metric `Frechet")
def test_frechet_is_that_of_torchmetrics() -> None:
    class Given(nn.Module):
        num_features = 16

        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return features

    features, others = normal(700, 16) ** 2, normal(600, 16, seed=1) @ normal(16, 16, seed=2)
    metric = FrechetInceptionDistance(Given())
    metric.update(torch.tensor(features), real=True)
    metric.update(torch.tensor(others), real=False)
    assert frechet(features, others) == pytest.approx(float(metric.compute()), rel=1e-6)


def test_diagonal_frechet_by_hand() -> None:
    moved = 2 * CROSS + [3, 4]  # means 25 apart; deviations 1 and 2, twice
    assert frechet_diagonal(Population(CROSS), Population(moved)) == pytest.approx(27)
    assert frechet_diagonal(Population(CROSS[:1]), Population(moved)) is None


def test_kernel_of_subsets_is_that_of_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums over subsets, block by block, against all values of each subset; more rows than a block, and of two sizes."""
    features, others = normal(1150, 3), normal(1020, 3, seed=1) + 0.2
    at_once = kernel(features, others)
    monkeypatch.setattr(distances, "_ONCE", 1000)
    alone = kernel(features, others)
    assert at_once is not None and at_once == pytest.approx(alone, rel=1e-9) and at_once[1] > 0


def test_kernel_of_two_points() -> None:
    # k(0, 0) = 1, k(1, 1) = (3 / 3 + 1)^3 = 8, k(0, 1) = 1: 1 + 8 - 2 = 7
    assert kernel(np.zeros((5, 3)), np.ones((5, 3))) == (7.0, None)
    assert kernel(np.zeros((5, 3)), np.ones((9, 3))) == (7.0, 0.0)
    assert kernel(np.zeros((1, 3)), np.ones((9, 3))) is None


def test_kernel_is_unbiased() -> None:
    values = [kernel(normal(40, 4, seed=2 * draw), normal(40, 4, seed=2 * draw + 1))[0] for draw in range(200)]
    assert min(values) < 0
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(200)  # four standard errors
    assert kernel(normal(40, 4), normal(40, 4, seed=1) + 1)[0] > 4 * np.std(values)


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save")
def test_kernel_is_that_of_torchmetrics() -> None:
    features, others = normal(50, 6), normal(50, 6, seed=1) + 0.3
    metric = KernelInceptionDistance(nn.Identity(), subsets=1, subset_size=50)
    metric.update(torch.tensor(features), real=True)
    metric.update(torch.tensor(others), real=False)
    assert kernel(features, others)[0] == pytest.approx(float(metric.compute()[0]), rel=1e-9)


def test_kernel_draws_subsets_by_its_seed_alone() -> None:
    features, others = normal(60, 4), normal(50, 4, seed=1)
    state = torch.get_rng_state()
    first = kernel(features, others, seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    assert first == kernel(features, others, seed=3)
    assert first != kernel(features, others, seed=4)
    assert first is not None and first[1] > 0
