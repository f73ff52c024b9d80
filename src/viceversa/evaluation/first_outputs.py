"""First outputs of a model, kept to detect typical faults: all alike, unchanged, inverted, or covered by a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from viceversa.images.fitting import in_bits
from viceversa.images.pixels import Pixels
from viceversa.inference.enlarged import enlarged
from viceversa.metrics.chain_protocol import LINKS, Direction, Place, Trial
from viceversa.metrics.health import measured

MOST = 64
"""Number of images, as many as in the validation of a training."""


@dataclass(frozen=True, eq=False)
class FirstOutputs:
    """Outputs inv_0 and rec_0 of the first images of a trial, if the model makes them."""

    task: Trial
    _parts: dict[Direction, dict[int, Pixels]] = field(default_factory=dict)

    def add(self, rows: slice, made: Mapping[Place, Pixels]) -> None:
        """Keep the outputs of a batch that are among the first images. Batches may come in any order."""
        for direction in ("inv", "rec"):
            place = next((at for link in LINKS if (at := Place(direction, 0, link)) in made), None)
            if place is not None and rows.start < MOST:
                self._parts.setdefault(direction, {})[rows.start] = made[place][: MOST - rows.start].copy()  # the batch is let go

    def measures(self, large: Pixels | None) -> dict[str, float]:
        """Return the measures of health, as in training. large: outputs for enlarged sources, if the model makes them."""
        outputs, same = self._whole("inv"), self._whole("rec")
        if outputs is None:
            return {}
        reals = in_bits(self.task.dataset.splits[self.task.split][self.task.away].pixels[:MOST], 8)
        both = None if large is None else (large, enlarged(reals))
        alike = same if self.task.labeled and same is not None and same.shape == outputs.shape else None
        return measured(self.task.sources[: len(outputs)], outputs, reals, alike, both)

    def _whole(self, direction: Direction) -> Pixels | None:
        parts = self._parts.get(direction)
        return np.concatenate([parts[start] for start in sorted(parts)]) if parts else None
