"""Does a model warn of images of an unknown kind, and of none that it knows?

python -m experiments.unknown_inputs                               photographs of installed packages; about five minutes
python -m experiments.unknown_inputs --photos DIR --mnist DIR      also those of a folder, and MNIST's files

Prints two tables, which docs/models.md shows. The first has, for the packaged model, the share of images of each kind that it
calls unfamiliar, and their distances in multiples of the limit: its 2,000 test images as they are and changed as files are, its
translations of them, random crops of photographs, other drawings. The second has the same shares as if a model were trained on each
data set: a row for each known set, a column for each shown set.
"""

from __future__ import annotations

import importlib.util
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import viceversa as vv
from viceversa.core.space import ImageSpec
from viceversa.data.files.idx import open_idx
from viceversa.data.sources import open_dataset
from viceversa.images.decoding import SUFFIXES, decode, recolored
from viceversa.images.fitting import fitted
from viceversa.images.pixels import Pixels
from viceversa.inference.familiarity import Known, familiarity_of

PACKAGED = {"sklearn": "datasets/images", "matplotlib": "mpl-data/sample_data"}
"""Packages with photographs: china.jpg, flower.jpg, grace_hopper.jpg."""
CROPS, SMALLEST, OTHERS = 40, 64, 300
"""Crops of each photograph, their least side in pixels, and number of images of each other data set."""
DRAWN = ("toons", "sketches", "avatars:outlines", "street-digits", "handwritten")


@dataclass(frozen=True)
class Unknown:
    """Images that are shown beside the data sets of the package."""

    photos: Path | None = None
    """folder of photographs"""
    mnist: Path | None = None
    """folder of MNIST's files"""


def photographs(folder: Path | None) -> Iterator[tuple[str, Pixels]]:
    """Each photograph by its name."""
    for package, place in PACKAGED.items():
        found = importlib.util.find_spec(package)
        if found and found.origin:
            yield from _images(Path(found.origin).parent / place)
    if folder:
        yield from _images(folder)


def _images(folder: Path) -> Iterator[tuple[str, Pixels]]:
    for path in sorted(folder.glob("*.[jp][pn]g")):
        if path.suffix in SUFFIXES and "logo" not in path.stem and "Topographic" not in path.stem and "Minduka" not in path.stem:
            yield path.name, decode(path, channels=3)


def crops(photo: Pixels, size: int, generator: np.random.Generator) -> Iterator[Pixels]:
    """The whole photograph, and squares of random sizes and places in it."""
    height, width = photo.shape[:2]
    yield fitted(photo, (size, size))
    for _ in range(CROPS):
        side = round(float(np.exp(generator.uniform(np.log(SMALLEST), np.log(min(height, width))))))
        top, left = generator.integers(0, height - side + 1), generator.integers(0, width - side + 1)
        yield fitted(photo[top : top + side, left : left + side], (size, size))


def through_jpeg(image: Pixels, quality: int) -> Pixels:
    """The image, saved as a JPEG file and read back."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def shown(name: str, size: int, count: int = OTHERS) -> dict[str, list[Pixels]]:
    """Test images of each space of a data set, in color."""
    return {
        f"{name}, {space}" if space != name else name: _prepared(images.pixels[:count], size)
        for space, images in open_dataset(name, size).splits["test"].items()
    }


def _prepared(images: Pixels, size: int) -> list[Pixels]:
    return [fitted(np.ascontiguousarray(recolored(image, 3)), (size, size)) for image in images]


def own(model: vv.Model, size: int) -> dict[str, list[Pixels]]:
    """The model's own test images, unchanged and changed as files are."""
    pixels = np.ascontiguousarray(open_dataset("avatars", size).splits["test"]["avatars"].pixels)
    translated = model.translate(pixels[:500], {"hair": "blond", "glasses": "yes", "beard": "no"})
    return {
        "own test images": [*pixels],
        "own, JPEG of quality 75": [through_jpeg(image, 75) for image in pixels],
        "own, of 40 px": [fitted(fitted(image, (40, 40)), (size, size)) for image in pixels],
        "own, translated": [*translated],
    }


def table(known: Known, sets: Mapping[str, Sequence[Pixels]]) -> Iterator[str]:
    """Table with a row for each set."""
    yield "| images | number | called unfamiliar | distance: least | 1 % | half | 99 % | most |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, images in sets.items():
        distances = np.concatenate([known.distances(images[start : start + 200]) for start in range(0, len(images), 200)])
        quantiles = " | ".join(f"{value:.2f}" for value in np.quantile(distances, [0, 0.01, 0.5, 0.99, 1]))
        yield f"| {name} | {len(images):,} | {100 * np.mean(distances > 1):.1f} % | {quantiles} |"


def matrix(sets: Mapping[str, Sequence[Pixels]], size: int) -> Iterator[str]:
    """Table of the shares of images called unfamiliar; a row is the known set, a column the shown one."""
    yield f"| known | {' | '.join(sets)} |"
    yield f"|---|{'---|' * len(sets)}"
    for name in ("avatars", *DRAWN):
        dataset = open_dataset(name, size)
        for space, known in familiarity_of(dataset).spaces.items():
            spec = dataset.space.images[space]
            shares = [_share(known, images, spec) for images in sets.values()]
            yield f"| {name}, {space} | {' | '.join(f'{100 * share:.0f} %' for share in shares)} |"


def _share(known: Known, images: Sequence[Pixels], spec: ImageSpec) -> float:
    """Share of the images, prepared for that space, that are called unfamiliar."""
    prepared = [fitted(np.ascontiguousarray(recolored(image, spec.channels)), (spec.height, spec.width)) for image in images]
    return float(np.mean(known.distances(prepared) > 1))


def main(asked: Unknown) -> None:
    """Print the shares of images that a model calls unfamiliar."""
    model, generator, size = vv.load("avatars"), np.random.default_rng(0), 64
    assert model.familiarity is not None
    photos = dict(photographs(asked.photos))
    found = {f"crops of {len(photos)} photographs": [crop for photo in photos.values() for crop in crops(photo, size, generator)]}
    others = {name: images for drawn in DRAWN for name, images in shown(drawn, size).items()}
    if asked.mnist:
        digits = open_idx(asked.mnist).splits["test"]
        found["MNIST"] = [image for images in digits.values() for image in _prepared(images.pixels[:OTHERS], size)]
    print(f"photographs: {', '.join(photos)}\n", file=sys.stderr)
    print("\n".join(table(model.familiarity.spaces["avatars"], own(model, size) | found | others)), flush=True)
    few = {name: images[:: -(-len(images) // OTHERS)] for name, images in (shown("avatars", size) | found | others).items()}
    print("\n" + "\n".join(matrix(few, size)))
