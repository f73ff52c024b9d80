"""Handwritten digits that come with a package, if you have no MNIST: the 1,797 of scikit-learn (BSD license), in MNIST's form.

They are the test set of "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak, UCI, 1998), 8x8 with 17 levels.
Here they are enlarged to 20x20 in the middle of 28x28, as in MNIST.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viceversa.data.dataset import Dataset
from viceversa.data.digits import needed, of_digits
from viceversa.data.files.checks import SPLITS, split_by_hash

VERSION = "handwritten-v1"
_INSIDE, _BORDER = 20, 4


def handwritten() -> Dataset:
    """Return `handwritten-v1`: 28x28 gray, split about 80/10/10 by the hash of an image's number. Raises UsageError without
    scikit-learn."""
    found = needed("sklearn.datasets", "scikit-learn", "'handwritten'").load_digits()
    pixels = np.stack([_enlarged(image) for image in found.images])
    digits = np.asarray(found.target, np.int64)
    rows: Mapping[str, list[int]] = {split: [] for split in SPLITS}
    for number in range(len(digits)):
        rows[split_by_hash(f"{VERSION}/{number}")].append(number)
    return of_digits(VERSION, {split: (pixels[chosen], digits[chosen]) for split, chosen in rows.items()})


def _enlarged(image: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Enlarge a digit: (8, 8) with values 0 to 16 -> (28, 28, 1) uint8."""
    small = Image.fromarray((image * (255 / 16)).round().astype(np.uint8))
    inside = np.asarray(small.resize((_INSIDE, _INSIDE), Image.Resampling.BICUBIC))
    return np.pad(inside, _BORDER)[..., None]
