"""Distances between two sets of features: Frechet and kernel. Values are raw, without a factor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Generator, Tensor
from torchmetrics.image.kid import maximum_mean_discrepancy, poly_kernel

from viceversa.metrics.features import Features

_SUBSETS = 100
_SUBSET = 1000
_ROWS = 500
_ONCE = 3000
"""Number of rows up to which each kernel value is computed once for all subsets; above, it is computed for each subset."""


@dataclass(frozen=True, eq=False)
class Population:
    """A set of features (N, d) with its statistics, computed on first use and kept."""

    features: Features

    @cached_property
    def mean(self) -> Tensor:
        """Mean (d,) in float64."""
        return torch.stack([part.sum(0) for part in _parts(self.features)]).sum(0) / len(self.features)

    @cached_property
    def covariance(self) -> Tensor:
        """Unbiased covariance (d, d) in float64."""
        width = self.features.shape[1]
        total = torch.zeros(width, width, dtype=torch.float64)
        for part in _parts(self.features):
            total.addmm_((part - self.mean).T, part - self.mean)
        return total / (len(self.features) - 1)

    @cached_property
    def root(self) -> Tensor:
        """Symmetric square root (d, d) of the covariance."""
        values, vectors = torch.linalg.eigh(self.covariance)
        root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
        return root


def frechet(reference: Population, other: Population, fewest: int | None = None) -> float | None:
    """Return the Frechet distance |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (arXiv 1706.08500, eq. 6).

    m are means, C unbiased covariances, in float64. The distance has squared units of the features, is symmetric, and is 0 for
    equal sets up to rounding. Its bias is positive, about as 1/N: compare only at equal N. tr (C1 C2)^(1/2) is the sum of the roots
    of the eigenvalues of the symmetric matrix C1^(1/2) C2 C1^(1/2). They take 0.4 s at d = 1280 on one core; those of C1 C2 3 s.

    fewest: least number of rows, d + 1 by default, below which a covariance is singular. None is returned for a smaller set.
    """
    width = reference.features.shape[1]
    if min(len(reference.features), len(other.features)) < (width + 1 if fewest is None else fewest):
        return None
    values = torch.linalg.eigvalsh(reference.root @ other.covariance @ reference.root)
    traces = reference.covariance.trace() + other.covariance.trace()
    return float((reference.mean - other.mean).square().sum() + traces - 2 * values.clamp(min=0).sqrt().sum())


def frechet_diagonal(reference: Population, other: Population) -> float | None:
    """Return the Frechet distance of diagonal covariances: |m1 - m2|^2 + |s1 - s2|^2, with means m and standard deviations s.

    It is a lower bound on `frechet`, used by the author of the multicyclic loss. None if a set has fewer than 2 rows.
    """
    if min(len(reference.features), len(other.features)) < 2:
        return None
    spreads = reference.covariance.diagonal().sqrt() - other.covariance.diagonal().sqrt()
    return float((reference.mean - other.mean).square().sum() + spreads.square().sum())


def kernel(features: Features, others: Features, seed: int = 0) -> tuple[float, float | None] | None:
    """Return mean and standard deviation over subsets of the unbiased squared MMD, k(a, b) = (a.b / d + 1)^3 (arXiv 1801.01401).

    MMD^2 = [sum_{i != j} k(x_i, x_j) + sum_{i != j} k(y_i, y_j)] / (m (m - 1)) - 2 mean k(x_i, y_j), over 100 subsets of
    m = min(1000, N, M) rows drawn by `seed`. The distance has no unit, and may be negative because it is unbiased. If m = N = M,
    there is one subset of all rows, and the deviation is None. None is returned if N or M < 2. Up to 3000 rows, each kernel value
    is computed once in float64 and added to the sums of its subsets; torchmetrics computes it about 50 times at N = 2000.

    Args:
        features: (N, d).
        others: (M, d).
        seed: seed of the subsets.
    """
    rows, columns = len(features), len(others)
    size = min(_SUBSET, rows, columns)
    if size < 2:
        return None
    generator = Generator().manual_seed(seed)
    drawn = [
        tuple(torch.randperm(count, generator=generator)[:size] for count in (rows, columns))
        for _ in range(1 if size == rows == columns else _SUBSETS)
    ]
    first, second = (torch.stack(part) for part in zip(*drawn, strict=True))
    discrepancy = (_once if max(rows, columns) <= _ONCE else _by_subset)(features, others, first, second)
    return float(discrepancy.mean()), float(discrepancy.std(unbiased=False)) if len(drawn) > 1 else None


def _once(features: Features, others: Features, first: Tensor, second: Tensor) -> Tensor:
    """Return the squared MMD of each pair of subsets, given as rows (subsets, size): (subsets,)."""
    size = first.shape[1]
    x, y = _membership(first, len(features)), _membership(second, len(others))
    between = torch.zeros(len(x), dtype=torch.float64)
    for part, members in zip(_parts(features), torch.split(x, _ROWS, 1), strict=True):
        for other, other_members in zip(_parts(others), torch.split(y, _ROWS, 1), strict=True):
            between += _sums(part, other, members, other_members)
    return (_within(features, x) + _within(others, y)) / (size * (size - 1)) - 2 * between / size**2


def _within(features: Features, x: Tensor) -> Tensor:
    """Return the sum of k(a, b) over pairs of different members of each subset, x (subsets, N): (subsets,)."""
    total, members = torch.zeros(len(x), dtype=torch.float64), torch.split(x, _ROWS, 1)
    for row, part in enumerate(_parts(features)):
        for column, other in enumerate(_parts(features[: (row + 1) * _ROWS])):
            same = (part.square().sum(1) / part.shape[1] + 1) ** 3
            pairs = _sums(part, other, members[row], members[column])
            total += pairs - members[row] @ same if row == column else 2 * pairs
    return total


def _sums(one: Tensor, other: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the sum of k(a, b) over the members of each subset: x (subsets, n) of `one`, y (subsets, m) of `other`."""
    return ((x @ poly_kernel(one, other)) * y).sum(1)


def _by_subset(features: Features, others: Features, first: Tensor, second: Tensor) -> Tensor:
    def discrepancy(i: Tensor, j: Tensor) -> Tensor:
        x, y = _double(features[i.numpy()]), _double(others[j.numpy()])
        return maximum_mean_discrepancy(poly_kernel(x, x), poly_kernel(x, y), poly_kernel(y, y))

    return torch.stack([discrepancy(i, j) for i, j in zip(first, second, strict=True)])


def _membership(chosen: Tensor, count: int) -> Tensor:
    """Return which of `count` rows are in each subset (subsets, size): (subsets, count), 1 or 0."""
    return torch.zeros(len(chosen), count, dtype=torch.float64).scatter_(1, chosen, 1.0)


def _parts(features: Features) -> Iterator[Tensor]:
    """Yield 500 rows at a time in float64."""
    return (_double(features[start : start + _ROWS]) for start in range(0, len(features), _ROWS))


def _double(features: Features) -> Tensor:
    return torch.tensor(np.asarray(features), dtype=torch.float64)
