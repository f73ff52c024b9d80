"""Content and style of pictures, in the layers of a trained network (arXiv 1508.06576)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Seen(Protocol):
    """A picture as a network sees it, and what it is to be like: features (N, C, h, w) by layer, and grams of the styles."""

    @property
    def features(self) -> Mapping[str, Tensor]: ...

    @property
    def content(self) -> Mapping[str, Tensor]: ...

    @property
    def styles(self) -> Sequence[tuple[float, Mapping[str, Tensor]]]:
        """Of each style its weight and its Gram matrices, each divided by its number of places."""
        ...


def gram(features: Tensor) -> Tensor:
    """F F^T / M: (N, C, h, w) -> (N, C, C), M = h w places. An uncentered second moment of channels: where things are is lost."""
    rows = features.flatten(2)
    return rows @ rows.transpose(1, 2) / rows.shape[2]


Distance = Callable[[Tensor, Tensor], Tensor]
"""A number, of two tensors of one shape."""


def squares(one: Tensor, other: Tensor) -> Tensor:
    """sum (a - b)^2."""
    return (one - other).square().sum()


def mean_squares(one: Tensor, other: Tensor) -> Tensor:
    """mean (a - b)^2."""
    return (one - other).square().mean()


def half_squares(one: Tensor, other: Tensor) -> Tensor:
    """1/2 sum (a - b)^2, the paper's distance of contents (eq. 1)."""
    return squares(one, other) / 2


def by_four_channels_squared(one: Tensor, other: Tensor) -> Tensor:
    """1 / (4 C^2) sum (a - b)^2, of Gram matrices by M: the paper's distance of styles (eq. 4)."""
    return squares(one, other) / (4 * one.shape[1] ** 2)


def by_channels_squared(one: Tensor, other: Tensor) -> Tensor:
    """sum (a / C - b / C)^2, of Gram matrices by M: the distance of styles of Stanford's course CS231n."""
    return squares(one, other) / one.shape[1] ** 2


def authors_squares(one: Tensor, other: Tensor) -> Tensor:
    """1000 / C^2 mean (a - b)^2, of Gram matrices by M: the distance of styles in the author's PyTorch code."""
    return 1000 / one.shape[1] ** 2 * mean_squares(one, other)


def relative_squares(one: Tensor, other: Tensor) -> Tensor:
    """sum (a - b)^2 / sum b^2: 1 for nothing at all in the place of b, whatever the network's scale."""
    return squares(one, other) / other.square().sum().clamp(min=1e-12)


@dataclass(frozen=True)
class Content:
    """d(F, P) at one layer, F of the picture, P of the content image."""

    layer: str
    distance: Distance

    def __call__(self, seen: Seen) -> Tensor:
        return self.distance(seen.features[self.layer], seen.content[self.layer])


@dataclass(frozen=True)
class Style:
    """sum_j v_j sum_l w_l d(G, A_j) over styles j and layers l; Gram matrices are divided by M; v_j, w_l are weights."""

    layers: Mapping[str, float]
    distance: Distance

    def __call__(self, seen: Seen) -> Tensor:
        losses = []
        for layer, weight in self.layers.items():
            own = gram(seen.features[layer])
            losses += [share * weight * self.distance(own, grams[layer]) for share, grams in seen.styles]
        return torch.stack(losses).sum()
