r"""From photographs to paintings and back, learned without pairs, and measured against true paintings of other photographs.

python -m experiments.photos train --data DATA                    all: two to three hours on two cores
python -m experiments.photos train --data DATA --names cut        one
python -m experiments.photos train --data DATA128 --results experiments/photos/results/128 \
    --size 128 --names cyclegan --steps 2500 --batch 2                larger crops
python -m experiments.photos train --data DATA --names cyclegan --vgg16 FILE --results experiments/photos/results/vgg16
                                                                  scored by VGG-16 too (plan.md); without names: baselines alone

DATA comes from `python -m experiments.photos pictures`. An interrupted training goes on with the same command. Writes

* results/NAME.json: measures of crops of the test pictures, and of whole pictures translated at their size, both ways;
* results/baselines.json: the same measures of doing nothing, and of colors moved to those of the other side;
* results/NAME.png: some of the whole photographs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from experiments.common import trained, write_result
from experiments.photos.colors import moved, recoloring, statistics
from experiments.photos.vgg16 import perceptual_vgg16, vgg16
from viceversa.core.domains import Domain
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sources import open_dataset
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.evaluation.judge import Judge
from viceversa.images.pictures import grid, save_png
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.metrics.chain_protocol import Way, trial
from viceversa.metrics.features import EXTRACTOR, perceptual
from viceversa.metrics.similarity import psnr, ssim
from viceversa.recipes import dataset_of

RESULTS = Path(__file__).parent / "results"
CYCLES = 3
WAYS = ("to painting", "to photograph")
SMALL = 192
"""Long side of a shown photograph, in pixels."""
SHOWN = ("00", "04", "05", "06")
"""Test photographs that are not under the GPL, so they may be shown anywhere."""
CYCLEGAN = {"width": 32, "blocks": 6, "critic_width": 64}


@dataclass(frozen=True)
class Entry:
    """A recipe, the settings of its method, and the steps of its training."""

    recipe: str
    settings: Mapping[str, float]
    steps: int = 2000


ENTRIES: Mapping[str, Entry] = {
    "cyclegan": Entry("cyclegan", CYCLEGAN | {"identity": 0.5}),
    "cyclegan-no-identity": Entry("cyclegan", CYCLEGAN | {"identity": 0}),
    "cut": Entry("cut", CYCLEGAN, 6000),
}


@dataclass(frozen=True)
class Photos:
    """Which translators are trained, on which data, and where the results go."""

    data: Path
    names: tuple[str, ...] = tuple(ENTRIES)
    size: int = 64
    """side of a crop in DATA, in pixels"""
    steps: int | None = None
    """steps in place of those of the entry"""
    until: int | None = None
    """step to stop and measure at, with the schedule of all steps"""
    batch: int = 4
    threads: int = 2
    runs: Path = Path("runs/photos")
    results: Path = RESULTS
    vgg16: Path | None = None
    """weights of VGG-16, which did not paint the targets; adds the measure `perceptual_vgg16`"""


def main(asked: Photos) -> None:
    """Train and measure the translators whose results are not stored, one after the other."""
    torch.set_num_threads(asked.threads)
    if not (path := asked.results / "baselines.json").exists():
        dataset = open_dataset(str(asked.data), asked.size, takes="spaces")
        write_result(path, baselines(dataset, pictures(dataset, asked.data / "whole"), asked.vgg16))
    for name in asked.names:
        if not (asked.results / f"{name}.json").exists():
            measure(name, translator(ENTRIES[name], asked.runs / name, asked), asked)


def translator(entry: Entry, run: Path, asked: Photos) -> Model:
    """The trained translator. An interrupted training ends the program."""
    settings = {f"method.{name}": value for name, value in entry.settings.items()}
    how: dict[str, Any] = {"data": str(asked.data), "size": asked.size, "batch": asked.batch, "settings": settings}
    return trained(entry.recipe, run, until=asked.until, before=True, steps=asked.steps or entry.steps, **how)


def measure(name: str, model: Model, asked: Photos) -> None:
    """Measure translations of crops and of whole pictures, and the round trips of the evaluation."""
    dataset = with_truth(dataset_of(model.record.recipe))
    sources = pictures(dataset, asked.data / "whole")
    ways = {}
    for kind, pair in sources.items():
        for here, there in ((0, 1), (1, 0)) if model.method.returns else ((0, 1),):
            made = translated(model, pair[here], here, there, full_size=kind == "whole")
            ways[f"{kind}, {WAYS[here]}"] = distances(made, pair[here], pair[there], asked.vgg16)
    rows = Judge(trial(dataset), None, Way(CYCLES)).assess(name, candidate_of(model), lambda count: None).rows
    facts: dict[str, Any] = {
        "recipe": model.record.recipe.name, "settings": model.record.recipe.method.model_dump(), "steps": model.step,
        "of": model.record.recipe.training.steps,
        "extractor": EXTRACTOR, "ways": ways,
    }  # fmt: skip
    write_result(asked.results / f"{name}.json", facts, rows)
    save_png(whole(model, asked.data / "whole"), asked.results / f"{name}.png")
    print(name, ways, flush=True)


def baselines(
    dataset: Dataset, sources: Mapping[str, tuple[list[Pixels], list[Pixels]]], weights: Path | None
) -> dict[str, dict[str, dict[str, float]]]:
    """Measures of doing nothing, and of colors moved to those of the training's other side, by way."""
    known = [statistics(np.asarray(images(dataset, "train", space).pixels)) for space in dataset.space.pair]
    made: dict[str, dict[str, dict[str, float]]] = {"nothing": {}, "colors moved": {}}
    for kind, pair in sources.items():
        for here, way in enumerate(f"{kind}, {way}" for way in WAYS):
            source, true = pair[here], pair[1 - here]
            made["nothing"][way] = distances(source, source, true, weights)
            recolored = [moved(each, known[here], known[1 - here]) for each in source]
            made["colors moved"][way] = distances(recolored, source, true, weights)
    return made


