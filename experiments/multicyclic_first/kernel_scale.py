"""Why the kernel distance x 1000 is in the hundreds for every translator, and about 1 for doing nothing.

python -m experiments.multicyclic_first kernel-scale          a minute; writes results/kernel-scale.json

No translator is needed: true edits are damaged a little, and measured against the true edits as outputs are.
With means m of the features and s = |m|^2 / d the distance is about 3 (1 + s)^2 |m - m'|^2 / d: the first term of
(1 + a.b / d)^3 around the mean. So it is the shift of the mean feature, times a constant that the features' scale sets.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from experiments.common import read_json, table, write_result
from viceversa.data.sources import open_dataset
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import Place, trial
from viceversa.metrics.distances import kernel
from viceversa.metrics.features import EXTRACTOR, Features, extract
from viceversa.metrics.similarity import psnr

RESULT = Path(__file__).parent / "results" / "kernel-scale.json"
IMAGES, SPLITS = 500, 100


def main() -> None:
    """Measure the kernel distance of damaged true edits, and write the result."""
    write_result(RESULT, measured(IMAGES))
    print(scale_table())


def measured(images: int) -> dict[str, Any]:
    """Kernel distances of sets of `images` avatars at 32 px to the true edits at k = 0, which are drawings of other labels."""
    dataset = open_dataset("avatars", 32)
    task = trial(dataset, images)
    truth = np.asarray(task.truth(Place("inv", 0, "8bit")))
    other = np.asarray(dataset.splits["test"][task.away].pixels[images : 2 * images])
    sets = {"no edit: the real sources": np.asarray(task.sources), "other real people": other, **damaged(truth)}
    reference = extract(truth)
    features = {name: extract(pixels) for name, pixels in sets.items()}
    rows = [{"set": name, "psnr": float(psnr(sets[name], truth).mean()), **compared(reference, features[name])} for name in sets]
    real = np.concatenate([features["no edit: the real sources"], features["other real people"]])
    variance, size = float(reference.var(0, ddof=1).sum()), float(np.square(reference).sum(1).mean())
    facts = {"images": images, "extractor": EXTRACTOR, "width": reference.shape[1], "length2": size, "variance": variance}
    return facts | {"deviation_of_halves": deviation(real), "rows": rows}


def damaged(images: Pixels) -> dict[str, Pixels]:
    """The true edits with small damages that change no label and no person."""
    noise = np.random.default_rng(0).normal(0, 2, images.shape)
    ways: Mapping[str, Callable[[Image.Image], Image.Image]] = {
        "blur, deviation .5 pixels": lambda image: image.filter(ImageFilter.GaussianBlur(0.5)),
        "blur, deviation 1 pixel": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
        "JPEG, quality 75": jpeg,
    }
    found = {"true edits, noise of 2 levels": (images + noise).clip(0, 255).round().astype(np.uint8)}
    for name, way in ways.items():
        found[f"true edits, {name}"] = np.stack([np.asarray(way(Image.fromarray(image))) for image in images])
    return found


def jpeg(image: Image.Image) -> Image.Image:
    """Save each image as a JPEG file, and read it back."""
    file = io.BytesIO()
    image.save(file, "jpeg", quality=75)
    return Image.open(file).convert("RGB")


def compared(reference: Features, features: Features) -> dict[str, float]:
    """The kernel distance, the squared shift of the mean feature, and what that shift alone would give."""
    (distance, _), width = kernel(reference, features) or (0.0, None), reference.shape[1]
    mean, other = reference.mean(0, dtype=np.float64), features.mean(0, dtype=np.float64)
    shift = float(np.square(mean - other).sum())
    return {"kernel": distance, "shift2": shift, "by_shift": 3 * (1 + float(mean @ other) / width) ** 2 * shift / width}


def deviation(features: Features) -> float:
    """Standard deviation of the kernel distance between random halves of one set."""
    lots, half = np.random.default_rng(0), len(features) // 2
    every = []
    for _ in range(SPLITS):
        order = lots.permutation(len(features))
        every.append((kernel(features[order[:half]], features[order[half : 2 * half]]) or (0.0, None))[0])
    return float(np.std(every))


def scale_table() -> str:
    """Table of the stored result."""
    titles = ("set, against the true edits", "PSNR, dB", "kernel x 1000", "by the mean's shift alone, x 1000", "squared shift")
    lines = []
    for row in read_json(RESULT)["rows"]:
        distances = (f"{1000 * row[name]:z.0f}" for name in ("kernel", "by_shift"))
        lines.append([row["set"], f"{row['psnr']:.1f}", *distances, f"{row['shift2']:.1f}"])
    return table(titles, lines)
