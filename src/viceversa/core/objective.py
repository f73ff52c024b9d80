"""Objectives: L = sum_i w_i(progress) * L_i, each loss by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor

from viceversa.core.schedules import Progress, Schedule

Loss = Callable[[Any], Tensor]
"""A scalar of a subject: a Journey for most methods, or what the method's own plan brings."""
Weight = float | Schedule
Terms = Mapping[str, tuple[Weight, Loss]]


def weigh(weight: Weight, progress: Progress) -> float:
    """The weight's value now."""
    return weight(progress) if callable(weight) else weight


class Objective:
    """Named, weighted losses, as in `Objective(adversarial=(1, Fool(gan)), cycle=(10, Cycle()))`. To be minimized.

    A loss whose weight is 0 at the moment is not computed.
    """

    def __init__(self, **terms: tuple[Weight, Loss]) -> None:
        self.terms: Terms = terms

    def __call__(self, subject: Any, progress: Progress) -> dict[str, Tensor]:
        """Each loss of the subject times its weight, by name: scalars to be added up."""
        weighed = ((name, weigh(weight, progress), loss) for name, (weight, loss) in self.terms.items())
        return {name: weight * loss(subject) for name, weight, loss in weighed if weight}

    def adding(self, **terms: tuple[Weight, Loss]) -> Objective:
        """With more losses. Raises ValueError where a name is taken."""
        if taken := self.terms.keys() & terms.keys():
            raise ValueError(f"losses of these names are there already: {', '.join(sorted(taken))}.")
        return Objective(**self.terms, **terms)

    def replacing(self, **terms: tuple[Weight, Loss]) -> Objective:
        """With other losses of the same names. Raises ValueError where a name is missing."""
        self._known(terms)
        return Objective(**{**self.terms, **terms})

    def without(self, *names: str) -> Objective:
        """Without some losses. Raises ValueError where a name is missing."""
        self._known(names)
        return Objective(**{name: term for name, term in self.terms.items() if name not in names})

    def _known(self, names: Iterable[str]) -> None:
        if missing := set(names) - self.terms.keys():
            raise ValueError(f"no losses of these names: {', '.join(sorted(missing))}; there are {', '.join(self.terms)}.")
