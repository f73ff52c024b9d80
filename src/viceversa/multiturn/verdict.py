"""Verdict on editors, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from viceversa.metrics.bootstrap import Interval
from viceversa.multiturn.curves import GOALS, Curves, Difference, goal_of
from viceversa.multiturn.measures import RATES
from viceversa.multiturn.measuring import Reference

FEW = 20
"""Number of chains below which the verdict warns about their small number."""
MUCH = 0.75
"""Share of the squared error in one frequency band from which the verdict names the band."""


def verdict(editors: Sequence[Curves], found: Sequence[Difference]) -> str:
    """Return one line for each editor, and one for each editor after the first about its difference."""
    goal = goal_of(editors)
    return "\n".join([*(of_editor(editor, goal) for editor in editors), *compared(editors, found)])


def of_editor(editor: Curves, goal: Reference) -> str:
    """Return the verdict on one editor: distance to the goal after the last turn, contributions of the first and later turns, kind
    of error.

    Args:
        editor: curves of the editor.
        goal: the reference: "truth" or "source".
    """
    last = editor.last
    left = editor.mean(goal, "psnr", last) if last else None
    if left is None:
        return f"{editor.name}: nothing could be measured."
    level = editor.mean(goal, "l1", last)
    assert level is not None
    turns = counted(last, "turn")
    parts = [
        f"{editor.name}: after {turns} an image is {_said(left, 1, 'dB')} from its {GOALS[goal]}, {level.mean:.1f} levels a pixel."
    ]
    parts += [*_first_and_later(editor, goal), *_kind(editor, goal), *_again(editor), *_rates(editor), *_counts(editor, goal)]
    return " ".join(parts)


def compared(editors: Sequence[Curves], found: Sequence[Difference]) -> list[str]:
    """Return one line for each editor about its difference from the first, by L1 after the last turn that both have."""
    lines = []
    for editor in editors[1:]:
        mine = [each for each in found if each.editor == editor.name and each.measure == "l1" and each.what.startswith("turn")]
        if not mine:
            lines.append(f"{editor.name} and {editors[0].name} share no chain that was measured, so they cannot be compared.")
            continue
        one = mine[0]
        if one.interval.low <= 0 <= one.interval.high:
            clear = f"{counted(one.chains, 'shared chain')} cannot tell {one.editor} and {one.base} apart"
            lines.append(f"After {one.what} {clear}: {_signed(one.interval, 2, 'levels')}.")
        else:
            more = "farther from" if one.interval.mean > 0 else "nearer to"
            lines.append(
                f"After {one.what} {one.editor} is {more} the {GOALS[one.to]} than {one.base}: "
                f"{_signed(one.interval, 2, 'levels')} on {counted(one.chains, 'shared chain')}."
            )
    return lines


def _first_and_later(editor: Curves, goal: Reference) -> list[str]:
    first, slope = editor.mean(goal, "l1", 1), editor.slope(goal, "l1")
    if editor.last < 2 or first is None or slope is None:
        return []
    later = _signed(slope, 2, "levels")
    if editor.back:
        what = "is clear of 0" if slope.low > 0 or slope.high < 0 else "cannot be told from 0"
        alone = "" if len(editor.chains) == 1 else f", which {what}"
        there = f"There, at turn 1, it is {first.mean:.2f} levels"
        return [f"{there}; back, on even turns, it changes by {later} a turn{alone}."]
    if len(editor.chains) == 1:
        return [f"After turn 1 it is {first.mean:.2f} levels; each later turn adds {slope.mean:+.2f} levels."]
    if slope.low > 0:
        return [f"After turn 1 it is {first.mean:.2f} levels; each later turn adds {later}: it drifts."]
    if slope.high < 0:
        nearer = f"{-slope.mean:.2f} levels ({-slope.high:.2f} to {-slope.low:.2f}) nearer"
        return [f"After turn 1 it is {first.mean:.2f} levels; each later turn brings it {nearer}."]
    return [f"After turn 1 it is {first.mean:.2f} levels; later turns add nothing that can be told from 0: {later} a turn."]


def _kind(editor: Curves, goal: Reference) -> list[str]:
    """Return a sentence on whether the error is in fine detail, or in light, color and large shapes."""
    low, high = (_squared(editor, goal, measure) for measure in ("psnr_low", "psnr_high"))
    if low + high == 0:
        return []
    shift = editor.mean(goal, "color_shift", editor.last)
    assert shift is not None
    part = high / (low + high)
    if part >= MUCH:
        where = f"{part:.0%} of the squared error is in edges and texture"
    elif part <= 1 - MUCH:
        where = f"{1 - part:.0%} of the squared error is in light, color and large shapes"
    else:
        where = f"the squared error is in edges and texture ({part:.0%}) and in light, color and large shapes"
    return [f"{where[0].upper()}{where[1:]}; the mean color moves by {shift.mean:.1f} levels."]


def _squared(editor: Curves, goal: Reference, measure: str) -> float:
    """Return the mean squared error of a frequency band after the last turn; 100 dB count as 0."""
    values = editor.values(goal, measure)[:, editor.last - 1]  # type: ignore[arg-type]
    return float(np.nanmean(np.where(values >= 100, 0.0, 10 ** (-values / 10))))


def _again(editor: Curves) -> list[str]:
    """Return a sentence on how much of a turn is random."""
    found = editor.mean("again", "l1", editor.last)
    return [] if found is None else [f"Two answers to the same request differ by {found.mean:.2f} levels: that much is random."]


def _counts(editor: Curves, goal: Reference) -> list[str]:
    """Return sentences about missing turns and about few chains."""
    parts = []
    if editor.ended:
        parts.append(f"{editor.ended} of {counted(len(editor.chains), 'chain')} end before turn {editor.last}.")
    if goal == "truth" and editor.unknown:
        parts.append(f"{counted(editor.unknown, 'turn')} without a ground truth are left out.")
    if (known := len(editor.chains)) < FEW:
        parts.append(f"{'This is' if known == 1 else 'These are'} only {counted(known, 'chain')}.")
    return parts


def counted(number: int, what: str) -> str:
    """Return a number with its noun, such as "1 chain" or "2 chains"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _rates(editor: Curves) -> list[str]:
    parts = []
    success, collapse = (editor.rates(rate).get(editor.last) for rate in RATES)
    if success is not None:
        parts.append(f"All {editor.last} turns are right in {success.mean:.0%} of the chains.")
    if collapse is not None and collapse.mean:
        parts.append(
            f"{collapse.mean:.0%} have collapsed: an image is as far from all that its chain should show as another source is."
        )
    return parts


def _said(found: Interval, digits: int, unit: str) -> str:
    """Return a mean and its interval; a single chain has no interval."""
    if found.low == found.high:
        return f"{found.mean:.{digits}f} {unit}"
    return f"{found.mean:.{digits}f} {unit} ({found.low:.{digits}f} to {found.high:.{digits}f})"


def _signed(found: Interval, digits: int, unit: str) -> str:
    mean, low, high = (f"{value:+z.{digits}f}" for value in (found.mean, found.low, found.high))
    return f"{mean} {unit} ({low} to {high})"
