"""Views of a journey from further along its chain: at a fixed depth, or at a random one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from viceversa.core.draws import Draws
from viceversa.core.journey import Journey
from viceversa.core.objective import Loss

View = Callable[[Journey], Journey]
"""A function from a journey to the same journey, seen from further along the chain."""


@dataclass(frozen=True)
class Seen:
    """A loss that is computed on another view of the journey."""

    loss: Loss
    view: View

    def __call__(self, journey: Journey) -> Tensor:
        return self.loss(self.view(journey))


@dataclass(frozen=True)
class Onward:
    """View `depth` translations further along the chain. cut: X_i = T(sg X_{i-1}, c_i), so gradients end at each link."""

    depth: int
    cut: bool = False

    def __call__(self, journey: Journey) -> Journey:
        return journey.onward(self.depth, cut=self.cut)


@dataclass(frozen=True)
class Recomputed:
    """View whose translations keep no activations. They are computed again for the gradient."""

    view: View

    def __call__(self, journey: Journey) -> Journey:
        return self.view(journey).recomputing()


@dataclass(frozen=True)
class DrawnDepth:
    """View k translations further along the chain, with random k = 1, 2, ... of probabilities p_1, p_2, ...

    The draw is named, so all losses of a step, all rows and all processes have the same k. cut: see Onward.
    """

    chances: tuple[float, ...]
    cut: bool = False

    def __call__(self, journey: Journey) -> Journey:
        return journey.onward(self.depth(journey.draws), cut=self.cut)

    def depth(self, draws: Draws) -> int:
        """Return k of this step."""
        drawn = torch.rand((), generator=draws.generator("depth of the chain"), dtype=torch.float64).item()
        return 1 + sum(drawn >= edge for edge in accumulate(self.chances[:-1]))
