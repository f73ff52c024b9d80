"""Cycle losses, which compare the end of a journey with its beginning. L1 is the mean absolute difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.journey import Journey


def returned(journey: Journey) -> Tensor:
    """Return the image translated back to the source: T(X_i).

    Between two spaces, X_i itself is returned if it is in the source space already: no generator maps a space to itself.
    """
    return journey.translated if journey.target is journey.source else journey.reconstructed


@dataclass(frozen=True)
class Cycle:
    """Cycle loss: L1(T(T(x, c), c_x), x)."""

    def __call__(self, journey: Journey) -> Tensor:
        return F.l1_loss(journey.reconstructed, journey.image)


@dataclass(frozen=True)
class ReturnedCycle:
    """Cycle loss between two spaces: L1(R, x), where R is `returned`. It also holds along a chain x -> Y -> X -> Y."""

    def __call__(self, journey: Journey) -> Tensor:
        return F.l1_loss(returned(journey), journey.image)


@dataclass(frozen=True)
class BySource:
    """A loss times the weight of the source space."""

    weights: Mapping[str, float]
    loss: Callable[[Journey], Tensor]

    @classmethod
    def of(cls, spaces: tuple[str, str], weight: float, back: float | None, loss: Callable[[Journey], Tensor]) -> BySource:
        """Weigh a loss between two spaces: by `weight` from the first one, and by `back` from the second if that is given."""
        return cls(dict(zip(spaces, (weight, weight if back is None else back), strict=True)), loss)

    def __call__(self, journey: Journey) -> Tensor:
        return self.weights[journey.source.space] * self.loss(journey)


@dataclass(frozen=True)
class WeighedCycle:
    """Cycle loss with a weight per image: mean_b w_b |look(R_b) - look(x_b)|, where R is `returned` (arXiv 2408.15374)."""

    look: Callable[[Tensor, Domain], Tensor]
    weigh: Callable[[Journey], Tensor]

    def __call__(self, journey: Journey) -> Tensor:
        seen, wanted = self.look(returned(journey), journey.source), self.look(journey.image, journey.source).detach()
        return (self.weigh(journey) * (seen - wanted).abs().flatten(1).mean(1)).mean()


@dataclass(frozen=True)
class Triple:
    """Triple consistency: L1(T(T(x, c_0), c_1), T(x, c_1)). An edit is the same after another edit.

    @article{sanchez2018triple, title={Triple consistency loss for pairing distributions in {GAN}-based face synthesis},
    author={Sanchez, Enrique and Valstar, Michel}, journal={arXiv preprint}, year={2018}, eprint={1811.03492}}

    c_1 is the route's next target. Gradients reach all three translations, as in the authors' code.
    """

    def __call__(self, journey: Journey) -> Tensor:
        second = journey.onward().target
        return F.l1_loss(journey.visit(journey.target, second), journey.visit(second))


@dataclass(frozen=True)
class Staying:
    """A loss of same-domain translation: the target is the image's own domain."""

    loss: Callable[[Journey], Tensor]

    def __call__(self, journey: Journey) -> Tensor:
        return self.loss(journey.staying())


@dataclass(frozen=True)
class Identity:
    """Identity loss: L1(T(x, c_x), x), or the L1 of a view of both images, such as their luminance."""

    see: Callable[[Tensor], Tensor] = lambda image: image

    def __call__(self, journey: Journey) -> Tensor:
        return F.l1_loss(self.see(journey.staying().translated), self.see(journey.start))
