"""Distances between two sets of features: Frechet and kernel. Raw values: nothing is multiplied."""

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
"""Up to so many rows each kernel value is computed once, for all subsets; above, for each subset."""


@dataclass(frozen=True, eq=False)
class Population:
    """A set of features (N, d) with what its distances to others need, computed when first asked for and kept."""

    features: Features

    @cached_property
    def mean(self) -> Tensor:
        """(d,), in float64."""
        return torch.stack([part.sum(0) for part in _parts(self.features)]).sum(0) / len(self.features)

    @cached_property
    def covariance(self) -> Tensor:
        """(d, d), unbiased, in float64."""
        width = self.features.shape[1]
        total = torch.zeros(width, width, dtype=torch.float64)
        for part in _parts(self.features):
            total.addmm_((part - self.mean).T, part - self.mean)
        return total / (len(self.features) - 1)

    @cached_property
    def root(self) -> Tensor:
        """The covariance's symmetric square root: (d, d)."""
        values, vectors = torch.linalg.eigh(self.covariance)
        root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
        return root


def frechet(reference: Population, other: Population, fewest: int | None = None) -> float | None:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of means and unbiased covariances, in float64 (arXiv 1706.08500, eq. 6).

    tr (C1 C2)^(1/2) is the sum of the roots of the eigenvalues of C1^(1/2) C2 C1^(1/2), which is symmetric: 0.4 s at d = 1280
    on one core, where those of C1 C2 take 3 s. In squared units of the features; symmetric; 0 for equal sets up to rounding.
    Biased upward, about as 1/N: compare only at equal N. None where a set has fewer than `fewest` rows, d + 1 if that is None:
    below, a covariance is singular.
    """
    width = reference.features.shape[1]
    if min(len(reference.features), len(other.features)) < (width + 1 if fewest is None else fewest):
        return None
    values = torch.linalg.eigvalsh(reference.root @ other.covariance @ reference.root)
    traces = reference.covariance.trace() + other.covariance.trace()
    return float((reference.mean - other.mean).square().sum() + traces - 2 * values.clamp(min=0).sqrt().sum())


def frechet_diagonal(reference: Population, other: Population) -> float | None:
    """|m1 - m2|^2 + sum of (s1 - s2)^2 over features' means m and standard deviations s: Frechet of diagonal covariances.

    A lower bound on `frechet`; the multicyclic author's form. None where a set has fewer than 2 rows.
    """
    if min(len(reference.features), len(other.features)) < 2:
        return None
    spreads = reference.covariance.diagonal().sqrt() - other.covariance.diagonal().sqrt()
    return float((reference.mean - other.mean).square().sum() + spreads.square().sum())


def kernel(features: Features, others: Features, seed: int = 0) -> tuple[float, float | None] | None:
    """Mean and standard deviation over subsets of the unbiased squared MMD with k(a, b) = (a.b / d + 1)^3 (arXiv 1801.01401).

    MMD^2 = [sum_{i != j} k(x_i, x_j) + sum_{i != j} k(y_i, y_j)] / (m (m - 1)) - 2 mean k(x_i, y_j), over 100 subsets of
    m = min(1000, N, M) rows drawn by `seed`. features: (N, d), others: (M, d). No unit; unbiased, so it may be negative.
    Where m = N = M there is one subset, all rows, and no deviation: None. None in all where N or M < 2.
    torchmetrics' class would compute each kernel value about 50 times at N = 2000; here, up to 3000 rows, each is computed
    once, in float64, and added to the sums of the subsets that it is in.
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
    """The squared MMD of each pair of subsets, (subsets, size) rows each: (subsets,)."""
    size = first.shape[1]
    x, y = _membership(first, len(features)), _membership(second, len(others))
    between = torch.zeros(len(x), dtype=torch.float64)
    for part, members in zip(_parts(features), torch.split(x, _ROWS, 1), strict=True):
        for other, other_members in zip(_parts(others), torch.split(y, _ROWS, 1), strict=True):
            between += _sums(part, other, members, other_members)
    return (_within(features, x) + _within(others, y)) / (size * (size - 1)) - 2 * between / size**2


def _within(features: Features, x: Tensor) -> Tensor:
    """The sum of k(a, b) over the pairs of different members of each subset, x (subsets, N): (subsets,)."""
    total, members = torch.zeros(len(x), dtype=torch.float64), torch.split(x, _ROWS, 1)
    for row, part in enumerate(_parts(features)):
        for column, other in enumerate(_parts(features[: (row + 1) * _ROWS])):
            same = (part.square().sum(1) / part.shape[1] + 1) ** 3
            pairs = _sums(part, other, members[row], members[column])
            total += pairs - members[row] @ same if row == column else 2 * pairs
    return total


def _sums(one: Tensor, other: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The sum of k(a, b) over the members of each subset: x (subsets, n) of `one`, y (subsets, m) of `other`."""
    return ((x @ poly_kernel(one, other)) * y).sum(1)


def _by_subset(features: Features, others: Features, first: Tensor, second: Tensor) -> Tensor:
    def discrepancy(i: Tensor, j: Tensor) -> Tensor:
        x, y = _double(features[i.numpy()]), _double(others[j.numpy()])
        return maximum_mean_discrepancy(poly_kernel(x, x), poly_kernel(x, y), poly_kernel(y, y))

    return torch.stack([discrepancy(i, j) for i, j in zip(first, second, strict=True)])


def _membership(chosen: Tensor, count: int) -> Tensor:
    """Which of `count` rows are in each subset (subsets, size): (subsets, count), 1 or 0."""
    return torch.zeros(len(chosen), count, dtype=torch.float64).scatter_(1, chosen, 1.0)


def _parts(features: Features) -> Iterator[Tensor]:
    """500 rows at a time in float64."""
    return (_double(features[start : start + _ROWS]) for start in range(0, len(features), _ROWS))


def _double(features: Features) -> Tensor:
    return torch.tensor(np.asarray(features), dtype=torch.float64)
