"""Verdict on a comparison: a few sentences on how good a model is, and what to do if it is not.

The verdict only reads measurements. A sentence on each model names its faults, how close it comes to a perfect translation, and
what is left of an image on the way back. Several models are ranked only if intervals over images support every rank.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from viceversa.evaluation.judge import Assessment
from viceversa.metrics.bootstrap import paired_interval
from viceversa.metrics.chain_protocol import Place
from viceversa.metrics.health import COLLAPSED, DEAF, GRIDS, INVERTED, UNCHANGED, Sign, signs
from viceversa.metrics.rows import TRUSTED, Row, rounded

HALVED = 20 * math.log10(2)
"""Gain in PSNR over the unchanged source from which an edit is called close: 6 dB, which is half the error's amplitude."""
CLOSE, PART = 0.8, 0.3
"""Progress from which outputs are called close, or on the way: 0 is no translation, 1 is real images or all labels right.

The packaged model has more than 0.9 of its labels right; a model that changes every second attribute has 0.5.
"""
RETURNS, LOSES = 25.0, 18.0
"""PSNR to the source in dB after the way back. Above the first, the picture is the same except for details; below the second, it
is another picture. The errors are 14 and 32 levels of 255."""
SURE = 2.0
"""Number of standard deviations from which two kernel distances count as different."""
FEW = 50
"""Number of test images below which the verdict warns that they are few: a share of 50 has a standard error of up to 7 %."""

_FAULTS: Mapping[Sign, str] = {
    UNCHANGED: "the outputs are nearly the inputs: the model changes almost nothing",
    COLLAPSED: "all outputs look alike, whatever the input",
    DEAF: "the outputs do not depend on the labels asked for",
    INVERTED: "the outputs are negatives of the inputs",
}
_REMEDIES: Mapping[Sign, str] = {
    UNCHANGED: "Train longer, or give the cycle and identity losses less weight (method.cycle, method.identity)",
    COLLAPSED: "Train again with a lower learning rate or another seed",
    DEAF: "Give the classification loss more weight (method.classification), and check the labels of the data",
    INVERTED: "Train again with another seed, or give the identity loss more weight (method.identity)",
}
_LONGER = "Train longer"
_WAY_BACK = "Give the cycle loss more weight (method.cycle), or use the multicyclic loss (multicycle.extra)"


@dataclass(frozen=True, eq=False)
class Facts:
    """Facts that all models of a comparison share: the bounds, the two spaces, and the labels.

    Args:
        accuracy: accuracy of the labeller on real test images; None without a labeller.
        ways: differences of the trainings, in words.
        untrained: models that cannot be trained here, such as functions and folders of results; they get no advice.
    """

    bounds: Sequence[Row]
    away: str
    labeled: bool
    samples: int
    cycles: int
    accuracy: float | None = None
    ways: str = ""
    untrained: Collection[str] = ()

    def bound(self, name: str) -> Row | None:
        """Return the row of a bound for inv_0."""
        return _row(self.bounds, name, "inv", 0)


@dataclass(frozen=True)
class Share:
    """Progress of a model. share: from no translation (0) to a perfect one (1, the most); below 0 if the model does harm."""

    share: float
    words: str


@dataclass(frozen=True)
class _Judged:
    """Texts on a model: its faults, progress and way back, and advice."""

    texts: Sequence[str]
    remedies: Sequence[str] = field(default_factory=list)

    def sentence(self, start: str) -> str:
        said = "; ".join(self.texts)
        todo = f" {'. '.join(dict.fromkeys(self.remedies))}." if self.remedies else ""
        return f"{start}{said[:1].upper() if not start else said[:1]}{said[1:]}.{todo}"


def verdict(models: Mapping[str, Assessment], facts: Facts) -> str:
    """Return one or two sentences on one model; for several, a sentence on their ranking and a line on each. "" without models.

    models: name of each method -> assessment.
    """
    judged = {name: _judged(assessment, facts) for name, assessment in models.items()}
    judged |= {name: replace(judged[name], remedies=()) for name in facts.untrained if name in judged}
    if not judged:
        return ""
    order, ranked = ranking(models, facts) if len(models) > 1 else (list(models), "")
    parts = [ranked] if ranked else []
    parts += [judged[name].sentence(f"{name}: " if len(models) > 1 else "") for name in order]
    if facts.labeled and facts.accuracy is not None and facts.accuracy < TRUSTED:
        parts.append(
            "Label accuracies are not to be relied on: the labeller reads "
            f"{_percent(facts.accuracy)} of the attributes of real test images right."
        )
    if facts.ways:
        parts.append(f"The models were not trained alike ({facts.ways}).")
    if facts.samples < FEW:
        parts.append(f"These are {facts.samples} test images, which is few: measure more before you decide.")
    return ("\n" if len(models) > 1 else " ").join(parts)


