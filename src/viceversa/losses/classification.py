"""Classification losses: the discriminator's class head is compared with labels, for the attributes that are known."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.journey import Journey, Judgment
from viceversa.core.space import Space


@dataclass(frozen=True)
class RealLabels:
    """Classification loss of the discriminator: cls(D_cls(x), c_x) on real images only."""

    space: Space

    def __call__(self, journey: Journey) -> Tensor:
        return _classification(self.space, journey.judge_example(), journey.examples[0].domain)


@dataclass(frozen=True)
class TargetLabels:
    """Classification loss of the generator: cls(D_cls(T(x, c)), c), so that outputs show the target label."""

    space: Space

    def __call__(self, journey: Journey) -> Tensor:
        return _classification(self.space, journey.judge(journey.target), journey.target)


def _classification(space: Space, judgment: Judgment, domain: Domain) -> Tensor:
    if judgment.logits is None or domain.label is None:
        raise ValueError("a classification loss needs labels and a discriminator with a class head.")
    return space.classification(judgment.logits.float(), domain.label, domain.space)
