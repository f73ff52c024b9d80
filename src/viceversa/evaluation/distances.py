"""Distances between two sets of features: Frechet and kernel. Raw values: nothing is multiplied."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import maximum_mean_discrepancy, poly_kernel

from viceversa.evaluation.features import Features

_SUBSETS = 100
_SUBSET = 1000


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
    metric.update(_double(features), real=True)
    metric.update(_double(others), real=False)
    return float(metric.compute())


def kernel(features: Features, others: Features, seed: int = 0) -> tuple[float, float | None] | None:
    """Mean and standard deviation over subsets of the unbiased squared MMD with k(a, b) = (a.b / d + 1)^3 (arXiv 1801.01401).

    MMD^2 = [sum_{i != j} k(x_i, x_j) + sum_{i != j} k(y_i, y_j)] / (m (m - 1)) - 2 mean k(x_i, y_j), over 100 subsets of
    m = min(1000, N, M) rows drawn by `seed`. features: (N, d), others: (M, d). No unit; unbiased, so it may be negative.
    Where m = N = M there is one subset, all rows, and no deviation: None. None in all where N or M < 2.
    torchmetrics' class would compute each kernel value about 50 times at N = 2000; here each is computed once, in float64,
    and held: 24 N^2 bytes for N = M.
    """
    rows, columns = len(features), len(others)
    size = min(_SUBSET, rows, columns)
    if size < 2:
        return None
    x, y = _double(features), _double(others)
    within_x, between, within_y = poly_kernel(x, x), poly_kernel(x, y), poly_kernel(y, y)
    generator = Generator().manual_seed(seed)
    values = []
    for _ in range(1 if size == rows == columns else _SUBSETS):
        i, j = (torch.randperm(count, generator=generator)[:size] for count in (rows, columns))
        subset = within_x[i[:, None], i], between[i[:, None], j], within_y[j[:, None], j]
        values.append(maximum_mean_discrepancy(*subset))
    discrepancy = torch.stack(values)
    return float(discrepancy.mean()), float(discrepancy.std(unbiased=False)) if len(values) > 1 else None


def _double(features: Features) -> Tensor:
    return torch.tensor(features, dtype=torch.float64)
