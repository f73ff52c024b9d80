"""Extractor `lite0@128`: features for the Frechet and kernel distances, and the distance `perceptual_lite0` between images.

uint8 RGB -> Pillow's antialiased bicubic to 128 x 128 on floats, by channel -> clipped to [0, 255], not rounded (clean-fid's rule,
arXiv 2104.11222) -> [-1, 1] -> EfficientNet-Lite0 in fp32. Gray images are repeated to three channels. Numbers have the name of the
extractor: "FD (lite0@128)", not "FID"; `perceptual_lite0`, not "LPIPS", which has other networks and learned weights.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from viceversa.data.cache.packing import cache_directory
from viceversa.device import CPU
from viceversa.errors import UsageError
from viceversa.files import write_atomically
from viceversa.images.fitting import shown
from viceversa.images.pixels import Pixels
from viceversa.networks.lite0 import FEATURES, load_lite0
from viceversa.pipeline import threaded

EXTRACTOR = "lite0@128"

Features = NDArray[np.float32]
"""Features (N, width) float32, not negative."""

Advance = Callable[[int], None]
"""A function that is called with the number of images just processed."""

Result = TypeVar("Result")

_SIDE = 128
_BATCH = 32  # the fastest of 8 to 128 on a CPU


@dataclass(frozen=True, eq=False)
class Measurement:
    """Measurement of a set of images: features (N, width), and perceptual distance (N,) to the source, 0 for equal images."""

    features: Features
    perceptual: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Extractor:
    """Networks that measure images. Each call is for one batch of images (n, H, W, C) uint8.

    Args:
        name: name of its numbers, and of its files in the cache.
        width: number of features.
        fewest: least number of images for a Frechet distance.
        features: images -> (n, width).
        compared: a source and sets of outputs, n images each -> a measurement of each set.
    """

    name: str
    width: int
    fewest: int
    features: Callable[[Pixels], Features]
    compared: Callable[[Pixels, Sequence[Pixels]], list[Measurement]]


@cache
def lite0(device: torch.device = CPU) -> Extractor:
    """Return the extractor of this module on a device."""
    return Extractor(EXTRACTOR, FEATURES, FEATURES + 1, partial(_features, device=device), partial(_compared, device=device))


def extract(images: Pixels, advance: Advance = lambda count: None, extractor: Extractor | None = None) -> Features:
    """Return the features (N, width) of images (N, H, W, C) uint8, by lite0@128 unless another extractor is given."""
    chosen = extractor or lite0()
    features = np.empty((len(images), chosen.width), np.float32)
    for rows, result in by_batch(lambda rows: chosen.features(images[rows]), len(images)):
        features[rows] = result
        advance(len(result))
    return features


def measure(
    source: Pixels, outputs: Sequence[Pixels], advance: Advance = lambda count: None, device: torch.device = CPU
) -> list[Measurement]:
    """Return the features of every set of outputs, and the perceptual distance of each image to the same row of `source`.

    perceptual = sum over five taps of the mean over positions of |f / |f| - g / |g||^2, where f and g are the channels there: as
    LPIPS (arXiv 1801.03924, eq. 1) with unit weights; from 0 to 20. The source passes the network once for all sets. Memory holds
    one batch.

    Args:
        source: (N, H, W, 1 or 3) uint8, of any size.
        outputs: sets of images of this form.
        advance: is called with the number of outputs just processed.

    Raises:
        ValueError: a set does not have as many images as the source.
    """
    counts = [len(images) for images in outputs]
    if any(count != len(source) for count in counts):
        raise ValueError(f"{len(source)} source images cannot be compared one by one with sets of {counts}.")
    measured = [Measurement(np.empty((count, FEATURES), np.float32), np.empty(count, np.float32)) for count in counts]
    work = by_batch(lambda rows: lite0(device).compared(source[rows], [images[rows] for images in outputs]), len(source))
    for rows, results in work:
        for measurement, result in zip(measured, results, strict=True):
            measurement.features[rows] = result.features
            measurement.perceptual[rows] = result.perceptual
            advance(len(result.perceptual))
    return measured


def perceptual(images: Pixels, others: Pixels, device: torch.device = CPU) -> NDArray[np.float32]:
    """Return `perceptual_lite0` of each pair of rows (see `measure`): (N,)."""
    return measure(images, [others], device=device)[0].perceptual


def reference_features(images: Pixels, advance: Advance = lambda count: None, extractor: Extractor | None = None) -> Features:
    """Return extract(images) from the cache, computed if necessary: memory-mapped, read-only.

    The file name depends on the extractor and the pixels (see `key_of_pixels`). A damaged file is computed again; files are written
    atomically. Raises UsageError if the cache cannot be written.
    """
    chosen = extractor or lite0()
    path = cache_directory() / "features" / f"{key_of_pixels(images, chosen)}.npy"
    shape = len(images), chosen.width
    features = _mapped(path, shape)
    if features is None:
        buffer = io.BytesIO()
        np.save(buffer, extract(images, advance, chosen))
        try:
            write_atomically(path, buffer.getvalue())
        except OSError as error:
            remedy = "Set VICEVERSA_CACHE to a writable folder."
            raise UsageError(f"cannot write the cache {path.parent}: {error.strerror}. {remedy}") from None
        features = np.load(path, mmap_mode="r")
    return features


def key_of_pixels(images: Pixels, extractor: Extractor) -> str:
    """Return the SHA-256 of the extractor's name, the shape and the pixels."""
    key = hashlib.sha256(f"{extractor.name} {images.dtype} {images.shape}".encode())
    for start in range(0, len(images), 256):
        key.update(images[start : start + 256].tobytes())
    return key.hexdigest()


