"""The published translators scored by VGG-16 on the outputs that are kept: the four whole photographs of the page.

python -m experiments.photos shown --data DATA --vgg16 FILE --sheets DIR          about a minute; writes results/vgg16/shown.json

The networks were not kept. Their pictures were: the photograph, its painting and its translation, made smaller to 192 px. The docs
have them compressed; DIR has them without loss, as they stand in the history of the repository at the commit 639fd1c:

    git archive 639fd1c benchmarks/photos/results | tar --extract --strip-components 3 --directory DIR

DATA comes from `python -m experiments.photos pictures`, for the colors that are moved. Raises UsageError if DATA is not what the
pictures were made of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from experiments.common import write_result
from experiments.photos.colors import moved, statistics
from experiments.photos.train import RESULTS, SHOWN, SMALL, images, opened
from experiments.photos.vgg16 import perceptual_vgg16, vgg16
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels
from viceversa.metrics.features import perceptual
from viceversa.metrics.similarity import psnr

SHEETS = {
    "`cyclegan`, crops of 64 px": "cyclegan.png", "`cyclegan-no-identity`, crops of 64 px": "cyclegan-no-identity.png",
    "`cut`, crops of 64 px": "cut.png", "`cyclegan`, crops of 128 px": "128/cyclegan.png",
}  # fmt: skip
STEP = SMALL + 6
"""Distance from one cell of a sheet to the next, in pixels."""
RESULT = RESULTS / "vgg16" / "shown.json"


@dataclass(frozen=True)
class Shown:
    """Data, weights and pictures that are scored."""

    data: Path
    vgg16: Path
    """weights of VGG-16 (see vgg16.py)"""
    sheets: Path = RESULTS
    """folder of the pictures without loss"""


def main(asked: Shown) -> None:
    """Score the pictures of the published translators by VGG-16."""
    photos = [opened(asked.data / "whole" / f"{number}-photo.png") for number in SHOWN]
    paintings = [smaller(opened(asked.data / "whole" / f"{number}-painting.png")) for number in SHOWN]
    dataset = open_dataset(str(asked.data), 64, takes="spaces")
    known = [statistics(np.asarray(images(dataset, "train", space).pixels)) for space in dataset.space.pair]
    made = {"nothing": list(map(smaller, photos)), "colors moved": [smaller(moved(each[None], *known)[0]) for each in photos]}
    for name, sheet in SHEETS.items():
        rows = cells(opened(asked.sheets / sheet), [each.shape[:2] for each in paintings])
        for ours, theirs in zip(rows[0] + rows[1], made["nothing"] + paintings, strict=True):
            if not np.array_equal(ours, theirs):
                raise UsageError(f"{sheet} shows other pictures than {str(asked.data)!r} has.")
        made[name] = rows[2]
    network = vgg16(asked.vgg16)
    measures: dict[str, Callable[[Pixels, Pixels], NDArray[Any]]] = {
        "psnr": psnr,
        "perceptual_vgg16": lambda left, right: perceptual_vgg16(network, left, right),
        "perceptual_lite0": perceptual,
    }
    found: dict[str, dict[str, list[float]]] = {}
    for name, each in made.items():
        pairs = list(zip(each, paintings, strict=True))
        found[name] = {title: [measured(measure, *pair) for pair in pairs] for title, measure in measures.items()}
    write_result(RESULT, {"photographs": SHOWN, "side": SMALL, "made": found})


def measured(measure: Callable[[Pixels, Pixels], NDArray[Any]], image: Pixels, painting: Pixels) -> float:
    """Measure of one pair of pictures (H, W, 3)."""
    return round(float(measure(image[None], painting[None])[0]), 3)


def smaller(picture: Pixels, side: int = SMALL) -> Pixels:
    """The picture, made smaller as the sheets show it: to that long side in pixels."""
    return np.asarray(ImageOps.contain(Image.fromarray(picture), (side, side), Image.Resampling.LANCZOS))


def cells(sheet: Pixels, sizes: list[tuple[int, int]]) -> list[list[Pixels]]:
    """Cells of a sheet by row; `sizes` are the heights and widths of the cells, which lie in the middle of their squares."""
    height, width = sheet.shape[:2]
    top, left = height % STEP, width - STEP * len(sizes)
    rows = []
    for line in range(height // STEP):
        row = []
        for column, (high, wide) in enumerate(sizes):
            y, x = top + line * STEP + (SMALL - high) // 2, left + column * STEP + (SMALL - wide) // 2
            row.append(sheet[y : y + high, x : x + wide])
        rows.append(row)
    return rows
