"""Losses of the last steps. They stay on their device until they are needed, because fetching a number waits for the device."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from viceversa.errors import NotFiniteError


@dataclass(eq=False)
class RecentLosses:
    """Losses by step since they were last fetched."""

    _noted: list[tuple[int, Mapping[str, Tensor]]] = field(default_factory=list, init=False)

    def note(self, step: int, losses: Mapping[str, Tensor]) -> None:
        """Keep the losses of a step: each a number (0 dimensions) on the device."""
        self._noted.append((step, losses))

    def fetch(self) -> dict[str, float]:
        """Return the losses of the last step; all that were noted come in one transfer, and are noted no longer.

        Raises NotFiniteError that names the first step and loss that is not finite.
        """
        noted, self._noted = self._noted, []
        numbers = iter(fetched([loss for _, losses in noted for loss in losses.values()]))
        values: dict[str, float] = {}
        for step, losses in noted:
            values = {name: next(numbers) for name in losses}
            for name, value in values.items():
                if not math.isfinite(value):
                    raise NotFiniteError(f"the loss {name} is {value} at step {step}.")
        return values


def fetched(numbers: list[Tensor]) -> list[float]:
    """Return tensors of 0 dimensions as numbers, by one transfer."""
    return torch.stack([number.float() for number in numbers]).tolist() if numbers else []
