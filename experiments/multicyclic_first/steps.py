"""Each step of a chain of translations against no edit: does a model still translate what it has translated?"""

from __future__ import annotations

from typing import Any

import numpy as np

from viceversa.metrics.chain_protocol import Candidate, Place, Trial, Way
from viceversa.metrics.similarity import l1, psnr


def steps(candidate: Candidate, task: Trial, count: int) -> list[dict[str, Any]]:
    """Measures of step j = 1..count of the 8-bit chain, means over images; y_j: true edit of the source to t_j; y_0: the source.

    psnr of x^(j) to y_j, and psnr_no_edit of x^(j-1) to y_j; their mean difference is what the step is worth; moved: the L1
    from x^(j-1) to x^(j), and asked: the one from y_(j-1) to y_j, in levels.
    """
    found: dict[int, list[np.ndarray]] = {number: [] for number in range(1, count + 1)}
    for rows, made in candidate.outputs(task, Way(0, count)):
        before, before_truth = task.sources[rows], task.sources[rows]
        for number in found:
            place = Place("step", number, "8bit")
            image, truth = made[place], task.truth(place)[rows]
            measures = psnr(image, truth), psnr(before, truth), l1(image, before), l1(truth, before_truth)
            found[number].append(np.stack(measures))
            before, before_truth = image, truth
    names = ("psnr", "psnr_no_edit", "moved", "asked")
    means = {number: np.concatenate(parts, 1).mean(1) for number, parts in found.items()}
    return [{"step": number, **dict(zip(names, map(float, values), strict=True))} for number, values in means.items()]
