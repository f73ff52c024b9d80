"""People to look at: those whom the first model translates worst, best, and in between, and what all models make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viceversa.data.dataset import Pixels
from viceversa.evaluation.accuracies import PerImage
from viceversa.evaluation.chains import Candidate, Direction, Place, Trial, Way
from viceversa.evaluation.evaluate import Assessment
from viceversa.evaluation.report import Picture, Strip

EACH = 2
"""How many of the worst, the middle and the best."""

_RANKED: tuple[tuple[Direction, str, str], ...] = (
    ("inv", "psnr_to_truth", "PSNR to the true edit {:.1f} dB"),
    ("inv", "label_accuracy", "label accuracy of inv {:.3f}"),
    ("rec", "psnr_to_truth", "PSNR to the source {:.1f} dB"),
)
"""What people are ranked by, higher is better; the first that is known."""

_NAMES: dict[Direction, str] = {"step": "on the way", "inv": "inv", "rec": "rec"}


@dataclass(frozen=True, eq=False)
class Shown:
    """A model whose outputs are shown: of the chosen people, and what was measured of all."""

    title: str
    outputs: Mapping[Place, Pixels]
    per_image: Mapping[Place, PerImage]


def strips(
    task: Trial, way: Way, models: Mapping[str, tuple[Candidate, Assessment]], name: str, ranking: Assessment
) -> list[Strip]:
    """A strip for each of some people: what every model makes of them through 8 bits, and what was measured of it.

    models: under the titles that are shown; name, ranking: of the one that the people are chosen by.
    """
    found = _values(ranking, way)
    if found is None:
        return []
    words, values = found
    people = _chosen(values)
    few = task.of(list(people))
    shown = [Shown(title, _outputs(candidate, few, way), each.per_image) for title, (candidate, each) in models.items()]
    captions = [*(f"k = {number}" for number in range(way.longest + 1)), "should be"]
    made = []
    for index, (row, rank) in enumerate(people.items()):
        identity = task.dataset.splits[task.split][task.home].ids[int(task.numbers[row])]
        title = f"{rank}: {identity}. {words.format(values[row])} by {name}, mean over k"
        lines = [line for each in shown for line in _lines(each, task, way, index, row)]
        made.append(Strip(title, _asked(task, way, row), captions, lines))
    return made


def _values(ranking: Assessment, way: Way) -> tuple[str, NDArray[np.float64]] | None:
    """What people are ranked by in words, and each one's mean over k of it: (N,)."""
    for direction, metric, words in _RANKED:
        places = [Place(direction, number, "8bit") for number in range(way.cycles + 1)]
        found = [ranking.per_image[place][metric] for place in places if metric in ranking.per_image.get(place, {})]
        if found and np.isfinite(found).all():
            mean: NDArray[np.float64] = np.mean(found, 0)
            return words, mean
    return None


def _chosen(values: NDArray[np.float64]) -> dict[int, str]:
    """Rows and why they are shown, the worst first; nobody twice, though there be few."""
    order = np.argsort(values, kind="stable")
    middle = order[np.argsort(np.abs(np.arange(len(order)) - (len(order) - 1) / 2), kind="stable")]
    picked: dict[int, str] = {}
    for number in range(min(EACH, len(order))):
        for rank, rows in (("worst", order), ("best", order[::-1]), ("median", middle)):
            picked.setdefault(int(rows[number]), rank)
    ranks = ("worst", "median", "best")
    return dict(sorted(picked.items(), key=lambda each: (ranks.index(each[1]), values[each[0]])))


def _outputs(candidate: Candidate, few: Trial, way: Way) -> dict[Place, Pixels]:
    """The few images' outputs at the 8-bit places."""
    parts = [made for _, made in candidate.outputs(few, Way(way.cycles, way.steps))]
    return {place: np.concatenate([part[place] for part in parts]) for place in parts[0] if place.link == "8bit"}


def _asked(task: Trial, way: Way, row: int) -> dict[str, str]:
    """What the image shows, and what is asked for."""
    if task.labels is None or task.inverted is None or task.targets is None:
        return {"is of": task.home, "inv asks for": task.away}
    labels = {"shows": task.labels[row], "inv asks for": task.inverted[row]}
    labels |= {f"translation {number + 1} on the way": task.targets[number, row] for number in range(way.longest)}
    return {name: task.dataset.space.describe(label[None])[0].replace(",", ", ") for name, label in labels.items()}


def _lines(shown: Shown, task: Trial, way: Way, index: int, row: int) -> list[tuple[str, list[Picture | None]]]:
    """A model's lines of one person: the images on the way, where they were measured, inv and rec."""
    source = Picture(task.sources[row], ("source",))
    edit = task.truth(Place("inv", 0, "8bit"))
    ends: dict[Direction, Picture | None] = {"inv": None if edit is None else Picture(edit[row], ("true edit",)), "rec": source}
    lines = []
    for direction in _NAMES if way.steps else ends:
        places = [Place(direction, number, "8bit") for number in range(way.longest + 1)]
        pictures = [
            Picture(shown.outputs[place][index], _notes(shown.per_image[place], row)) if place in shown.outputs else None
            for place in places
        ]
        if direction == "step":
            pictures[0] = source
        lines.append((f"{shown.title}, {_NAMES[direction]}", [*pictures, ends.get(direction)]))
    return lines


def _notes(measured: PerImage, row: int) -> Sequence[str]:
    """What was measured of one image: how near it is to the true one, and which attributes are not as asked."""
    notes = []
    if np.isfinite(near := measured["psnr_to_truth"][row]):
        notes.append(f"PSNR {near:.1f}")
    else:
        notes.append(f"perceptual {measured['perceptual_to_source'][row]:.2f}")
    read = {name.removeprefix("accuracy "): values[row] for name, values in measured.items() if name.startswith("accuracy ")}
    wrong = [name for name, right in read.items() if not right]
    return [*notes, f"wrong: {', '.join(wrong)}"] if wrong else notes
