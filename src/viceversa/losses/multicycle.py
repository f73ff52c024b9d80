"""The multicyclic loss: a generator is also trained on chains of its own outputs (Schneider 2021), in an exact or cheaper form.

    X_0 = T(x, c_0),  X_i = T(X_{i-1}, c_i),  R_i = T(X_i, c_x)
    exact       L_G = L(X_0, R_0) + sum_{i=1..K} extra[i-1] * L(X_i, R_i)
    stochastic  L_G = L(X_0, R_0) + E * L(X_k, R_k),  k drawn with the chances extra[k-1] / E,  E = sum_i extra[i-1]
    on-policy   stochastic, with X_0 .. X_{k-1} made without a graph, and the losses `teacher` and `hold` (losses/on_policy.py)
    replay      on-policy, with X_{k-1} from an earlier step (losses/replay.py)

`multicyclic` changes a method: the losses that a phase names as `chained` are repeated further along the chain.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Literal, get_args

from viceversa.core.method import Memory, Method, Phase
from viceversa.core.objective import Loss, Terms, Weight
from viceversa.core.schedules import Schedule, constant, product, ramp, switched
from viceversa.errors import UsageError, unknown
from viceversa.losses.chains import DrawnDepth, Onward, Recomputed, Seen, View
from viceversa.losses.on_policy import Held, Taught, Teacher
from viceversa.losses.replay import Replay

Form = Literal["exact", "stochastic", "on-policy", "replay"]


def multicyclic(
    method: Method,
    extra: Sequence[float] = (0.25, 0.125, 0.0625),
    *,
    form: Form = "exact",
    losses: Collection[str] | None = None,
    cut: bool = False,
    teacher: float = 0.0,
    hold: float = 0.0,
    start: float = 0.0,
    rise: float = 0.0,
    recompute: bool = False,
) -> Method:
    """Return the method with losses on chains of K = len(extra) further translations.

    Args:
        extra: weight of the i-th extra cycle, i = 1..K. The ordinary cycle keeps weight 1; `()` returns the method itself.
        form: how the chain is computed (see above).
        losses: names of the chained losses to repeat, all by default; `("cycle",)` is the limited variant.
        cut: stop gradients between the translations of a chain. The on-policy chain and replay always do.
        teacher, hold: weights of these two losses, for on-policy and replay only.
        start: fraction of the training after which the chain begins.
        rise: fraction of the training over which its weights then rise from 0. Chains through untrained generators have large
            gradients, which differ in bf16 and fp32 (docs/precision.md).
        recompute: keep no activations of the chain and compute them again for the gradient. This takes less memory, and one more
            forward pass of each translation that has a gradient.

    Raises:
        UsageError: a weight is negative, the method or a loss cannot be chained, or the form does not have an argument.
    """
    if form not in get_args(Form):
        raise unknown("form of the multicyclic loss", form, get_args(Form))
    if any(weight < 0 for weight in (*extra, teacher, hold)):
        raise UsageError(f"weights of extra cycles must not be negative: {(*extra, teacher, hold)}.")
    if (teacher or hold) and form not in ("on-policy", "replay"):
        raise UsageError(f"the {form} chain has no losses `multicycle.teacher` and `multicycle.hold`: the on-policy chain has.")
    chained = {name for phase in method.phases for name in phase.chained}
    if not chained and not extra and losses is None:
        return method
    if not chained:
        raise UsageError("this method has no losses that can be repeated on a chain: leave out `multicycle.extra`.")
    if others := set(losses or ()) - chained:
        raise UsageError(f"losses that cannot be chained: {', '.join(sorted(others))}; these can: {', '.join(sorted(chained))}.")
    if not any(extra):
        return method
    repeated = chained if losses is None else set(losses)
    onset = ramp(0.0, 1.0, start, start + rise) if rise else switched(start, 0.0, 1.0) if start else constant
    if form == "exact":
        return _lengthened(method, lambda phase: _exact(phase, extra, repeated, cut, onset, recompute))
    total = sum(extra)
    chances = tuple(weight / total for weight in extra)
    replayed = Replay(chances) if form == "replay" else None
    view: View = replayed or DrawnDepth(chances, cut or form == "on-policy")
    view = Recomputed(view) if recompute else view
    taught = Teacher(method.translator) if teacher else None
    memory: dict[str, Memory] = {name: each for name, each in (("replay", replayed), ("teacher", taught)) if each is not None}

    def terms(phase: Phase) -> Terms:
        found = _at(phase, repeated, view, total, onset)
        if taught:
            found["teacher"] = (_scaled(teacher, 1.0, onset), Taught(taught, view))
        if hold:
            found["hold"] = (_scaled(hold, 1.0, onset), Held(view))
        return found

    return replace(_lengthened(method, terms), memory={**method.memory, **memory})


def _lengthened(method: Method, further: Callable[[Phase], Terms]) -> Method:
    """Return the method with additional losses in the phases that have losses to repeat."""
    phases = (replace(each, objective=each.objective.adding(**further(each))) if each.chained else each for each in method.phases)
    return replace(method, phases=tuple(phases))


def _exact(phase: Phase, extra: Sequence[float], repeated: Collection[str], cut: bool, onset: Schedule, recompute: bool) -> Terms:
    """Return the losses at every depth of the chain."""
    found: dict[str, tuple[Weight, Loss]] = {}
    for depth, factor in enumerate(extra, start=1):
        view = Recomputed(Onward(depth, cut)) if recompute else Onward(depth, cut)
        found |= _at(phase, repeated, view, factor, onset, str(depth))
    return found


def _at(
    phase: Phase, repeated: Collection[str], view: View, factor: float, onset: Schedule, name: str = "chain"
) -> dict[str, tuple[Weight, Loss]]:
    """Return the repeated losses in one view, with names such as `cycle_chain`."""
    terms = phase.objective.terms
    return {
        f"{each}_{name}": (_scaled(terms[each][0], factor, onset), Seen(terms[each][1], view))
        for each in phase.chained
        if each in repeated
    }


def _scaled(weight: Weight, factor: float, onset: Schedule) -> Weight:
    return factor * weight if onset is constant and not callable(weight) else product(factor, weight, onset)