def ranking(models: Mapping[str, Assessment], facts: Facts) -> tuple[list[str], str]:
    """Return the names, the best first if every rank is supported, and sentences on the ranking."""
    found = _measure(models, facts)
    if found is None:
        return list(models), "The models are not ranked: no measure of the translation is known for all of them."
    words, values, clear = found
    order = sorted(models, key=lambda name: -values[name])
    if len({f"{value:.6g}" for value in values.values()}) == 1:
        return list(models), f"The models cannot be told apart by {words}."
    if all(clear(better, worse) for better, worse in pairwise(order)):
        return order, f"Best first, by {words}; the intervals support this order:"
    if all(clear(order[0], other) for other in order[1:]):
        return order, f"{order[0]} is the best by {words}; the order of the others is within chance."
    return list(models), f"The order of the models is within chance, by {words}."


Clear = Callable[[str, str], bool]


def _measure(models: Mapping[str, Assessment], facts: Facts) -> tuple[str, dict[str, float], Clear] | None:
    """Return the ranking metric in words, the value of each model (higher is better), and a test whether one is clearly better."""
    place = Place("inv", 0, "8bit")
    choices = [("psnr_to_truth", "PSNR to the ground truth")]
    choices += [("changed_accuracy", "accuracy of the attributes to change")] if _read_well(facts) else []
    for metric, words in choices:
        values = {name: each.per_image.get(place, {}).get(metric) for name, each in models.items()}
        known = {name: value for name, value in values.items() if value is not None and np.isfinite(value).any()}
        if len(known) == len(models):

            def clear(better: str, worse: str, known: Mapping[str, np.ndarray] = known) -> bool:
                between = paired_interval(known[better], known[worse])
                return between is not None and between.low > 0

            return words, {name: float(np.nanmean(value)) for name, value in known.items()}, clear
    rows = {name: _row(each.rows, None, "inv", 0) for name, each in models.items()}
    distances = {name: -row.kernel for name, row in rows.items() if row is not None and row.kernel is not None}
    if facts.labeled or len(distances) < len(models):
        return None
    spread = {name: (row.kernel_std or 0.0) if row is not None else 0.0 for name, row in rows.items()}
    return (
        f"distance to real {facts.away!r} images",
        distances,
        lambda better, worse: distances[better] - distances[worse] > SURE * math.hypot(spread[better], spread[worse]),
    )


def _judged(assessment: Assessment, facts: Facts) -> _Judged:
    """Return the texts on one model."""
    found = signs(assessment.measures)
    faults = [sign for sign in found if sign in _FAULTS]
    texts, remedies = [_FAULTS[sign] for sign in faults], [_REMEDIES[sign] for sign in faults]
    progress = _progress(assessment, facts)
    if progress is not None:
        texts.append(progress.words)
        if progress.share < CLOSE and not faults:
            remedies.append(_LONGER)
    for grid in (sign for sign in found if sign in GRIDS):
        texts.append(grid.name.replace("lies over outputs", "is visible"))
        remedies.append(f"{_LONGER}, or lower the learning rate, until the grid fades")
        remedies = [each for each in remedies if each != _LONGER]
    back = _way_back(assessment, facts)
    if back is not None and UNCHANGED not in faults:
        words, lost = back
        texts.append(words)
        remedies += [_WAY_BACK] if lost and not faults else []
    return _Judged(texts or ["nothing is known of its translations: no reference was measured"], remedies)


def _progress(assessment: Assessment, facts: Facts) -> Share | None:
    """Return the progress of inv_0 by ground truth, labels or the distance to real images: the first one that is known."""
    row, floor = _row(assessment.rows, None, "inv", 0), facts.bound("floor")
    if row is None:
        return None
    return _by_truth(row, floor) or (_by_labels(row, facts) if facts.labeled else _by_distance(row, floor, facts))


