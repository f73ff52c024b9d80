"""SVHN's cropped digits (Street View House Numbers, format 2): train_32x32.mat and test_32x32.mat, files of MATLAB.

Label 10 is the digit 0. The last 5,000 of the 73,257 training images, or a tenth if there are fewer, are for validation. The
531,131 easier images of extra_32x32.mat are used for training only on request.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from viceversa.data.dataset import Dataset
from viceversa.data.digits import DigitImages, digest_of, held_out, needed, of_digits
from viceversa.errors import UsageError, printable, quoted

TRAIN, TEST, EXTRA = "train_32x32.mat", "test_32x32.mat", "extra_32x32.mat"
WHERE = f"SVHN's files, {TRAIN} and {TEST}, are on its page, http://ufldl.stanford.edu/housenumbers/: put them into one folder."


def has_svhn(folder: Path) -> bool:
    """Return whether any of the files exists."""
    return any((folder / name).is_file() for name in (TRAIN, TEST, EXTRA))


def open_svhn(folder: Path, *, extra: bool = False) -> Dataset:
    """Return the files of a folder as a data set of digits, 32x32 RGB.

    Args:
        folder: the folder.
        extra: whether to train on the extra images, too.

    Raises:
        UsageError: that says where to get missing files.
    """
    train, test = read_svhn(folder / TRAIN), read_svhn(folder / TEST)
    kept, validation = held_out(train)
    further = [read_svhn(folder / EXTRA)] if extra else []
    for pixels, digits in further:
        kept = np.concatenate([kept[0], pixels]), np.concatenate([kept[1], digits])
    parts = {"train": kept, "validation": validation, "test": test}
    return of_digits(f"{folder.resolve().name}-{train[0].shape[1]}-{digest_of(train, test, *further)}", parts)


def read_svhn(path: Path) -> DigitImages:
    """Return the images (N, H, W, 3) and digits (N,) of one file. Raises UsageError if it is missing or not from SVHN."""
    if not path.is_file():
        raise UsageError(f"{quoted(str(path.parent))} has no {path.name}. {WHERE}")
    matlab = needed("scipy.io.matlab", "scipy", quoted(str(path)))
    try:
        content = matlab.loadmat(path)
        pixels, labels = content["X"], content["y"]
    except (matlab.MatReadError, KeyError, ValueError, NotImplementedError, TypeError, OSError, EOFError, zlib.error) as error:
        reason = printable(" ".join(str(error).split())) or type(error).__name__
        raise UsageError(f"cannot read {quoted(str(path))} as an SVHN file with X and y: {reason}; download it again.") from None
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[2] != 3 or labels.size != pixels.shape[3]:
        must = "X must be bytes of shape (height, width, 3, N), and y must hold N labels"
        raise UsageError(f"{quoted(str(path))} is not an SVHN file: {must}.")
    digits = labels.reshape(-1).astype(np.int64)
    if digits.size and (digits.min() < 1 or digits.max() > 10):
        raise UsageError(f"{quoted(str(path))} has labels from {digits.min()} to {digits.max()}: SVHN labels are 1 to 10.")
    return np.ascontiguousarray(pixels.transpose(3, 0, 1, 2)), digits % 10
