"""Losses that compare a journey's end with its beginning. L1 is the mean absolute difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.journey import Journey


def returned(journey: Journey) -> Tensor:
    """The image that is back in the source: T(X_i), or X_i itself where the walk between two spaces has just come home, as no
    generator leads from a space to itself."""
    return journey.translated if journey.target is journey.source else journey.reconstructed


@dataclass(frozen=True)
class Cycle:
    """L1(T(T(x, c), c_x), x): back in the source, the image is itself again."""

    def __call__(self, journey: Journey) -> Tensor:
        return F.l1_loss(journey.reconstructed, journey.image)


@dataclass(frozen=True)
class ReturnedCycle:
    """L1(R, x), R as `returned` has it: the cycle loss between two spaces, along a chain x -> Y -> X -> Y too."""

    def __call__(self, journey: Journey) -> Tensor:
        return F.l1_loss(returned(journey), journey.image)


@dataclass(frozen=True)
class BySource:
    """A loss, times the weight of the space that the journey comes from."""

    weights: Mapping[str, float]
    loss: Callable[[Journey], Tensor]

    @classmethod
    def of(cls, spaces: tuple[str, str], weight: float, back: float | None, loss: Callable[[Journey], Tensor]) -> BySource:
        """Of two spaces, the second with the weight `back` where that is another."""
        return cls(dict(zip(spaces, (weight, weight if back is None else back), strict=True)), loss)

    def __call__(self, journey: Journey) -> Tensor:
        return self.weights[journey.source.space] * self.loss(journey)


@dataclass(frozen=True)
class WeighedCycle:
    """mean_b w_b |distance of R_b to x_b|, R as `returned` has it: the mean absolute difference of what `look` sees of images that
    are back in a domain, image by image (arXiv 2408.15374)."""

    look: Callable[[Tensor, Domain], Tensor]
    weigh: Callable[[Journey], Tensor]

    def __call__(self, journey: Journey) -> Tensor:
        seen, wanted = self.look(returned(journey), journey.source), self.look(journey.image, journey.source).detach()
        return (self.weigh(journey) * (seen - wanted).abs().flatten(1).mean(1)).mean()


@dataclass(frozen=True)
class Triple:
    """L1(T(T(x, c_0), c_1), T(x, c_1)): an edit is the same after another edit (triple consistency).

    @article{sanchez2018triple, title={Triple consistency loss for pairing distributions in {GAN}-based face synthesis},
    author={Sanchez, Enrique and Valstar, Michel}, journal={arXiv preprint}, year={2018}, eprint={1811.03492}}

    c_1 is the route's next target. Gradients reach all three translations, as in the authors' code.
    """

    def __call__(self, journey: Journey) -> Tensor:
        second = journey.onward().target
        return F.l1_loss(journey.visit(journey.target, second), journey.visit(second))


@dataclass(frozen=True)
class Staying:
    """A loss of same-domain translation: its target is where the image is."""

    loss: Callable[[Journey], Tensor]

    def __call__(self, journey: Journey) -> Tensor:
        return self.loss(journey.staying())


@dataclass(frozen=True)
class Identity:
    """L1(T(x, c_x), x): translation to the domain where the image is changes nothing, or nothing of what is seen of it."""

    see: Callable[[Tensor], Tensor] = lambda image: image

    def __call__(self, journey: Journey) -> Tensor:
        return F.l1_loss(self.see(journey.staying().translated), self.see(journey.start))
