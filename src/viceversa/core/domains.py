"""Domains: the space (channels, size) and label of an image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Domain:
    """Domain of an image, or of a translation's target: its space, label and style. Compared by identity, so that it can key a
    path.

    Args:
        space: name of the space, which decides networks, channels and size.
        label: attribute values (N, K), or None if the space has no labels.
        style: style codes (N, S), or a function that computes them from the image about to be translated to this domain.
    """

    space: str
    label: Tensor | None = None
    style: Tensor | Callable[[Tensor], Tensor] | None = None


def label_of(domain: Domain) -> Tensor:
    """Return the label (N, K) of a domain. Raises ValueError if it has none."""
    if domain.label is None:
        raise ValueError("a domain among labels has a label.")
    return domain.label


@dataclass(frozen=True, eq=False)
class Example:
    """Batch of real images and their domain.

    Args:
        image: images (N, C, H, W) in [-1, 1].
        domain: their domain.
        batch_labels: labels of the whole batch over all processes, which are needed to permute labels; with one process they equal
            `domain.label`.
    """

    image: Tensor
    domain: Domain
    batch_labels: Tensor | None = None
