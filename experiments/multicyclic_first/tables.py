"""The experiment's tables, in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from experiments.common import table
from experiments.multicyclic_first.arms import ARMS, VARIATIONS
from experiments.multicyclic_first.stored import Place, Result, cell, half_width, values

Found = Mapping[str, Sequence[Result]]


def costs(found: Found) -> str:
    """Table of the arms and their costs."""
    lines = []
    for name, each in found.items():
        facts, seconds = each[0].facts, [result.facts["seconds"] for result in each]
        work = f"{facts['operations'] / 1e12:.1f}"
        lines.append([name, {**ARMS, **VARIATIONS}[name].what, str(len(each)), f"{facts['updates']:,}", work, cell(seconds, 0)])
    return table(("arm", "what", "seeds", "updates", "10¹² operations", "seconds"), lines)


MAIN = (
    ("changed accuracy, inv", "inv", "changed_accuracy", 3, 1), ("PSNR to the true edit, inv", "inv", "psnr_to_truth", 2, 1),
    ("L1 outside the edit, inv", "inv", "l1_outside", 2, 1),
    ("kernel to the true edits x 1000, inv", "inv", "kernel_target", 0, 1000),
    ("PSNR to the source, rec", "rec", "psnr_to_truth", 2, 1), ("perceptual, rec", "rec", "perceptual_to_source", 2, 1),
)  # fmt: skip
"""Title, direction, measure, digits, factor."""


def main_table(found: Found, cycles: Sequence[int] = range(4)) -> str:
    """Table of the 8-bit chains of each arm and of doing nothing."""
    lines = []
    for name, each in found.items():
        for number in cycles:
            cells = []
            for _, direction, measure, digits, factor in MAIN:
                cells.append(cell([factor * value for value in values(each, (direction, number, "8bit"), measure)], digits))
            lines.append([name if number == cycles[0] else "", str(number), *cells])
    nothing = next(iter(found.values()))[0].bounds["floor"]
    for number in cycles:
        known = [(nothing[direction, number, "8bit"][measure], digits, factor) for _, direction, measure, digits, factor in MAIN]
        cells = [cell([] if value is None else [factor * value], digits) for value, digits, factor in known]
        lines.append(["no edit" if number == cycles[0] else "", str(number), *cells])
    return table(("arm", "k", *(title for title, *_ in MAIN)), lines)


def chain_table(found: Found) -> str:
    """Table of PSNR to the true edit after each of ten translations."""
    lines = [
        [name, *(cell([statistics.mean(values(each, ("step", number, "8bit"), "psnr_to_truth"))], 1) for number in range(1, 11))]
        for name, each in found.items()
    ]
    return table(("PSNR to the true edit after step", *map(str, range(1, 11))), lines)


def collapse_table(found: Found) -> str:
    """Table of what a step of a chain is worth against no edit: step 1, and steps 2 to 10 together."""
    lines = []
    for name, each in found.items():
        known = [result.steps for result in each if result.steps]
        if known:
            worth = [[step["psnr"] - step["psnr_no_edit"] for step in steps] for steps in known]
            share = [[step["moved"] / step["asked"] for step in steps] for steps in known]
            accuracy = [[result.rows["step", number, "8bit"]["changed_accuracy"] for number in range(1, 11)] for result in each]
            first = [cell([one[0] for one in measured], digits) for measured, digits in ((worth, 2), (share, 2), (accuracy, 3))]
            later = [
                cell([statistics.mean(one[1:]) for one in measured], digits)
                for measured, digits in ((worth, 2), (share, 2), (accuracy, 3))
            ]
            lines.append([name, *(text for pair in zip(first, later, strict=True) for text in pair)])
    measures = ("dB nearer to the true edit than no edit", "L1 moved for L1 asked", "changed accuracy")
    return table(("arm", *(f"{measure}, {step}" for measure in measures for step in ("step 1", "steps 2 to 10"))), lines)


def probes_table(found: Found) -> str:
    """Table of PSNR to the source of rec_3 through each link."""
    links = ("float", "8bit", "noise", "jpeg", "blur")
    lines = [[name, *(cell(values(each, ("rec", 3, link), "psnr_to_truth"), 2) for link in links)] for name, each in found.items()]
    nothing = next(iter(found.values()))[0].bounds["floor"]
    lines.append(["no edit", *(cell([nothing["rec", 3, link]["psnr_to_truth"]], 2) for link in links)])
    return table(("PSNR to the source, rec 3, through", *links), lines)


def seed_table(found: Found) -> str:
    """Table in the form of the multicyclic author's own one, with accuracy by an independent classifier beside it.

    The author's columns are diagonal Frechet distance, perceptual distance, and accuracy by the model's own discriminator.
    """
    measures = (("frechet_diagonal", 1), ("perceptual_to_source", 2), ("own_accuracy_bits", 3), ("label_accuracy_bits", 3))
    words = ("diagonal Fréchet", "perceptual", "own accuracy", "independent accuracy")
    titles = ("arm", "k", *(f"{name}, {way}" for name in words for way in ("inv", "rec")))
    lines = []
    for name, each in found.items():
        for number in range(4):
            cells = []
            for measure, digits in measures:
                places: list[Place] = [("inv", number, "8bit"), ("rec", number, "8bit")]
                cells += [cell(values(each, at, measure), digits, half=half_width(each, at, measure)) for at in places]
            lines.append([name if not number else "", str(number), *cells])
    return table(titles, lines)
