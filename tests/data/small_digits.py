"""Files in MNIST's and in SVHN's form, of a few images of noise."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from viceversa.data.files.idx import TEST, TRAIN


def write_idx(path: Path, array: NDArray[np.uint8], pack: bool = False) -> None:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
    content = head + array.tobytes()
    path.write_bytes(gzip.compress(content) if pack else content)


def small_mnist(folder: Path, side: int = 28) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Four files in MNIST's form, of 20 and 5 images, one of them packed."""
    folder.mkdir(exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, (25, side, side), np.uint8)
    digits = (np.arange(25) * 7 % 10).astype(np.uint8)
    for (images, labels), rows, pack in ((TRAIN, slice(20), True), (TEST, slice(20, 25), False)):
        write_idx(folder / (f"{images}.gz" if pack else images), pixels[rows], pack)
        write_idx(folder / labels, digits[rows])
    return pixels, digits


def small_svhn(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Files in SVHN's form, of 20, 5 and 3 images."""
    matlab = pytest.importorskip("scipy.io.matlab", reason="scipy, of the extra `data`, is not installed")
    folder.mkdir(exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, (28, 32, 32, 3), np.uint8)
    labels = (np.arange(28) % 10 + 1).astype(np.uint8)
    for name, rows in (("train", slice(20)), ("test", slice(20, 25)), ("extra", slice(25, 28))):
        content = {"X": pixels[rows].transpose(1, 2, 3, 0), "y": labels[rows, None]}
        matlab.savemat(folder / f"{name}_32x32.mat", content, do_compression=True)
    return pixels, labels
