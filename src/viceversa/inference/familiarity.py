"""Familiarity: how like a run's training images an image is, so that a model can say what it does not know.

An image is described by its colors on a grid of 8x8 cells and by how much neighboring pixels differ, on two scales in 4x4 cells, as
a logarithm. Of the descriptions of training images, each as it is and once more as files come (rescaled, moved, another brightness,
JPEG), the K principal axes are kept. The distance of an image with coordinates z on these, and the rest r beyond them, is

    d = (mean over k of z_k^2 / variance_k + |r|^2 / mean of |r|^2) / 2,

about 1 for training images. An image is unfamiliar if it is farther than 99 of 100 held-out images, as they are and as files.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from PIL import Image

from viceversa.data.cache.packing import cache_directory
from viceversa.data.dataset import Dataset
from viceversa.errors import UsageError
from viceversa.files import write_atomically
from viceversa.images.fitting import fitted, in_bits
from viceversa.images.pixels import Pixels

FILE, VERSION = "familiarity.safetensors", 1
SIDE, AXES, MOST, FEWEST = 64, 48, 500, 40
"""Pixels at which images are looked at, at most; axes; training images that are looked at; and what says nothing, being too few."""

Numbers = NDArray[np.float32]


@dataclass(frozen=True, eq=False, repr=False)
class Known:
    """What is known of the images of one space: mean, scale (D,); axes (K, D); their variances (K,); rest, the mean of |r|^2, and
    limit, the distance beyond which an image is unfamiliar: (1,)."""

    mean: Numbers
    scale: Numbers
    axes: Numbers
    variances: Numbers
    rest: Numbers
    limit: Numbers

    def __repr__(self) -> str:
        return f"Known({len(self.mean)} numbers, {len(self.axes)} axes, limit {self.limit[0]:.3g})"

    def distances(self, images: Sequence[Pixels]) -> Numbers:
        """Of images (H, W, C), in multiples of the limit: (N,)."""
        found: Numbers = self.distances_of(_described(images)) / self.limit
        return found

    def distances_of(self, descriptions: Numbers) -> Numbers:
        """d of each description (N, D): (N,)."""
        centered = (descriptions - self.mean) / self.scale
        along = centered @ self.axes.T
        beyond = np.square(centered - along @ self.axes).sum(1)
        distances: Numbers = ((along**2 / self.variances).mean(1) + beyond / self.rest) / 2
        return distances


@dataclass(frozen=True, eq=False)
class Familiarity:
    """What is known of each space of a run, if it has enough images."""

    spaces: Mapping[str, Known]

    def distances(self, images: Sequence[Pixels], spaces: Sequence[str]) -> list[float]:
        """Of images (H, W, C) of one size from the nearest of these spaces: more than 1 is unfamiliar; 0 where nothing is known."""
        if not all(name in self.spaces for name in spaces):
            return [0.0] * len(images)
        found: list[float] = np.min([self.spaces[name].distances(images) for name in spaces], 0).tolist()
        return found


def familiarity_of(dataset: Dataset) -> Familiarity:
    """What is known of a data set's training images; its validation images say how far held-out ones are from them."""
    found: dict[str, Known] = {}
    for name, images in dataset.splits["train"].items():
        held_out = dataset.splits.get("validation", {}).get(name)
        known = _known(images.pixels, None if held_out is None else held_out.pixels)
        found |= {} if known is None else {name: known}
    return Familiarity(found)


def save_familiarity(dataset: Dataset, path: Path) -> None:
    """Writes what is known of the data set's training images, about 60 kB for each space. It is kept in the cache, too, by the
    data set's name, which is that of its content."""
    cached = cache_directory() / "familiarity" / f"{dataset.name}-{VERSION}.safetensors"
    try:
        known = load_familiarity(cached)
    except UsageError:  # it is damaged
        known = None
    if known is None:
        known = familiarity_of(dataset)
        with suppress(OSError):  # a cache that cannot be written to saves no time
            write_familiarity(known, cached)
    write_familiarity(known, path)


def write_familiarity(familiarity: Familiarity, path: Path) -> None:
    """Write a familiarity. Raises OSError."""
    parts = {f"{name}/{part}": array for name, known in familiarity.spaces.items() for part, array in vars(known).items()}
    write_atomically(path, safetensors.numpy.save(parts))


def load_familiarity(path: Path) -> Familiarity | None:
    """Reads it; None where there is no file, as in older runs. Raises UsageError for a file of something else."""
    if not path.exists():
        return None
    try:
        if not path.is_file():
            raise ValueError("it is not a regular file")
        parts: dict[str, dict[str, Numbers]] = {}
        for name, array in safetensors.numpy.load(path.read_bytes()).items():
            space, _, part = name.rpartition("/")
            parts.setdefault(space, {})[part] = array
        return Familiarity({space: Known(**arrays) for space, arrays in parts.items()})
    except Exception as error:  # what is in the file may be anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(
            f"cannot read {str(path)!r} ({reason}): remove it; without it, no warning names unfamiliar images."
        ) from error


