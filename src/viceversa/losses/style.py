"""Content and style losses on the features of a trained network (arXiv 1508.06576)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Seen(Protocol):
    """A picture and its goals as features: features (N, C, h, w) by layer, and Gram matrices of the styles."""

    @property
    def features(self) -> Mapping[str, Tensor]: ...

    @property
    def content(self) -> Mapping[str, Tensor]: ...

    @property
    def styles(self) -> Sequence[tuple[float, Mapping[str, Tensor]]]:
        """Return the weight of each style and its Gram matrices by layer, divided by the number of places."""
        ...


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrix F F^T / M, M = h w places: (N, C, h, w) -> (N, C, C). It does not depend on where features are."""
    rows = features.flatten(2)
    return rows @ rows.transpose(1, 2) / rows.shape[2]


Distance = Callable[[Tensor, Tensor], Tensor]
"""A distance of two tensors of one shape, as a scalar."""


def squares(one: Tensor, other: Tensor) -> Tensor:
    """Return sum (a - b)^2."""
    return (one - other).square().sum()


def mean_squares(one: Tensor, other: Tensor) -> Tensor:
    """Return mean (a - b)^2."""
    return (one - other).square().mean()


def half_squares(one: Tensor, other: Tensor) -> Tensor:
    """Return 1/2 sum (a - b)^2, the paper's distance of contents (eq. 1)."""
    return squares(one, other) / 2


def by_four_channels_squared(one: Tensor, other: Tensor) -> Tensor:
    """Return 1 / (4 C^2) sum (a - b)^2 of Gram matrices divided by M: the paper's distance of styles (eq. 4)."""
    return squares(one, other) / (4 * one.shape[1] ** 2)


def by_channels_squared(one: Tensor, other: Tensor) -> Tensor:
    """Return sum (a / C - b / C)^2 of Gram matrices divided by M: the distance of styles in Stanford's course CS231n."""
    return squares(one, other) / one.shape[1] ** 2


def authors_squares(one: Tensor, other: Tensor) -> Tensor:
    """Return 1000 / C^2 mean (a - b)^2 of Gram matrices divided by M: the distance of styles in the author's PyTorch code."""
    return 1000 / one.shape[1] ** 2 * mean_squares(one, other)


def relative_squares(one: Tensor, other: Tensor) -> Tensor:
    """Return sum (a - b)^2 / sum b^2. It does not depend on the network's scale; it is 1 for a = 0."""
    return squares(one, other) / other.square().sum().clamp(min=1e-12)


@dataclass(frozen=True)
class Content:
    """Content loss: d(F, P) at one layer, with features F of the picture and P of the content image."""

    layer: str
    distance: Distance

    def __call__(self, seen: Seen) -> Tensor:
        return self.distance(seen.features[self.layer], seen.content[self.layer])


@dataclass(frozen=True)
class Style:
    """Style loss: sum_j v_j sum_l w_l d(G, A_j) over styles j and layers l.

    G and A_j are Gram matrices divided by M, of the picture and of style j; v_j and w_l are weights.
    """

    layers: Mapping[str, float]
    distance: Distance

    def __call__(self, seen: Seen) -> Tensor:
        losses = []
        for layer, weight in self.layers.items():
            own = gram(seen.features[layer])
            losses += [share * weight * self.distance(own, grams[layer]) for share, grams in seen.styles]
        return torch.stack(losses).sum()