def _by_truth(row: Row, floor: Row | None) -> Share | None:
    if row.psnr_to_truth is None or floor is None or floor.psnr_to_truth is None:
        return None
    gain = row.psnr_to_truth - floor.psnr_to_truth
    numbers = f"PSNR {row.psnr_to_truth:.1f} dB, untouched sources {floor.psnr_to_truth:.1f} dB"
    if gain <= 0:
        return Share(-1.0, f"the outputs are no nearer to the ground truth than the untouched sources ({numbers})")
    share = min(gain / HALVED, 1.0)
    how = "close to" if share >= 1 else "on the way to" if share >= PART else "hardly nearer to"
    return Share(share, f"the outputs are {how} the ground truth ({numbers})")


def _by_labels(row: Row, facts: Facts) -> Share | None:
    if not _read_well(facts) or row.changed_accuracy is None:
        return None
    kept = "" if row.kept_accuracy is None else f", and {_percent(row.kept_accuracy)} of the others are kept"
    share = row.changed_accuracy if row.kept_accuracy is None else min(row.changed_accuracy, row.kept_accuracy)
    return Share(share, f"{_percent(row.changed_accuracy)} of the attributes to change are as asked{kept}")


def _by_distance(row: Row, floor: Row | None, facts: Facts) -> Share | None:
    """Return the progress by the kernel distance to real images of the other space."""
    if row.kernel is None or floor is None or floor.kernel is None:
        return None
    real = facts.bound("real")
    least = real.kernel if real is not None and real.kernel is not None else 0.0
    way = floor.kernel - least
    if way <= SURE * math.hypot(floor.kernel_std or 0.0, (real.kernel_std or 0.0) if real is not None else 0.0):
        return Share(
            math.nan, "the images of the two spaces are too alike, or too few, to judge outputs by the distance between them"
        )
    share = min((floor.kernel - row.kernel) / way, 1.0)
    numbers = f"kernel distance x1000: {rounded(1000 * row.kernel, 1)}, untouched sources {rounded(1000 * floor.kernel, 1)}"
    numbers += f", other real images {rounded(1000 * least, 1)}" if real is not None else ""
    if share <= 0:
        how = "no nearer than the untouched sources to"
    else:
        how = "close to" if share >= CLOSE else "on the way to" if share >= PART else "far from"
    return Share(share, f"the outputs are {how} real {facts.away!r} images ({numbers})")


def _way_back(assessment: Assessment, facts: Facts) -> tuple[str, bool] | None:
    """Return what is left of a source after the longest chain and the way back, and whether it is lost; None for one-way models."""
    row = _row(assessment.rows, None, "rec", facts.cycles)
    if row is None or row.psnr_to_truth is None or not facts.cycles:
        return None
    after = f"{facts.cycles} {'earlier translation' if facts.labeled else 'round trip'}{'s' * (facts.cycles > 1)}"
    each = assessment.per_image.get(Place("rec", facts.cycles, "8bit"), {}).get("psnr_to_truth")
    nearness = row.psnr_to_truth if each is None else float(np.median(each))  # images equal to their source would raise a mean
    numbers = f"PSNR to the source {nearness:.1f} dB"
    if nearness >= RETURNS:
        return f"sources come back nearly as they were after {after} ({numbers})", False
    if nearness >= LOSES:
        return f"sources come back only roughly after {after} ({numbers})", False
    return f"sources do not come back after {after} ({numbers})", True


def _read_well(facts: Facts) -> bool:
    return facts.labeled and facts.accuracy is not None and facts.accuracy >= TRUSTED


def _row(rows: Sequence[Row], name: str | None, direction: Literal["inv", "rec"], cycles: int) -> Row | None:
    """Return the row of the 8-bit chain, or of the float chain if there is no other. name: model, if rows have several."""
    for chain in ("8bit", "float"):
        for row in rows:
            if name in (None, row.model) and (row.direction, row.cycles, row.chain) == (direction, cycles, chain):
                return row
    return None


def _percent(share: float) -> str:
    """Return a percentage, rounded to the nearest integer; 100 % is reserved for all."""
    return f"{round(100 * share) if share >= 1 else min(round(100 * share), 99)} %"
