"""Baselines without training, measured as the arms are: results/floor.json, baseline -> what an arm's row has as `found`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.common import read_json, write_result
from experiments.generators.arms import TASKS
from experiments.generators.judges import coloring, distances_of_paintings, reader_of, weights
from experiments.generators.measures import Translate, measured, untouched
from experiments.icons import baselines as icons_baselines
from experiments.photos.colors import moved, statistics
from experiments.photos.train import pictures
from experiments.sketches import baselines as sketches_baselines
from viceversa.data.sets.icons import WEIGHTS
from viceversa.data.sets.sketches import sketches_pairs
from viceversa.data.sources import open_dataset
from viceversa.images.pixels import Pixels

FLOOR = Path(__file__).parent / "results" / "floor.json"


@dataclass(frozen=True)
class Floor:
    """The folder of photographs."""

    photos: str = ""
    """folder of experiments/photos' crops of 128 px; without it, its baselines are left out"""


def main(asked: Floor) -> None:
    """Measure the baselines of every task whose baselines are not stored."""
    found: dict[str, Any] = read_json(FLOOR)["baselines"] if FLOOR.exists() else {}
    for name, task in TASKS.items():
        if name in found:
            continue
        match task.judge:
            case "truth":
                found[name] = {each: of_truth(task.data, task.size, translate) for each, translate in baselines(task.data).items()}
            case "labels":
                found[name] = of_weights()
            case "sketches":
                found[name] = of_sketches(task.size or 64)
            case "photos" if asked.photos:
                found[name] = of_photos(Path(asked.photos))
        write_result(FLOOR, {"baselines": found})
        print(name, found.get(name), flush=True)


def baselines(data: str) -> dict[str, Translate]:
    """The baselines of a task between two spaces."""
    if not data.startswith("icons"):
        return {"nothing": untouched}

    def by(function: Any, pixels: Pixels, here: str, there: str) -> Pixels:
        made: Pixels = function(pixels, {"space": [there] * len(pixels)})
        return made

    return {
        "nothing": untouched, "dilation or erosion": partial(by, icons_baselines.morphology),
        "nearest training icon": partial(by, icons_baselines.nearest),
    }  # fmt: skip


def of_truth(data: str, size: int | None, translate: Translate) -> dict[str, Any]:
    """Measures between two spaces whose truth is known."""
    dataset = open_dataset(data, size, takes="spaces")
    return measured(translate, dataset, "test", reader_of(dataset, "test"))


def of_weights() -> dict[str, Any]:
    """Measures among five weights."""
    drawn = icons_baselines.drawn("test", 64)

    def by(function: Any) -> dict[str, Any]:
        return weights(lambda pixels, source, target: function(pixels, {"weight": [WEIGHTS[target]] * len(pixels)}), drawn)

    return {
        "nothing": weights(lambda pixels, source, target: pixels, drawn), "dilation or erosion": by(icons_baselines.morphology),
        "nearest training icon": by(icons_baselines.nearest),
    }  # fmt: skip


def of_sketches(size: int) -> dict[str, Any]:
    """Measures of coloring."""
    pairs = sketches_pairs(size)
    test = pairs.splits["test"]
    lines, true = (np.asarray(test[space].pixels) for space in ("lines", "colors"))
    real = np.asarray(open_dataset("sketches", size, takes="spaces").splits["train"]["colors"].pixels)
    made: Mapping[str, Pixels] = {**sketches_baselines.baselines(pairs), "true colors": true}
    return {name: coloring(np.asarray(pixels), lines, true, real) for name, pixels in made.items()}


def of_photos(folder: Path) -> dict[str, Any]:
    """Measures of doing nothing and of colors moved to those of the other side's training pictures."""
    dataset = open_dataset(str(folder), 128, takes="spaces")
    known = [statistics(np.asarray(dataset.splits["train"][space].pixels)) for space in dataset.space.pair]
    found: dict[str, Any] = {"nothing": {}, "color transfer": {}}
    for kind, pair in pictures(dataset, folder / "whole").items():
        for here, there in ((0, 1), (1, 0)):
            way = f"{kind}, {dataset.space.pair[here]} to {dataset.space.pair[there]}"
            source, true = pair[here], pair[there]
            found["nothing"][way] = distances_of_paintings(source, source, true)
            recolored = [moved(each, known[here], known[there]) for each in source]
            found["color transfer"][way] = distances_of_paintings(recolored, source, true)
    return found
