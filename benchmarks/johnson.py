"""Feed-forward style transfer beside optimization: a strip of pictures, and the time for an image.

python benchmarks/photos/pictures.py --photos DIR --out DATA --crop 128
viceversa train johnson --data photos=DATA/trainA,style=STYLE --size 128 --steps 2000 --out "runs/one style"
viceversa train johnson --data photos=DATA/trainA,style=BOTH --init "runs/one style" --size 128 --steps 600 --out "runs/two styles"
python benchmarks/johnson.py --runs runs/*style* --photos DATA/whole/*-photo.png --style STYLE/*.jpg --out johnson.png

STYLE and BOTH: folders of one image and of two. Writes the strip, and beside it a JSON file of the times: medians of five, of one
image of 128 px, on one thread; painting by optimization, which `viceversa stylize` does, once.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from PIL import Image

from viceversa.core.domains import Domain
from viceversa.images.fitting import fitted
from viceversa.images.pictures import grid, save_png
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.style.stylize import Stylize, stylize

SIDE = 128


@dataclass(frozen=True)
class Strip:
    """What is painted by what."""

    runs: tuple[Path, ...]
    photos: tuple[Path, ...]
    style: Path
    out: Path


def main() -> None:
    """Paints, measures and writes."""
    asked = tyro.cli(Strip, description=__doc__)
    torch.set_num_threads(1)
    models = [load(run, checkpoint="last") for run in asked.runs]
    photos = [np.asarray(Image.open(path).convert("RGB")) for path in asked.photos]
    painted = [stylize(photo, asked.style, Stylize(size=max(photo.shape))).image for photo in photos]
    rows = [photos, *([model.arrays(photo, [""], manner=Manner(full_size=True))[0] for photo in photos] for model in models)]
    rows.append([np.asarray(picture) for picture in painted])
    titles = ["photograph", *(f"{model.name}, {model.step} steps" for model in models), "by optimization"]
    save_png(grid([list(row) for row in rows], [""] * len(photos), titles, scale=1), asked.out)
    small = fitted(photos[0], (SIDE, SIDE))
    found = {
        "side": SIDE,
        "seconds_an_image": {model.name: seconds(painter(model, small), 5) for model in models},
        "seconds_by_optimization": seconds(lambda: stylize(small, asked.style, Stylize(size=SIDE)), 1),
    }
    asked.out.with_suffix(".json").write_text(json.dumps(found, indent=2) + "\n")
    print(found)


def painter(model: Model, image: np.ndarray) -> Callable[[], object]:
    """Paints the image once."""
    source, target = (Domain(name) for name in model.space.pair)
    return lambda: model.translate_pixels(image[None], source, target)


def seconds(work: Callable[[], object], times: int) -> float:
    """The median, after one time that does not count, where there are several."""
    if times > 1:
        work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return round(statistics.median(taken), 4)


if __name__ == "__main__":
    main()
