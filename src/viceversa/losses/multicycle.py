"""The multicyclic loss: a generator is also trained on chains of its own outputs (Schneider 2021).

    X_0 = T(x, c_0),  X_i = T(X_{i-1}, c_i),  R_i = T(X_i, c_x)
    L_G = L(X_0, R_0) + sum_{i=1..K} extra[i-1] * L(X_i, R_i)

It is a change of method: the losses that a phase names as `chained` are repeated at `journey.onward(i)`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from viceversa.core.journey import Journey
from viceversa.core.method import Method, Phase
from viceversa.core.objective import Loss, Weight
from viceversa.core.schedules import Schedule, constant, product, ramp, switched
from viceversa.errors import UsageError


@dataclass(frozen=True)
class Onward:
    """A loss, seen `depth` translations further along the chain. cut: X_i = T(sg X_{i-1}, c_i), gradients end at each link."""

    loss: Loss
    depth: int
    cut: bool = False

    def __call__(self, journey: Journey) -> Tensor:
        return self.loss(journey.onward(self.depth, cut=self.cut))


def multicyclic(
    method: Method,
    extra: Sequence[float] = (0.25, 0.125, 0.0625),
    *,
    losses: Collection[str] | None = None,
    cut: bool = False,
    start: float = 0.0,
    rise: float = 0.0,
) -> Method:
    """The method, trained on chains of K = len(extra) further translations.

    extra: the weight of the i-th further cycle, i = 1..K; the ordinary cycle keeps weight 1, and `()` is the method
    itself. losses: which of the chained losses to repeat, all by default; `("cycle",)` is the limited variant.
    cut: detached links. start: the part of the training after which the chain begins; rise: the part over which its weights then
    rise from 0, as chains through untrained generators have gradients that are large and, in bf16, far from those in fp32
    (docs/precision.md). Raises UsageError for a negative weight, and for a method or a loss that cannot be chained.
    """
    if any(weight < 0 for weight in extra):
        raise UsageError(f"weights of extra cycles must not be negative: {tuple(extra)}.")
    chained = {name for phase in method.phases for name in phase.chained}
    if not chained and not extra and losses is None:
        return method
    if not chained:
        raise UsageError("this method has no losses that can be repeated on a chain: leave out `multicycle.extra`.")
    if unknown := set(losses or ()) - chained:
        raise UsageError(f"losses that cannot be chained: {', '.join(sorted(unknown))}; these can: {', '.join(sorted(chained))}.")
    repeated = chained if losses is None else set(losses)
    onset = ramp(0.0, 1.0, start, start + rise) if rise else switched(start, 0.0, 1.0) if start else constant
    return replace(method, phases=tuple(_lengthened(phase, extra, repeated, cut, onset) for phase in method.phases))


def _lengthened(phase: Phase, extra: Sequence[float], repeated: Collection[str], cut: bool, onset: Schedule) -> Phase:
    single = {name: phase.objective.terms[name] for name in phase.chained if name in repeated}
    terms = {
        f"{name}_{depth}": (_scaled(weight, factor, onset), Onward(loss, depth, cut))
        for depth, factor in enumerate(extra, start=1)
        for name, (weight, loss) in single.items()
    }
    return replace(phase, objective=phase.objective.adding(**terms))


def _scaled(weight: Weight, factor: float, onset: Schedule) -> Weight:
    return factor * weight if onset is constant and not callable(weight) else product(factor, weight, onset)
