"""Example images of a report: the worst, the middle and the best ones of the first model, as all models translate them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viceversa.evaluation.judge import Assessment
from viceversa.evaluation.report.contents import CaptionedImage, Strip
from viceversa.images.pixels import Pixels
from viceversa.metrics.accuracies import PerImage
from viceversa.metrics.chain_protocol import Candidate, Direction, Place, Trial, Way

EACH = 2
"""Numbers of the worst, the middle and the best images."""

_RANKED: tuple[tuple[Direction, str, str], ...] = (
    ("inv", "psnr_to_truth", "PSNR to the ground truth {:.1f} dB"),
    ("inv", "label_accuracy", "label accuracy of inv {:.3f}"),
    ("rec", "psnr_to_truth", "PSNR to the source {:.1f} dB"),
)
"""Metrics that rank images, higher is better; the first one that is known and differs between images is used.

Between two spaces, label accuracy is not used. It says whether a classifier assigns the output to the other space, which is
nearly always or nearly never the case, so it ranks nothing.
"""

_NAMES: dict[Direction, str] = {"step": "on the way", "inv": "inv", "rec": "rec"}


@dataclass(frozen=True, eq=False)
class Shown:
    """A model in the examples: its outputs for the chosen images, and the measurements of all images."""

    title: str
    outputs: Mapping[Place, Pixels]
    per_image: Mapping[Place, PerImage]


def strips(
    task: Trial, way: Way, models: Mapping[str, tuple[Candidate, Assessment]], name: str, ranking: Assessment
) -> list[Strip]:
    """Return a strip for each chosen image: the outputs of every model through 8 bits, with their measurements.

    Args:
        models: title -> model and assessment.
        name, ranking: name and assessment of the model that decides which images are shown.
    """
    if not ranking.per_image:
        return []
    found = _values(ranking, way, labeled=task.labeled)
    people = _spread(len(task)) if found is None else _chosen(found[1])
    few = task.of(list(people))
    shown = [Shown(title, _outputs(candidate, few, way), each.per_image) for title, (candidate, each) in models.items()]
    captions = [*(f"k = {number}" for number in range(way.longest + 1)), "should be"]
    made = []
    for index, (row, rank) in enumerate(people.items()):
        identity = task.dataset.splits[task.split][task.home].ids[int(task.numbers[row])]
        title = (
            f"{rank}: {identity}"
            if found is None
            else f"{rank}: {identity}. {found[0].format(found[1][row])} by {name}, mean over k"
        )
        lines = [line for each in shown for line in _lines(each, task, way, index, row)]
        made.append(Strip(title, _asked(task, way, row), captions, lines))
    return made


def _values(ranking: Assessment, way: Way, *, labeled: bool) -> tuple[str, NDArray[np.float64]] | None:
    """Return the ranking metric in words, and its mean over k for each image: (N,), NaN if unknown.

    None if no metric distinguishes enough images.
    """
    for direction, metric, words in _RANKED:
        if metric == "label_accuracy" and not labeled:
            continue
        places = [Place(direction, number, "8bit") for number in range(way.cycles + 1)]
        found = [ranking.per_image[place][metric] for place in places if metric in ranking.per_image.get(place, {})]
        known = np.isfinite(np.array(found)).all(0)
        if found and known.sum() >= min(3 * EACH, known.size):
            mean: NDArray[np.float64] = np.mean(found, 0)
            if np.ptp(mean[known]) > 1e-9 or len(mean) == 1:
                return words, mean
    return None


def _spread(count: int) -> dict[int, str]:
    """Return rows of evenly spaced images, with a title for each."""
    return dict.fromkeys(np.linspace(0, count - 1, min(3 * EACH, count)).round().astype(int).tolist(), "example")


def _chosen(values: NDArray[np.float64]) -> dict[int, str]:
    """Return the rows to show and the reason for each, the worst first. No row occurs twice."""
    order = np.argsort(values, kind="stable")[: np.isfinite(values).sum()]  # NaN comes last
    middle = order[np.argsort(np.abs(np.arange(len(order)) - (len(order) - 1) / 2), kind="stable")]
    picked: dict[int, str] = {}
    for number in range(min(EACH, len(order))):
        for rank, rows in (("worst", order), ("best", order[::-1]), ("median", middle)):
            picked.setdefault(int(rows[number]), rank)
    ranks = ("worst", "median", "best")
    return dict(sorted(picked.items(), key=lambda each: (ranks.index(each[1]), values[each[0]])))


def _outputs(candidate: Candidate, few: Trial, way: Way) -> dict[Place, Pixels]:
    """Return the outputs of the chosen images at the 8-bit places."""
    parts = [made for _, made in candidate.outputs(few, Way(way.cycles, way.steps))]
    return {place: np.concatenate([part[place] for part in parts]) for place in parts[0] if place.link == "8bit"}


def _asked(task: Trial, way: Way, row: int) -> dict[str, str]:
    """Return the attributes that the image shows, and the requested ones."""
    if task.labels is None or task.inverted is None or task.targets is None:
        return {"is of": task.home, "inv asks for": task.away}
    labels = {"shows": task.labels[row], "inv asks for": task.inverted[row]}
    labels |= {f"translation {number + 1} on the way": task.targets[number, row] for number in range(way.longest)}
    return {name: task.dataset.space.describe(label[None])[0].replace(",", ", ") for name, label in labels.items()}


def _lines(shown: Shown, task: Trial, way: Way, index: int, row: int) -> list[tuple[str, list[CaptionedImage | None]]]:
    """Return a model's rows of pictures for one image: the measured steps of its chain, inv and rec."""
    source = CaptionedImage(task.sources[row], ("source",))
    place = Place("inv", 0, "8bit")
    edit = task.truth(place)
    ends: dict[Direction, CaptionedImage | None] = {
        "inv": None if edit is None or not task.known(place)[row] else CaptionedImage(edit[row], ("ground truth",)),
        "rec": source,
    }
    lines = []
    for direction in _NAMES if way.steps else ends:
        places = [Place(direction, number, "8bit") for number in range(way.longest + 1)]
        pictures = [
            CaptionedImage(shown.outputs[place][index], _notes(shown.per_image[place], row)) if place in shown.outputs else None
            for place in places
        ]
        if direction == "step":
            pictures[0] = source
        lines.append((f"{shown.title}, {_NAMES[direction]}", [*pictures, ends.get(direction)]))
    return lines


def _notes(measured: PerImage, row: int) -> Sequence[str]:
    """Return notes on one image: its distance to the ground truth, and the attributes that are wrong."""
    notes = []
    if np.isfinite(near := measured["psnr_to_truth"][row]):
        notes.append(f"PSNR {near:.1f}")
    else:
        notes.append(f"perceptual {measured['perceptual_to_source'][row]:.2f}")
    read = {name.removeprefix("accuracy "): values[row] for name, values in measured.items() if name.startswith("accuracy ")}
    wrong = [name for name, right in read.items() if not right]
    return [*notes, f"wrong: {', '.join(wrong)}"] if wrong else notes
