"""Distances between two sets of features: Frechet and kernel. Raw values: nothing is multiplied."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import maximum_mean_discrepancy, poly_kernel

from viceversa.evaluation.features import Features

_SUBSETS = 100
_SUBSET = 1000
_HELD = 3000
"""Up to so many rows all kernel values are computed once and held; above, those of each subset."""


class _Given(nn.Module):
    """The "extractor" of features that are there already. torchmetrics asks it for their number."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, features: Tensor) -> Tensor:
        return features


def frechet(features: Features, others: Features) -> float | None:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of means and unbiased covariances, in float64 (arXiv 1706.08500, eq. 6).

    features: (N, d), others: (M, d). In squared units of the features; symmetric; 0 for equal sets up to rounding, which may
    leave it slightly negative. Biased upward, about as 1/N: compare only at equal N and M. None where N or M < d + 1, since
    the covariance is then singular. About 3 s at d = 1280 on one core.
    """
    width = features.shape[1]
    if min(len(features), len(others)) < width + 1:
        return None
    metric = FrechetInceptionDistance(_Given(width))
    for part, real in ((features, True), (others, False)):
        for start in range(0, len(part), _SUBSET):
            metric.update(_double(part[start : start + _SUBSET]), real=real)
    return float(metric.compute())


def frechet_diagonal(features: Features, others: Features) -> float | None:
    """|m1 - m2|^2 + sum of (s1 - s2)^2 over features' means m and standard deviations s: Frechet of diagonal covariances.

    A lower bound on `frechet`; the multicyclic author's form. features: (N, d), others: (M, d). None where N or M < 2.
    """
    if min(len(features), len(others)) < 2:
        return None
    one, other = ((np.mean(part, 0, np.float64), np.std(part, 0, np.float64, ddof=1)) for part in (features, others))
    return float(sum(np.square(left - right).sum() for left, right in zip(one, other, strict=True)))


def kernel(features: Features, others: Features, seed: int = 0) -> tuple[float, float | None] | None:
    """Mean and standard deviation over subsets of the unbiased squared MMD with k(a, b) = (a.b / d + 1)^3 (arXiv 1801.01401).

    MMD^2 = [sum_{i != j} k(x_i, x_j) + sum_{i != j} k(y_i, y_j)] / (m (m - 1)) - 2 mean k(x_i, y_j), over 100 subsets of
    m = min(1000, N, M) rows drawn by `seed`. features: (N, d), others: (M, d). No unit; unbiased, so it may be negative.
    Where m = N = M there is one subset, all rows, and no deviation: None. None in all where N or M < 2.
    torchmetrics' class would compute each kernel value about 50 times at N = 2000; here, up to 3000 rows, each is computed
    once, in float64, and held: 24 N^2 bytes for N = M.
    """
    rows, columns = len(features), len(others)
    size = min(_SUBSET, rows, columns)
    if size < 2:
        return None
    subset = _held(features, others) if max(rows, columns) <= _HELD else partial(_computed, features, others)
    generator = Generator().manual_seed(seed)
    values = []
    for _ in range(1 if size == rows == columns else _SUBSETS):
        i, j = (torch.randperm(count, generator=generator)[:size] for count in (rows, columns))
        values.append(maximum_mean_discrepancy(*subset(i, j)))
    discrepancy = torch.stack(values)
    return float(discrepancy.mean()), float(discrepancy.std(unbiased=False)) if len(values) > 1 else None


Kernels = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
"""Rows of both sets -> the kernel within the first, between both, and within the second."""


def _held(features: Features, others: Features) -> Kernels:
    x, y = _double(features), _double(others)
    within_x, between, within_y = poly_kernel(x, x), poly_kernel(x, y), poly_kernel(y, y)
    return lambda i, j: (within_x[i[:, None], i], between[i[:, None], j], within_y[j[:, None], j])


def _computed(features: Features, others: Features, i: Tensor, j: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    x, y = _double(features[i.numpy()]), _double(others[j.numpy()])
    return poly_kernel(x, x), poly_kernel(x, y), poly_kernel(y, y)


def _double(features: Features) -> Tensor:
    return torch.tensor(features, dtype=torch.float64)