def pictures(dataset: Dataset, folder: Path) -> dict[str, tuple[list[Pixels], list[Pixels]]]:
    """Photographs and their paintings, (1, H, W, 3) each: test crops and whole pictures."""
    crops = [[pixels[None] for pixels in np.asarray(images(dataset, "test", space).pixels)] for space in dataset.space.pair]
    wholes = [[opened(path)[None] for path in sorted(folder.glob(f"*-{kind}.png"))] for kind in ("photo", "painting")]
    return {"crops": (crops[0], crops[1]), "whole": (wholes[0], wholes[1])}


def translated(model: Model, sources: list[Pixels], here: int, there: int, *, full_size: bool) -> list[Pixels]:
    """Translate each picture into the other space."""
    start, goal = Domain(model.space.pair[here]), Domain(model.space.pair[there])
    if full_size:
        target = [model.space.pair[there]]
        return [model.arrays(each[0], target, source=start.space, manner=Manner(full_size=True))[0][None] for each in sources]
    return [pixels[None] for pixels in model.translate_pixels(np.concatenate(sources), start, goal)]


def with_truth(dataset: Dataset) -> Dataset:
    """The data set with the ground truth of its test images: the images of the same number in the other space."""
    return replace(dataset, truth=lambda split, source, numbers, target, label: images(dataset, split, target).pixels[numbers])


def images(dataset: Dataset, split: str, space: str) -> Images:
    """Images of a split in a space."""
    return dataset.splits[split][space]


def distances(made: list[Pixels], sources: list[Pixels], true: list[Pixels], weights: Path | None) -> dict[str, float]:
    """Mean distances of pictures to the true ones, and of their colors to those of the source. weights: file of VGG-16."""
    found = {
        "psnr": mean(psnr, made, true, 2), "ssim": mean(ssim, made, true, 3), "perceptual_lite0": mean(perceptual, made, true, 3),
        "color_to_source": mean(recoloring, made, sources, 1),
    }  # fmt: skip
    if weights is not None:
        found["perceptual_vgg16"] = mean(partial(perceptual_vgg16, vgg16(weights)), made, true, 3)
    return found


def mean(measure: Callable[[Pixels, Pixels], NDArray[Any]], made: list[Pixels], others: list[Pixels], digits: int) -> float:
    """Mean of a measure over pairs of pictures of any size."""
    return round(float(np.mean([measure(*pair) for pair in zip(made, others, strict=True)])), digits)


def whole(model: Model, folder: Path) -> Image.Image:
    """Picture of whole test photographs, their paintings, their translations at full size, and the way back; made smaller."""
    rows: list[list[Any]] = [[], [], [], []]
    there, back = model.space.pair[1], model.space.pair[0]
    for photo in (path for number in SHOWN if (path := folder / f"{number}-photo.png").exists()):
        targets = [there, back] if model.method.returns else [there]
        made = model.arrays(photo, targets, manner=Manner(full_size=True))
        true = photo.with_name(photo.name.replace("photo", "painting"))
        for row, cell in zip(rows, [opened(photo), opened(true), *made], strict=False):
            row.append(np.asarray(ImageOps.contain(Image.fromarray(cell), (SMALL, SMALL), Image.Resampling.LANCZOS)))
    titles = ["photograph", "its painting", "translated", "and back"]
    shown = [row for row in rows if row]
    return grid(shown, [""] * len(shown[0]), titles[: len(shown)], scale=1)


def opened(path: Path) -> Pixels:
    """Read a picture: (H, W, 3)."""
    return np.asarray(Image.open(path).convert("RGB"))
