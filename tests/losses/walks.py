"""Journeys over plain functions, for hand-computed values."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey, Judgment


def journey(
    translate: Callable[[Tensor], Tensor],
    *,
    score: Callable[[Tensor], Tensor] = lambda image: torch.zeros(len(image), 1),
    logits: Callable[[Tensor], Tensor] | None = None,
    image: Tensor | None = None,
    width: int = 5,
) -> Journey:
    """From a source through targets without end; labels of `width` zero columns."""
    image = torch.zeros(2, 3, 4, 4) if image is None else image
    label = torch.zeros(len(image), width)
    real = Example(image, Domain("photos", label))
    return Journey(
        real,
        lambda number: Domain("photos", label),
        translate=lambda image, source, target: translate(image),
        discriminate=lambda image, domain: Judgment(score(image), logits and logits(image)),
        draws=Draws(0, 0),
    ).begin(True)
