"""Common parts of digit data sets: one space with one attribute, which of ten digits an image shows."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray

from viceversa.core.attributes import OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels

DIGIT = OneOf("digit", tuple("0123456789"))
MOST_HELD_OUT = 5000

DigitImages = tuple[Pixels, NDArray[np.int64]]
"""Images (N, H, W, C), and the digit of each, 0 to 9: (N,)."""


def of_digits(name: str, parts: Mapping[str, DigitImages]) -> Dataset:
    """Return the data set of the parts "train", "validation" and "test", in the one space "digits", at the size of the images.

    Raises UsageError for an empty split, and unless each image has one label from 0 to 9.
    """
    for split, (pixels, digits) in parts.items():
        if len(pixels) != len(digits) or not len(pixels):
            found = f"{name} has {len(pixels)} {split} images and {len(digits)} labels"
            raise UsageError(f"{found}: both numbers must be equal and above 0.")
        if digits.min() < 0 or digits.max() > 9:
            raise UsageError(f"{name} has {split} labels from {digits.min()} to {digits.max()}: labels of digits are 0 to 9.")
    height, width, channels = parts["train"][0].shape[1:]
    splits = {split: {"digits": _images(split, pixels, digits)} for split, (pixels, digits) in parts.items()}
    return Dataset(name, Space({"digits": ImageSpec(channels, height, width)}, (DIGIT,)), splits)


def held_out(train: DigitImages) -> tuple[DigitImages, DigitImages]:
    """Split the training images into training and validation images. The last tenth, at most 5,000, is for validation."""
    pixels, digits = train
    first = len(pixels) - max(1, min(MOST_HELD_OUT, len(pixels) // 10))
    return (pixels[:first], digits[:first]), (pixels[first:], digits[first:])


def digest_of(*parts: DigitImages) -> str:
    """Return a digest of the content; it is the same for every copy of the data."""
    found = hashlib.sha256()
    for pixels, digits in parts:
        found.update(np.ascontiguousarray(pixels).data)
        found.update(np.ascontiguousarray(digits).data)
    return found.hexdigest()[:8]


def needed(module: str, package: str, what: str) -> ModuleType:
    """Import a module of a package of the extra `data`. Raises UsageError that names the user of the package, and the remedy."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UsageError(f"{what} needs the package {package}: pip install 'viceversa[data]'.") from error


def _images(split: str, pixels: Pixels, digits: NDArray[np.int64]) -> Images:
    labels = torch.eye(len(DIGIT.choices))[torch.from_numpy(digits)]
    return Images(pixels, labels, tuple(f"{split}-{number:06d}" for number in range(len(pixels))))
