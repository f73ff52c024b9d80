"""Curves of an editor's measurements over turns, with confidence intervals over chains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from viceversa.metrics.bootstrap import Interval, interval, intervals, paired_interval
from viceversa.multiturn.measures import Measure, Rate
from viceversa.multiturn.measuring import REFERENCES, ChainValues, Reference

KNOWN = 0.9
"""Share of turns with ground truth from which images are compared with it first."""
GOALS: Mapping[Reference, str] = {"truth": "ground truth", "source": "source"}
"""Names of the reference with which images are compared first."""


@dataclass(frozen=True, eq=False)
class Curves:
    """Measurements of one editor: its chains by turns.

    Args:
        name: name of the editor.
        chains: measurements of each chain.
        problems: one line for everything that could not be used.
        facts: facts in the folder's run.json.
    """

    name: str
    chains: Sequence[ChainValues]
    problems: Sequence[str] = ()
    facts: Mapping[str, str] | None = None
    _means: dict[object, Mapping[int, Interval]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return tuple(chain.id for chain in self.chains)

    @cached_property
    def numbers(self) -> list[int]:
        """The turns that any chain has, in order."""
        return sorted({number for chain in self.chains for number in chain.turns})

    @cached_property
    def last(self) -> int:
        """The last turn that at least half of the chains have, which is the judged one. 0 if no chain has any."""
        counts = Counter(number for chain in self.chains for number in chain.turns)
        measured = sum(bool(chain.turns) for chain in self.chains)
        return max((number for number, count in counts.items() if 2 * count >= measured), default=0)

    @cached_property
    def ended(self) -> int:
        """Number of chains without the last turn."""
        return sum(self.last not in chain.turns for chain in self.chains) if self.last else 0

    @cached_property
    def goal(self) -> Reference:
        """Reference for the images: the ground truth if nine of ten measured turns have one, otherwise the source."""
        turns = [turn for chain in self.chains for turn in chain.turns.values()]
        known = sum("truth" in turn.distances for turn in turns)
        return "truth" if turns and known >= KNOWN * len(turns) else "source"

    @cached_property
    def unknown(self) -> int:
        """Number of turns without a ground truth."""
        return sum("truth" not in turn.distances for chain in self.chains for turn in chain.turns.values())

    @cached_property
    def back(self) -> bool:
        """Whether even turns lead back to the source, so only even turns are compared with each other."""
        return (self.facts or {}).get("protocol") == "there-and-back"

    @cached_property
    def references(self) -> list[Reference]:
        """References with which turns are compared, in the order of REFERENCES."""
        found = {name for chain in self.chains for turn in chain.turns.values() for name in turn.distances}
        return [name for name in REFERENCES if name in found]

    def values(self, reference: Reference, measure: Measure) -> NDArray[np.float64]:
        """Return the distances of all chains at turns 1, 2, ...: (chains, turns), NaN if undefined."""
        table = self._empty()
        for row, chain in enumerate(self.chains):
            for number, turn in chain.turns.items():
                table[row, number - 1] = turn.distances.get(reference, {}).get(measure, np.nan)
        return table

    def means(self, reference: Reference, measure: Measure) -> Mapping[int, Interval]:
        """Return the mean over chains, with its interval, for each turn in which it is defined for any chain."""
        key = (reference, measure)
        if key not in self._means:  # tables, curves and numbers need the same mean, which takes a thousand resamples
            self._means[key] = _by_turn(self.values(reference, measure))
        return self._means[key]

    def mean(self, reference: Reference, measure: Measure, turn: int) -> Interval | None:
        """Return the mean over chains after a turn, with its interval; None if it is undefined for all chains."""
        return self.means(reference, measure).get(turn)

    def rates(self, rate: Rate) -> Mapping[int, Interval]:
        """Return a share of chains, with its interval, for each turn in which it is known."""
        if rate not in self._means:
            self._means[rate] = _by_turn(self.success if rate == "success_rate" else self.collapsed)
        return self._means[rate]

    def slopes(self, reference: Reference, measure: Measure) -> NDArray[np.float64]:
        """Return each chain's slope per turn by least squares over turns 1, 2, ...: (chains,), NaN for fewer than two turns.

        If even turns lead back to the source, only turns 2, 4, ... are used.
        """
        values = self.values(reference, measure)
        if self.back:
            values[:, ::2] = np.nan
        return np.array([_slope(row) for row in values])

    def slope(self, reference: Reference, measure: Measure) -> Interval | None:
        """Return the mean slope over chains with its interval."""
        return interval(self.slopes(reference, measure))

    @cached_property
    def success(self) -> NDArray[np.float64]:
        """Success rate SR@k: 0 if one of turns 1..k of a chain is wrong, otherwise NaN if one is unknown, otherwise 1: (chains,
        turns)."""
        table = self._empty()
        for row, chain in enumerate(self.chains):
            rights = [chain.turns[number].right if number in chain.turns else None for number in range(1, table.shape[1] + 1)]
            for column in range(len(rights)):
                known = rights[: column + 1]
                table[row, column] = 0 if False in known else np.nan if None in known else 1
        return table

    @cached_property
    def stranger(self) -> float | None:
        """Median perceptual distance between two different sources; None if there are not two."""
        found = [chain.to_stranger for chain in self.chains if chain.to_stranger]
        return float(np.median(found)) if found else None

    @cached_property
    def collapsed(self) -> NDArray[np.float64]:
        """Collapse rate CR@k: 1 if an image up to turn k is as far from its references as another source, otherwise 0: (chains,
        turns).

        The references are the source and the ground truths of the chain; distances are perceptual. A collapsed chain stays
        collapsed. NaN if nothing was measured, or if all sources are equal.
        """
        nearest = self._empty()
        for row, chain in enumerate(self.chains):
            for number, turn in chain.turns.items():
                nearest[row, number - 1] = turn.nearest
        if self.stranger is None:
            return np.full(nearest.shape, np.nan)
        far = np.maximum.accumulate(np.nan_to_num(nearest, nan=-np.inf), 1) >= self.stranger
        return np.where(far, 1.0, np.where(np.isnan(nearest), np.nan, 0.0))

    @cached_property
    def resized(self) -> int:
        """Number of chains with an image whose size differs from the source's."""
        return sum(any(turn.resized for turn in chain.turns.values()) for chain in self.chains)

    def _empty(self) -> NDArray[np.float64]:
        """Return a table (chains, turns) of NaN, up to the last turn of any chain."""
        return np.full((len(self.chains), max(self.numbers, default=0)), np.nan)

    def of(self, ids: Sequence[str]) -> Curves:
        """Return the curves of some chains, in that order."""
        by_id = {chain.id: chain for chain in self.chains}
        return Curves(self.name, [by_id[each] for each in ids], self.problems, self.facts)


