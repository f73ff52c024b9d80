"""From photographs to paintings and back, learned without pairs, and measured against true paintings of other photographs.

python benchmarks/photos/pictures.py --photos DIR --out DATA      once: the data
python benchmarks/photos/run.py --data DATA                       all: an hour on two cores; may be interrupted
python benchmarks/photos/run.py --data DATA --names cut           one

Writes results/NAME.json, measures of the crops of the test photographs, results/baselines.json (the photograph itself, and its
colors moved to those of the paintings) and results/NAME.png, some whole test photographs translated at their size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from colors import moved, statistics
from PIL import Image

import viceversa as vv
from viceversa.data.dataset import Dataset, Images, Pixels
from viceversa.evaluation.chains import Way, trial
from viceversa.evaluation.evaluate import Judge
from viceversa.evaluation.features import EXTRACTOR, perceptual
from viceversa.evaluation.similarity import psnr, ssim
from viceversa.pictures import grid, save_png
from viceversa.recipes import dataset_of
from viceversa.translate import Manner, Model, load

RESULTS = Path(__file__).parent / "results"
SIZE, CYCLES = 64, 3
SHOWN = ("00", "04", "05", "06")
"""Test photographs that may be shown anywhere: those not under the GPL."""
CYCLEGAN = {"width": 32, "blocks": 6, "critic_width": 64}


@dataclass(frozen=True)
class Entry:
    """A recipe, and the settings of its method."""

    recipe: str
    settings: Mapping[str, float]


ENTRIES: Mapping[str, Entry] = {
    "cyclegan": Entry("cyclegan", CYCLEGAN | {"identity": 0.5}),
    "cyclegan-no-identity": Entry("cyclegan", CYCLEGAN | {"identity": 0}),
    "cut": Entry("cut", CYCLEGAN),
}


@dataclass(frozen=True)
class Photos:
    """Which translators, and where."""

    data: Path
    names: tuple[str, ...] = tuple(ENTRIES)
    steps: int = 2000
    batch: int = 4
    threads: int = 2
    runs: Path = Path("runs/photos")
    results: Path = RESULTS


def main() -> None:
    """One after the other; what is there is not done again."""
    asked = tyro.cli(Photos, description=__doc__)
    torch.set_num_threads(asked.threads)
    asked.results.mkdir(parents=True, exist_ok=True)
    for name in asked.names:
        if not (asked.results / f"{name}.json").exists():
            train(ENTRIES[name], asked.runs / name, asked)
            measure(name, asked)


def train(entry: Entry, run: Path, asked: Photos) -> None:
    """Trains, or goes on with what there is; ends the program where that was interrupted."""
    settings = {f"method.{name}": value for name, value in entry.settings.items()}
    how: dict[str, Any] = {"precision": "bf16", "checkpoint_every": 500, "best": "none", "settings": settings}
    how |= {"data": str(asked.data), "size": SIZE, "steps": asked.steps, "batch": asked.batch}
    ended = vv.train(entry.recipe, out=run, **({"resume": True} if (run / "recipe.json").exists() else how))
    if ended.interrupted:
        raise SystemExit(128 + ended.interrupted)


def measure(name: str, asked: Photos) -> None:
    """Along the evaluation's round trips, and what the baselines make of the same crops."""
    model = load(asked.runs / name, checkpoint="last")
    dataset = with_truth(dataset_of(model.record.recipe))
    photos, paintings = (np.asarray(images(dataset, "test", space).pixels) for space in dataset.space.pair)
    rows = Judge(trial(dataset), None, Way(CYCLES)).assess(name, model.candidate, lambda count: None).rows
    made = model.translate_pixels(photos, *(model.start(photos[0], space) for space in dataset.space.pair))
    facts: dict[str, Any] = {
        "recipe": model.record.recipe.name, "settings": model.record.recipe.method.model_dump(), "steps": model.step,
        "crops": len(photos), "extractor": EXTRACTOR, **distances(made, paintings), "rows": [vars(row) for row in rows],
    }  # fmt: skip
    (asked.results / f"{name}.json").write_text(json.dumps(facts) + "\n")
    known = [statistics(np.asarray(images(dataset, "train", space).pixels)) for space in dataset.space.pair]
    baselines = {"photograph": distances(photos, paintings), "colors moved": distances(moved(photos, *known), paintings)}
    (asked.results / "baselines.json").write_text(json.dumps(baselines, indent=2) + "\n")
    save_png(whole(model, asked.data / "whole"), asked.results / f"{name}.png")
    print(name, facts["psnr"], facts["perceptual_lite0"], baselines, flush=True)


def with_truth(dataset: Dataset) -> Dataset:
    """The data set, which knows the true edits of its test images: those of the same number in the other space."""
    return replace(dataset, truth=lambda split, source, numbers, target, label: images(dataset, split, target).pixels[numbers])


def images(dataset: Dataset, split: str, space: str) -> Images:
    """Those of a split in a space."""
    return dataset.splits[split][space]


def distances(made: Pixels, true: Pixels) -> dict[str, float]:
    """Means over crops, to the true paintings."""
    return {
        "psnr": round(float(psnr(made, true).mean()), 2),
        "ssim": round(float(ssim(made, true).mean()), 3),
        "perceptual_lite0": round(float(perceptual(made, true).mean()), 3),
    }


def whole(model: Model, folder: Path) -> Image.Image:
    """Some whole test photographs, their translations at their size, and there and back, beside true paintings."""
    rows: list[list[Any]] = [[], [], [], []]
    there, back = model.space.pair[1], model.space.pair[0]
    for photo in (path for number in SHOWN if (path := folder / f"{number}-photo.png").exists()):
        targets = [there, back] if model.method.returns else [there]
        made = model.arrays(photo, targets, manner=Manner(full_size=True))
        true = photo.with_name(photo.name.replace("photo", "painting"))
        for row, cell in zip(rows, [opened(photo), opened(true), *made], strict=False):
            row.append(cell)
    titles = ["photograph", "its painting", "translated", "and back"]
    shown = [row for row in rows if row]
    return grid(shown, [""] * len(shown[0]), titles[: len(shown)], scale=1)


def opened(path: Path) -> Pixels:
    """(H, W, 3)."""
    return np.asarray(Image.open(path).convert("RGB"))


if __name__ == "__main__":
    main()
