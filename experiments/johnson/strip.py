"""Feed-forward style transfer beside optimization: pictures, and the time for an image.

python -m experiments.photos pictures --photos DIR --out DATA --crop 128
viceversa train johnson --data photos=DATA/trainA,style=STYLE --size 128 --steps 2000 --out "runs/one style"
viceversa train johnson --data photos=DATA/trainA,style=BOTH --init "runs/one style" --size 128 --steps 600 --out "runs/two styles"
python -m experiments.johnson --runs runs/*style* --photos DATA/whole/*-photo.png --style STYLE/*.jpg      about three minutes

STYLE and BOTH are folders of one image and of two. The trainings take about 40 minutes on two cores. Writes results/johnson.png
and results/johnson.json, which docs/style.md shows. Times are of one image of 128 px on one thread: medians of five; the painting
by optimization (`viceversa stylize`) is timed once.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from experiments.common import DOCS, show, write_result
from viceversa.core.domains import Domain
from viceversa.images.fitting import fitted
from viceversa.images.pictures import grid, save_png
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.style.stylize import Stylize, stylize

SIDE = 128
RESULTS, PAGE = Path(__file__).parent / "results", DOCS / "style.md"


@dataclass(frozen=True)
class Strip:
    """Photographs, the runs that paint them, and the style."""

    runs: tuple[Path, ...]
    photos: tuple[Path, ...]
    style: Path
    results: Path = RESULTS


def main(asked: Strip) -> None:
    """Paint the photographs, and measure the time for an image."""
    torch.set_num_threads(1)
    models = [load(run, checkpoint="last") for run in asked.runs]
    photos = [np.asarray(Image.open(path).convert("RGB")) for path in asked.photos]
    painted = [stylize(photo, asked.style, Stylize(size=max(photo.shape))).image for photo in photos]
    rows = [photos, *([model.arrays(photo, [""], manner=Manner(full_size=True))[0] for photo in photos] for model in models)]
    rows.append([np.asarray(picture) for picture in painted])
    titles = ["photograph", *(f"{model.name}, {model.step} steps" for model in models), "by optimization"]
    save_png(grid([list(row) for row in rows], [""] * len(photos), titles, scale=1), asked.results / "johnson.png")
    small = fitted(photos[0], (SIDE, SIDE))
    found = {
        "side": SIDE,
        "seconds_an_image": {model.name: seconds(painter(model, small), 5) for model in models},
        "seconds_by_optimization": seconds(lambda: stylize(small, asked.style, Stylize(size=SIDE)), 1),
    }
    write_result(asked.results / "johnson.json", found)
    if asked.results == RESULTS:
        show(RESULTS, PAGE)
    print(found)


def painter(model: Model, image: np.ndarray) -> Callable[[], object]:
    """A function that paints the image once."""
    source, target = (Domain(name) for name in model.space.pair)
    return lambda: model.translate_pixels(image[None], source, target)


def seconds(work: Callable[[], object], times: int) -> float:
    """The median of the times; if there are several, after one that does not count."""
    if times > 1:
        work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return round(statistics.median(taken), 4)