@dataclass(frozen=True)
class Difference:
    """Difference of an editor from the first one on the same chains.

    Args:
        editor, base: their names.
        measure: measure of the distance.
        to: reference of the distance: the ground truth if both are compared with it, otherwise the source.
        what: "turn K", "first step" or "slope".
        interval: mean difference editor - base, paired by chain, with its interval.
        chains: number of chains in which both are defined.
    """

    editor: str
    base: str
    measure: Measure
    to: Reference
    what: str
    interval: Interval
    chains: int


def goal_of(editors: Sequence[Curves]) -> Reference:
    """Return the reference for several editors: the ground truth if all are compared with it, otherwise the source."""
    return "truth" if all(editor.goal == "truth" for editor in editors) else "source"


def differences(editors: Sequence[Curves], measures: Sequence[Measure]) -> list[Difference]:
    """Compare every editor with the first, paired by chain: after the last turn that both have, after turn 1, and by slope."""
    found, goal = [], goal_of(editors)
    for other in editors[1:]:
        shared = [each for each in editors[0].ids if each in set(other.ids)]
        if not shared:
            continue
        base, editor = editors[0].of(shared), other.of(shared)
        last = min(base.last, editor.last)
        for measure in measures:
            mine, theirs = editor.values(goal, measure), base.values(goal, measure)
            pairs = {
                f"turn {last}": (mine[:, last - 1], theirs[:, last - 1]) if last else None,
                "first step": (mine[:, 0], theirs[:, 0]) if last > 1 else None,
                "slope": (editor.slopes(goal, measure), base.slopes(goal, measure)) if last > 1 else None,
            }
            for what, pair in pairs.items():
                between = None if pair is None else paired_interval(*pair)
                if pair is not None and between is not None:
                    both = int(np.isfinite(np.subtract(*pair)).sum())
                    found.append(Difference(editor.name, base.name, measure, goal, what, between, both))
    return found


def _by_turn(table: NDArray[np.float64]) -> dict[int, Interval]:
    """Return the mean over chains, with its interval, for each turn of a table (chains, turns)."""
    known = np.flatnonzero(np.isfinite(table).any(0))
    found = intervals({str(column): table[:, column] for column in known})
    return {int(column) + 1: each for column, each in found.items()}


def _slope(row: NDArray[np.float64]) -> float:
    """Return the slope of one chain's values at turns 1, 2, ..."""
    turns = np.flatnonzero(np.isfinite(row))
    return float(np.polyfit(turns, row[turns], 1)[0]) if len(turns) > 1 else float("nan")
