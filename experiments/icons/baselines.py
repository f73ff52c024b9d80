"""Baselines that change the weight of icons without a network, for every table of translators of icons.

    viceversa compare morphology=experiments.icons.baselines:morphology nearest=experiments.icons.baselines:nearest RUN --data icons

They are functions as `viceversa evaluate` takes them, and serve `icons`, `icons:strokes` and `icons:A,B` at any size. A function is
not told the weight of its source, so `morphology` measures it. The row "floor" of a table is the third baseline: do nothing.

python -m experiments.icons baselines        a minute; PSNR on the test icons at 64 px, written to results/baselines.json
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes

from experiments.common import write_result
from viceversa.data.sets.icons import WEIGHTS, icons
from viceversa.images.pixels import Pixels
from viceversa.metrics.similarity import psnr

FILL = WEIGHTS.index("fill")
FINER = 4
"""Distances are measured in pictures this many times larger."""
RADII = np.arange(-2.5, 2.51, 0.125)
"""Radii that are tried, in pixels of a picture of 64."""
FITTED_ON = 10
"""Every tenth training icon is looked at."""

Depths = NDArray[np.float32]
"""Signed distance to the nearest edge in pixels, positive in the ink: (N, FINER * H, FINER * H)."""


@dataclass(frozen=True)
class Baselines:
    """Size of the icons, and the file of the result."""

    size: int = 64
    """side of the icons, in pixels"""
    out: Path = Path(__file__).parent / "results" / "baselines.json"


def main(asked: Baselines) -> None:
    """Measure the baselines from every weight to every other one."""
    test = drawn("test", asked.size)
    found = {}
    for source, target in permutations(range(len(WEIGHTS)), 2):
        wanted = {"weight": [WEIGHTS[target]] * len(test)}
        made = {"floor": test[:, source]} | {each.__name__: each(test[:, source], wanted) for each in (morphology, nearest)}
        means = {name: round(float(psnr(pixels, test[:, target]).mean()), 2) for name, pixels in made.items()}
        found[f"{WEIGHTS[source]} to {WEIGHTS[target]}"] = {**means, "radius": radius(source, target, asked.size)}
    write_result(asked.out, {"dataset": icons(asked.size).name, "icons": len(test), "psnr": found})
    print(asked.out.read_text())


def morphology(icons: Pixels, target: Mapping[str, list[str]]) -> Pixels:
    """Redraw icons by dilation and erosion, see `changed`; those that have the target weight stay as they are: (N, H, H, 1)."""
    size = icons.shape[1]
    found, wanted, made = depths(icons), weights_of(target), icons.copy()
    sources = recognized(found, size)
    for source, other in permutations(range(len(WEIGHTS)), 2):
        rows = (sources == source) & (wanted == other)
        if rows.any():
            made[rows] = inked(changed(found[rows], source, other, radius(source, other, size), size))
    return made


def nearest(icons: Pixels, target: Mapping[str, list[str]]) -> Pixels:
    """Return the training icon of the target weight that is nearest in pixels (squared difference): (N, H, H, 1)."""
    train, flat, wanted = drawn("train", icons.shape[1]), flattened(icons), weights_of(target)
    made = np.empty_like(icons)
    for weight in np.unique(wanted):
        rows, others = wanted == weight, flattened(train[:, weight])
        distance = (others**2).sum(1) - 2 * flat[rows] @ others.T
        made[rows] = train[distance.argmin(1), weight]
    return made


def changed(depths: Depths, source: int, target: int, radius: float, size: int) -> Depths:
    """Change the weight of icons by dilation with a radius, or erosion with a negative one.

    Between strokes that is all: the radius brings them to the width of the target. To `fill`, what the ink encloses is filled
    first. From `fill`, only the border of the ink remains, as wide as the mean stroke of the target.
    """
    if target == FILL:
        return np.stack([signed(binary_fill_holes(depth > 0)) for depth in depths]) + np.float32(radius)
    moved = depths + np.float32(radius)
    return np.minimum(moved, np.float32(stroke_width(target, size)) - moved) if source == FILL else moved


@cache
def radius(source: int, target: int, size: int) -> float:
    """The radius of least squared error on training icons, in pixels, from one weight to another."""
    train = drawn("train", size)[::FITTED_ON]
    found, tried = depths(train[:, source]), RADII * size / 64
    made = (inked(changed(found, source, target, each, size)).astype(np.float32) for each in tried)
    return float(tried[np.argmin([np.square(each - train[:, target]).mean() for each in made])])


def stroke_width(weight: int, size: int) -> float:
    """The mean width of the strokes of training icons, in pixels: four times the mean depth of ink."""
    return 4 * float(np.exp(signatures(size)[0][weight, 0]))


def recognized(depths: Depths, size: int) -> NDArray[np.int64]:
    """Positions in WEIGHTS of the most likely weights, for a normal distribution of `signature` in each: (N,)."""
    means, deviations = signatures(size)
    surprise = np.square((signature(depths)[:, None] - means) / deviations) / 2 + np.log(deviations)
    return np.asarray(surprise.sum(2).argmin(1), np.int64)


def signature(depths: Depths) -> NDArray[np.float64]:
    """Logarithms of the mean and of the largest depth of ink, which tell strokes from one another and from filled areas: (N, 2)."""
    inside = np.maximum(depths, 0)
    mean = inside.sum((1, 2)) / np.maximum((inside > 0).sum((1, 2)), 1)
    return np.log(np.maximum(np.stack([mean, inside.max((1, 2))], 1), 1 / (4 * FINER)))


@cache
def signatures(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of the signatures of training icons of each weight: (5, 2) each."""
    train = drawn("train", size)[::FITTED_ON]
    found = np.stack([signature(depths(train[:, weight])) for weight in range(len(WEIGHTS))])
    return found.mean(1), found.std(1)


def depths(icons: Pixels) -> Depths:
    """Measure how deep in the ink each point is, to a fraction of a pixel: (N, H, H, 1) -> (N, FINER * H, FINER * H)."""
    larger = (cv2.resize(icon, None, fx=FINER, fy=FINER, interpolation=cv2.INTER_CUBIC) for icon in icons[..., 0])
    return np.stack([signed(each < 128) for each in larger])


def signed(ink: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Signed distance to the nearest edge, which runs half-way between points: (FINER * H, FINER * H)."""
    inside, outside = (cv2.distanceTransform(each.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for each in (ink, ~ink))
    return np.asarray((inside - outside - ink + 0.5) / FINER, np.float32)


def inked(depths: Depths) -> Pixels:
    """Draw the ink, black on white: (N, FINER * H, FINER * H) -> (N, H, H, 1)."""
    side = depths.shape[1] // FINER
    share = np.clip(0.5 + FINER * depths, 0, 1).reshape(len(depths), side, FINER, side, FINER).mean((2, 4))
    return np.asarray(np.round(255 * (1 - share)), np.uint8)[..., None]


def weights_of(target: Mapping[str, list[str]]) -> NDArray[np.int64]:
    """Positions in WEIGHTS of the target weights, which are labels or names of spaces: (N,)."""
    (names,) = target.values()
    return np.array([WEIGHTS.index(name) for name in names])


@cache
def drawn(split: str, size: int) -> Pixels:
    """Icons of a split in all weights: (N, 5, size, size, 1)."""
    return np.asarray(icons(size).splits[split]["icons"].pixels).reshape(-1, len(WEIGHTS), size, size, 1)


def flattened(icons: Pixels) -> NDArray[np.float32]:
    """(N, H, W, 1) -> (N, H * W)."""
    return icons.reshape(len(icons), -1).astype(np.float32)
