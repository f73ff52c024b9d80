"""Objectives: L = sum_i w_i(progress) * L_i, with named losses L_i."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor

from viceversa.core.schedules import Progress, Schedule

Loss = Callable[[Any], Tensor]
"""Function from a subject to a scalar. The subject is a Journey for most methods, otherwise what the method's plan returns."""
Weight = float | Schedule
Terms = Mapping[str, tuple[Weight, Loss]]


def weigh(weight: Weight, progress: Progress) -> float:
    """Return the value of a weight at this progress."""
    return weight(progress) if callable(weight) else weight


class Objective:
    """Sum of named, weighted losses, to be minimized: `Objective(adversarial=(1, Fool(gan)), cycle=(10, Cycle()))`.

    A loss is not computed while its weight is 0.
    """

    def __init__(self, **terms: tuple[Weight, Loss]) -> None:
        self.terms: Terms = terms

    def __call__(self, subject: Any, progress: Progress) -> dict[str, Tensor]:
        """Return each loss of the subject times its weight, by name: scalars to add up."""
        weighed = ((name, weigh(weight, progress), loss) for name, (weight, loss) in self.terms.items())
        return {name: weight * loss(subject) for name, weight, loss in weighed if weight}

    def adding(self, **terms: tuple[Weight, Loss]) -> Objective:
        """Return the objective with more losses. Raises ValueError if a name exists already."""
        if taken := self.terms.keys() & terms.keys():
            raise ValueError(f"losses of these names are there already: {', '.join(sorted(taken))}.")
        return Objective(**self.terms, **terms)

    def replacing(self, **terms: tuple[Weight, Loss]) -> Objective:
        """Return the objective with other losses under existing names. Raises ValueError if a name is missing."""
        self._known(terms)
        return Objective(**{**self.terms, **terms})

    def without(self, *names: str) -> Objective:
        """Return the objective without some losses. Raises ValueError if a name is missing."""
        self._known(names)
        return Objective(**{name: term for name, term in self.terms.items() if name not in names})

    def _known(self, names: Iterable[str]) -> None:
        if missing := set(names) - self.terms.keys():
            raise ValueError(f"no losses of these names: {', '.join(sorted(missing))}; there are {', '.join(self.terms)}.")
