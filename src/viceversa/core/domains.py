"""Where an image is or shall go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Domain:
    """Where an image is or shall go. Compared by identity, so that it can key a path.

    space: the name of its pixels, which picks networks, channels and size.
    label: (N, K) attribute values, or None where the space has none.
    style: (N, S) style codes, or a function that reads them off the image about to depart for this domain.
    """

    space: str
    label: Tensor | None = None
    style: Tensor | Callable[[Tensor], Tensor] | None = None


def label_of(domain: Domain) -> Tensor:
    """The label (N, K) of a domain among labels. Raises ValueError for a domain without one."""
    if domain.label is None:
        raise ValueError("a domain among labels has a label.")
    return domain.label


@dataclass(frozen=True, eq=False)
class Example:
    """A real image batch (N, C, H, W) in [-1, 1] and where it is.

    `batch_labels` are the labels of the whole batch over all processes, which permuting them needs; on one process
    they are `domain.label`.
    """

    image: Tensor
    domain: Domain
    batch_labels: Tensor | None = None
