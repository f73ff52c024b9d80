"""What was measured of an editor's chains, as curves over turns with intervals over the chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from viceversa.metrics.bootstrap import Interval, interval, paired_interval
from viceversa.multiturn.measures import Measure
from viceversa.multiturn.measuring import REFERENCES, ChainValues, Reference

GOALS: Mapping[Reference, str] = {"truth": "ground truth", "source": "source"}
"""What images are compared with first, in words."""


@dataclass(frozen=True, eq=False)
class Curves:
    """The values of one editor: its chains by turns.

    Args:
        name: what the editor is called.
        chains: what was measured of each.
        problems: what could not be used, one line each.
        facts: what the folder says of itself.
    """

    name: str
    chains: Sequence[ChainValues]
    problems: Sequence[str] = ()
    facts: Mapping[str, str] | None = None

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return tuple(chain.id for chain in self.chains)

    @cached_property
    def last(self) -> int:
        """The last turn that any chain has."""
        return max((number for chain in self.chains for number in chain.turns), default=0)

    @cached_property
    def goal(self) -> Reference:
        """What images should show: the ground truth, if every turn that was measured has one; else the source."""
        turns = [turn for chain in self.chains for turn in chain.turns.values()]
        return "truth" if turns and all("truth" in turn.distances for turn in turns) else "source"

    @cached_property
    def references(self) -> list[Reference]:
        """What turns are compared with, in the order of REFERENCES."""
        found = {name for chain in self.chains for turn in chain.turns.values() for name in turn.distances}
        return [name for name in REFERENCES if name in found]

    def values(self, reference: Reference, measure: Measure) -> NDArray[np.float64]:
        """Return the distances of all chains at turns 1, 2, ...: (chains, turns), NaN where one is not defined."""
        table = np.full((len(self.chains), self.last), np.nan)
        for row, chain in enumerate(self.chains):
            for number, turn in chain.turns.items():
                table[row, number - 1] = turn.distances.get(reference, {}).get(measure, np.nan)
        return table

    def mean(self, reference: Reference, measure: Measure, turn: int) -> Interval | None:
        """Return the mean over chains after a turn with its interval; None if it is not defined for any chain."""
        return interval(self.values(reference, measure)[:, turn - 1]) if 1 <= turn <= self.last else None

    def slopes(self, reference: Reference, measure: Measure) -> NDArray[np.float64]:
        """Return each chain's slope per turn by least squares over turns 1, 2, ...: (chains,), NaN for fewer than two turns."""
        return np.array([_slope(row) for row in self.values(reference, measure)])

    def slope(self, reference: Reference, measure: Measure) -> Interval | None:
        """Return the mean slope over chains with its interval."""
        return interval(self.slopes(reference, measure))

    @cached_property
    def success(self) -> NDArray[np.float64]:
        """SR@k: 1 if all turns 1..k of a chain are right, 0 if one is wrong, NaN if one is unknown: (chains, turns)."""
        table = np.full((len(self.chains), self.last), np.nan)
        for row, chain in enumerate(self.chains):
            for number in range(1, self.last + 1):
                turn = chain.turns.get(number)
                if turn is None or turn.right is None:
                    break
                table[row, number - 1] = turn.right and (number == 1 or table[row, number - 2])
        return table

    @cached_property
    def stranger(self) -> float | None:
        """The median perceptual distance of two sources; None for a single chain."""
        found = [chain.to_stranger for chain in self.chains if chain.to_stranger is not None]
        return float(np.median(found)) if found else None

    @cached_property
    def collapsed(self) -> NDArray[np.float64]:
        """CR@k: 1 if an image up to turn k is as far from all that its chain should show as another source is, else 0.

        A chain should show its source and its ground truths; distances are perceptual. (chains, turns); NaN where nothing was
        measured, and for a single chain.
        """
        nearest = np.full((len(self.chains), self.last), np.nan)
        for row, chain in enumerate(self.chains):
            for number, turn in chain.turns.items():
                nearest[row, number - 1] = turn.nearest
        if self.stranger is None:
            return np.full(nearest.shape, np.nan)
        far = np.maximum.accumulate(np.nan_to_num(nearest, nan=-np.inf), 1) >= self.stranger
        return np.where(np.isnan(nearest), np.nan, far)

    @cached_property
    def resized(self) -> int:
        """Number of chains in which an image had another size than the source."""
        return sum(any(turn.resized for turn in chain.turns.values()) for chain in self.chains)

    def of(self, ids: Sequence[str]) -> Curves:
        """Return the same for some chains, in that order."""
        by_id = {chain.id: chain for chain in self.chains}
        return Curves(self.name, [by_id[each] for each in ids], self.problems, self.facts)


@dataclass(frozen=True)
class Difference:
    """How an editor differs from the first one on the same chains.

    Args:
        editor, base: their names.
        measure: of the distance.
        to: what images are compared with: the ground truth if both have it everywhere, else the source.
        what: "turn K", "first step" or "slope".
        interval: of the mean difference editor - base, paired by chain.
        chains: number of chains that both have.
    """

    editor: str
    base: str
    measure: Measure
    to: Reference
    what: str
    interval: Interval
    chains: int


def goal_of(editors: Sequence[Curves]) -> Reference:
    """Return what the images of several editors are compared with: the ground truth if all have it everywhere, else the source."""
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
                if between is not None:
                    found.append(Difference(editor.name, base.name, measure, goal, what, between, len(shared)))
    return found


def _slope(row: NDArray[np.float64]) -> float:
    """Of one chain's values at turns 1, 2, ..."""
    turns = np.flatnonzero(np.isfinite(row))
    return float(np.polyfit(turns, row[turns], 1)[0]) if len(turns) > 1 else float("nan")
