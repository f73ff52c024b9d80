"""The format idx: MNIST's four files, and those of similar data sets, compressed or not.

The last 5,000 of the 60,000 training images, or a tenth if there are fewer, are for validation.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viceversa.data.dataset import Dataset
from viceversa.data.digits import DigitImages, digest_of, held_out, of_digits
from viceversa.errors import UsageError, printable, quoted

TRAIN, TEST = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
WHERE = "MNIST's four files, *-ubyte.gz, are found by https://github.com/cvdfoundation/mnist: put them into one folder."
_BYTES = 8
"""Code of the type uint8 in idx."""


def has_idx(folder: Path) -> bool:
    """Return whether any of the four files exists."""
    return any(_file(folder, name) for name in (*TRAIN, *TEST))


def open_idx(folder: Path) -> Dataset:
    """Return the four files of a folder as a data set of digits, 28x28 gray for MNIST. Raises UsageError that says where to get
    the files."""
    train, test = _part(folder, *TRAIN), _part(folder, *TEST)
    if train[0].shape[1:] != test[0].shape[1:]:
        raise UsageError(f"the training and the test images in {quoted(str(folder))} differ in size.")
    kept, validation = held_out(train)
    parts = {"train": kept, "validation": validation, "test": test}
    return of_digits(f"{folder.resolve().name}-{train[0].shape[1]}-{digest_of(train, test)}", parts)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Return the array of bytes in a file, compressed with gzip or not. Raises UsageError for another format or an incomplete
    file."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"cannot read {quoted(str(path))}: {printable(str(error))}; download it again.") from None
    start = 4 + 4 * content[3] if len(content) > 3 else 0
    if not start or content[:3] != bytes([0, 0, _BYTES]) or len(content) < start:
        raise UsageError(f"{quoted(str(path))} is not an IDX file of bytes, the format of MNIST.")
    shape = [int.from_bytes(content[place : place + 4], "big") for place in range(4, start, 4)]
    if len(content) - start != math.prod(shape):
        sides = "x".join(map(str, shape))
        found = f"should hold {sides} bytes by its header, but holds {len(content) - start}"
        raise UsageError(f"{quoted(str(path))} {found}: download it again.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _part(folder: Path, images: str, labels: str) -> DigitImages:
    pixels, digits = (_read(folder, name, dimensions) for name, dimensions in ((images, 3), (labels, 1)))
    return pixels[..., None], digits.astype(np.int64)


def _read(folder: Path, name: str, dimensions: int) -> NDArray[np.uint8]:
    path = _file(folder, name)
    if path is None:
        raise UsageError(f"{quoted(str(folder))} has neither {name} nor {name}.gz. {WHERE}")
    array = read_idx(path)
    if array.ndim != dimensions:
        raise UsageError(f"{quoted(str(path))} has {array.ndim} dimensions, where MNIST files have {dimensions}.")
    return array


def _file(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)