def as_input(images: Pixels, side: int = _SIDE, device: torch.device = CPU) -> Tensor:
    """Convert images (N, H, W, C) uint8 to the network's input (N, 3, side, side) float32 in [-1, 1].

    The network sees three channels, or one. Images are resized and clipped, not rounded.
    """
    pixels = torch.tensor(np.ascontiguousarray(shown(images))).to(device).permute(0, 3, 1, 2).float()
    above, beside = (_bicubic(length, side, device) for length in pixels.shape[2:])
    resized = (above @ pixels @ beside.T).clamp(0, 255)
    return (resized / 127.5 - 1).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


@cache
def _bicubic(before: int, after: int, device: torch.device) -> Tensor:
    """Return Pillow's bicubic resize along one axis as a matrix (after, before): the resized identity matrix.

    Two products with it equal Pillow's resize within 1e-4 of 255 levels, in a quarter of the time.
    """
    identity = Image.fromarray(np.eye(before, dtype=np.float32))
    return torch.tensor(np.asarray(identity.resize((before, after), Image.Resampling.BICUBIC))).to(device)


def by_batch(work: Callable[[slice], Result], count: int) -> Iterator[tuple[slice, Result]]:
    """Yield work(rows) for batches of about equal size, in order, on as many threads as PyTorch may use."""
    ends = np.linspace(0, count, -(-count // _BATCH) + 1).astype(int).tolist()
    batches = [slice(start, end) for start, end in pairwise(ends)]
    yield from zip(batches, threaded(work, batches), strict=True)


@torch.no_grad()
def _features(images: Pixels, device: torch.device) -> Features:
    features: Features = load_lite0(device)(as_input(images, device=device))[1].cpu().numpy()
    return features


@torch.no_grad()
def _compared(source: Pixels, outputs: Sequence[Pixels], device: torch.device) -> list[Measurement]:
    network = load_lite0(device)
    reference = directions(network(as_input(source, device=device))[0])
    measured = []
    for images in outputs:
        taps, features = network(as_input(images, device=device))
        measured.append(Measurement(features.cpu().numpy(), between(reference, directions(taps)).cpu().numpy()))
    return measured


def between(taps: Iterable[Tensor], others: Iterable[Tensor]) -> Tensor:
    """Return the perceptual distance of two lists of directions: the sum over taps of the mean squared difference (N,)."""
    pairs = zip(taps, others, strict=True)
    return torch.stack([(left - right).square().sum(1).mean((1, 2)) for left, right in pairs]).sum(0)


def directions(taps: Iterable[Tensor]) -> list[Tensor]:
    """Divide each position's channels (N, C, h, w) by their length."""
    return [tap / (tap.norm(dim=1, keepdim=True) + 1e-10) for tap in taps]


def _mapped(path: Path, shape: tuple[int, int]) -> Features | None:
    """Return the features in a file; None if the file is missing, damaged or of another shape."""
    try:
        features = np.load(path, mmap_mode="r")
    except (FileNotFoundError, NotADirectoryError, EOFError, ValueError):
        return None
    return features if features.dtype == np.float32 and features.shape == shape else None
