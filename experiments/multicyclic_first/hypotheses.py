"""H1 to H5, each answered by the seeds: yes, no, or undecided.

A difference between two arms is taken seed by seed: a seed has the same first weights and the same batches. The difference is
*clear* if its 95 % confidence interval over seeds, by Student's t, excludes 0. With three seeds that is strict: the interval is the
mean ± 2.5 standard deviations.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from experiments.common import table
from experiments.multicyclic_first.stored import Result, cell, differences, values

Found = Mapping[str, Sequence[Result]]
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""97.5 % point of Student's t by the number of seeds; its degrees of freedom are one fewer."""


@dataclass(frozen=True)
class Claim:
    """A prediction: arm - other has the sign `predicted`, in a measure of a direction, for each k."""

    what: str
    arm: str
    other: str
    direction: str
    measure: str
    predicted: int
    digits: int
    cycles: tuple[int, ...] = (1, 2, 3)
    factor: float = 1


ALL = (0, 1, 2, 3)
CLAIMS = (
    Claim("H1: after k >= 1 translations full has more of the labels than base", "full", "base", "inv", "changed_accuracy", 1, 3),
    Claim("H1, in pixels: full is nearer to the true edit", "full", "base", "inv", "psnr_to_truth", 1, 2, ALL),
    Claim("H2: back home, full is nearer to real images than base", "full", "base", "rec", "frechet_diagonal", -1, 1, ALL),
    Claim("H2, by the kernel distance", "full", "base", "rec", "kernel", -1, 0, ALL, 1000),
    Claim("H3: limited is nearer to real images than full ...", "limited", "full", "inv", "frechet_diagonal", -1, 1),
    Claim("... but translates less", "limited", "full", "inv", "changed_accuracy", -1, 3),
    Claim("H5: base at equal cost does not close H1", "full", "base-cost", "inv", "changed_accuracy", 1, 3),
    Claim("H5, in pixels: full is nearer to the true edit even then", "full", "base-cost", "inv", "psnr_to_truth", 1, 2, ALL),
    Claim("(not of the list) triple is nearer to the true edit than base", "triple", "base", "inv", "psnr_to_truth", 1, 2, ALL),
)


def answer(every: Sequence[float], predicted: int) -> str:
    """The answer by the difference of each seed: yes if it is clear and as predicted, no if it is clear and not, else undecided."""
    if len(every) not in STUDENT:
        return "undecided"
    mean, error = statistics.mean(every), statistics.stdev(every) / math.sqrt(len(every))
    if abs(mean) > error * STUDENT[len(every)]:
        return "yes" if mean * predicted > 0 else "no"
    if min(every) * max(every) > 0:
        return "undecided, every seed " + ("for it" if mean * predicted > 0 else "against it")
    return "undecided"


def hypotheses(found: Found) -> str:
    """Table of the hypotheses, the differences and the answers."""
    lines = [line for claim in CLAIMS if {claim.arm, claim.other} <= found.keys() for line in _claimed(found, claim)]
    titles = ("hypothesis", "measure", "k", "difference, mean over seeds (least to greatest)", "answer")
    return table(titles, [*lines, *_monotone(found)])


def _claimed(found: Found, claim: Claim) -> Iterator[list[str]]:
    for number in claim.cycles:
        place = (claim.direction, number, "8bit")
        every = [claim.factor * value for value in differences(found[claim.arm], found[claim.other], place, claim.measure)]
        words = f"{claim.measure.replace('_', ' ')}, {claim.direction}" + (f", x {claim.factor}" if claim.factor != 1 else "")
        first = number == claim.cycles[0]
        texts = cell(every, claim.digits, sign="+"), answer(every, claim.predicted)
        yield [claim.what if first else "", words if first else "", str(number), *texts]


def _monotone(found: Found) -> Iterator[list[str]]:
    """Lines of H4, by the rule of the other rows: growth from k = 1 to 2 and from 2 to 3, seed by seed."""
    what = "H4: distances grow with k from k = 1 on"
    for name, each in found.items():
        for direction in ("inv", "rec"):
            for measure, digits in (("frechet_diagonal", 1), ("perceptual_to_source", 3)):
                curves = [[values([result], (direction, k, "8bit"), measure)[0] for k in (1, 2, 3)] for result in each]
                steps = [list(column) for column in zip(*([b - a for a, b in pairwise(curve)] for curve in curves), strict=True)]
                cells = "; ".join(cell(step, digits, sign="+") for step in steps)
                words = f"{name}: {measure.replace('_', ' ')}, {direction}"
                yield [what, words, "1 to 2; 2 to 3", cells, both([answer(step, 1) for step in steps])]
                what = ""


def both(answers: Sequence[str]) -> str:
    """The answer of a claim in parts: yes if all are yes, no if one is no, otherwise as far as the seeds agree."""
    if "no" in answers:
        return "no"
    if set(answers) == {"yes"}:
        return "yes"
    every = "undecided, every seed for it"
    return every if set(answers) <= {"yes", every} else "undecided"
