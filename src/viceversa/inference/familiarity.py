"""Familiarity: similarity of an image to a run's training images, so that a model can warn of unfamiliar images.

An image is described by its colors in 8x8 cells, and by the logarithm of the differences of neighboring pixels, on two scales in
4x4 cells. The descriptions of training images, each unchanged and once disturbed like an image file (rescaled, shifted, other
brightness, JPEG), give K principal axes. The distance of an image with coordinates z on these axes and the residual r is

    d = (mean over k of z_k^2 / variance_k + |r|^2 / mean of |r|^2) / 2,

about 1 for training images. An image is unfamiliar if it is farther than 99 of 100 held-out images, unchanged and disturbed.
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
    """Statistics of the images of one space: mean, scale (D,); axes (K, D); their variances (K,); rest, the mean of |r|^2, and
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
        """Return the distances of images (H, W, C) in multiples of the limit: (N,)."""
        found: Numbers = self.distances_of(_described(images)) / self.limit
        return found

    def distances_of(self, descriptions: Numbers) -> Numbers:
        """Return the distance d of each description (N, D): (N,)."""
        centered = (descriptions - self.mean) / self.scale
        along = centered @ self.axes.T
        beyond = np.square(centered - along @ self.axes).sum(1)
        distances: Numbers = ((along**2 / self.variances).mean(1) + beyond / self.rest) / 2
        return distances


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Statistics of each space of a run that has enough images."""

    spaces: Mapping[str, Known]

    def distances(self, images: Sequence[Pixels], spaces: Sequence[str]) -> list[float]:
        """Return distances of images (H, W, C) of one size to the nearest of these spaces: above 1 is unfamiliar, 0 is unknown."""
        if not all(name in self.spaces for name in spaces):
            return [0.0] * len(images)
        found: list[float] = np.min([self.spaces[name].distances(images) for name in spaces], 0).tolist()
        return found


def familiarity_of(dataset: Dataset) -> Familiarity:
    """Return the statistics of a data set's training images. Its validation images give the distances of held-out images."""
    found: dict[str, Known] = {}
    for name, images in dataset.splits["train"].items():
        held_out = dataset.splits.get("validation", {}).get(name)
        known = _known(images.pixels, None if held_out is None else held_out.pixels)
        found |= {} if known is None else {name: known}
    return Familiarity(found)


def save_familiarity(dataset: Dataset, path: Path) -> None:
    """Write the statistics of the data set's training images, about 60 kB for each space.

    They are also kept in the cache under the data set's name, which stands for its content.
    """
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
    """Read a familiarity; None if there is no file, as in older runs. Raises UsageError for an invalid file."""
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
    """Return evenly chosen images, reduced to at most SIDE pixels."""
    rows = np.linspace(0, len(images) - 1, min(len(images), most)).round().astype(int)
    return [_small(np.asarray(images[row])) for row in rows]


def _both(images: Sequence[Pixels], seed: int) -> Numbers:
    """Return descriptions of images, unchanged and disturbed like files."""
    generator = np.random.default_rng(seed)
    return np.concatenate([_described(images), _described([_as_file(image, generator) for image in images])])


def _small(image: Pixels) -> Pixels:
    """Return an image (H, W, C) of any bit depth in 8 bits, with sides of at most SIDE."""
    sides = min(image.shape[0], SIDE), min(image.shape[1], SIDE)
    return in_bits(image if image.shape[:2] == sides else fitted(image, sides), 8)


def _as_file(image: Pixels, generator: np.random.Generator) -> Pixels:
    """Disturb an image like a file: rescale, shift, change brightness and compress as JPEG, each with probability 1/2."""
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
    """Return an image after JPEG; by channel if it has neither 1 nor 3."""
    if image.shape[2] not in (1, 3):
        return np.concatenate([_through_jpeg(image[..., [channel]], quality) for channel in range(image.shape[2])], 2)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer)).reshape(image.shape)


def _described(images: Sequence[Pixels]) -> Numbers:
    """Describe images (H, W, C) of one size: (N, D), with D = 64 C + 32, or less for sides below 10 px."""
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
    """Return the means of (N, H, W, C) in cells x cells parts, or fewer if there are fewer pixels."""
    rows, columns = (np.linspace(0, side, min(cells, side), endpoint=False).astype(int) for side in images.shape[1:3])
    sums: Numbers = np.add.reduceat(np.add.reduceat(images, rows, 1), columns, 2)
    sizes = [np.diff([*starts, side]) for starts, side in zip((rows, columns), images.shape[1:3], strict=True)]
    means: Numbers = (sums / np.outer(*sizes)[None, :, :, None]).astype(np.float32)
    return means