def _known(training: Pixels, held_out: Pixels | None) -> Known | None:
    if len(training) < FEWEST:
        return None
    seen = _sample(training, MOST)
    if held_out is None or len(held_out) < FEWEST // 4:
        seen, others = seen[len(seen) // 10 :], seen[: len(seen) // 10]
    else:
        others = _sample(held_out, MOST // 2)
    descriptions = _both(seen, 0)
    mean, scale = descriptions.mean(0), descriptions.std(0) + np.float32(0.02)
    centered = (descriptions - mean) / scale
    variances, axes = np.linalg.eigh(centered.T @ centered / len(centered))
    count = min(AXES, len(centered) // 4)
    variances, axes = variances[::-1][:count].clip(1e-3), axes[:, ::-1][:, :count].T
    rest = np.square(centered - centered @ axes.T @ axes).sum(1).mean(keepdims=True).clip(1e-3)
    kept = {"mean": mean, "scale": scale, "axes": axes, "variances": variances, "rest": rest, "limit": np.ones(1)}
    known = Known(**{name: np.ascontiguousarray(part, np.float32) for name, part in kept.items()})
    return replace(known, limit=np.quantile(known.distances_of(_both(others, 1)), [0.99]).astype(np.float32))


def _sample(images: Pixels, most: int) -> list[Pixels]:
    """Some of the images, evenly chosen, no larger than SIDE."""
    rows = np.linspace(0, len(images) - 1, min(len(images), most)).round().astype(int)
    return [_small(np.asarray(images[row])) for row in rows]


def _both(images: Sequence[Pixels], seed: int) -> Numbers:
    """Descriptions of images as they are, and as files come."""
    generator = np.random.default_rng(seed)
    return np.concatenate([_described(images), _described([_as_file(image, generator) for image in images])])


def _small(image: Pixels) -> Pixels:
    """(H, W, C) of any depth in 8 bits, its sides at most SIDE."""
    sides = min(image.shape[0], SIDE), min(image.shape[1], SIDE)
    return in_bits(image if image.shape[:2] == sides else fitted(image, sides), 8)


def _as_file(image: Pixels, generator: np.random.Generator) -> Pixels:
    """The image as it may be on a disk: each with even odds rescaled, moved, lighter or darker, and through JPEG."""
    height, width = image.shape[:2]
    rescaled, moved, relit, compressed = generator.random(4) < 0.5
    share, light, contrast, quality = generator.uniform((0.5, -6, 0.95, 60), (1, 6, 1.05, 96))
    if rescaled:
        image = fitted(fitted(image, (max(round(share * height), 1), max(round(share * width), 1))), (height, width))
    if moved:
        reach = max(1, height // 32)
        top, left = generator.integers(0, 2 * reach + 1, 2)
        padded = np.pad(np.asarray(image, np.uint8), ((reach, reach), (reach, reach), (0, 0)), "edge")
        image = padded[top : top + height, left : left + width]
    if relit:
        image = ((image - 127.5) * contrast + 127.5 + light).clip(0, 255).astype(np.uint8)
    return _through_jpeg(image, int(quality)) if compressed else image


def _through_jpeg(image: Pixels, quality: int) -> Pixels:
    """After JPEG, channel by channel where there are neither one nor three."""
    if image.shape[2] not in (1, 3):
        return np.concatenate([_through_jpeg(image[..., [channel]], quality) for channel in range(image.shape[2])], 2)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer)).reshape(image.shape)


def _described(images: Sequence[Pixels]) -> Numbers:
    """Images (H, W, C) of one size -> (N, D); D is 64 C + 32, and less for sides below 10 px."""
    colors: Numbers = np.stack([_small(image) for image in images]).astype(np.float32) / np.float32(255)
    gray: Numbers = colors.mean(3, keepdims=True)
    parts = [_pooled(colors, 8)]
    for _ in range(2):
        if min(gray.shape[1:3]) < 2:
            break
        steps: Numbers = np.abs(np.diff(gray, axis=2))[:, :-1] + np.abs(np.diff(gray, axis=1))[:, :, :-1]
        parts.append(np.log(_pooled(steps, 4) + np.float32(0.02)))
        even = gray[:, : gray.shape[1] // 2 * 2, : gray.shape[2] // 2 * 2]
        gray = (even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]) / np.float32(4)
    return np.concatenate([part.reshape(len(colors), -1) for part in parts], 1)


def _pooled(images: Numbers, cells: int) -> Numbers:
    """Means of (N, H, W, C) in cells x cells parts, or in as many as there are pixels."""
    rows, columns = (np.linspace(0, side, min(cells, side), endpoint=False).astype(int) for side in images.shape[1:3])
    sums: Numbers = np.add.reduceat(np.add.reduceat(images, rows, 1), columns, 2)
    sizes = [np.diff([*starts, side]) for starts, side in zip((rows, columns), images.shape[1:3], strict=True)]
    means: Numbers = (sums / np.outer(*sizes)[None, :, :, None]).astype(np.float32)
    return means
