"""Choose the size of images if the user gives none, from the headers of the images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median_low

import torch

from viceversa.data.cache.store import Files
from viceversa.images.decoding import BadImage, describe

DRAWN = 32
"""Size in pixels of drawn data sets, and of images smaller than the smallest of SIZES."""
SIZES = (64, 128, 256)
ON_A_CPU = 64
"""Largest size that is chosen without a GPU, because twice the size takes four times as long."""
_LOOKED_AT = 200
"""Number of images of each space, evenly spread, whose size is read."""


def chosen_size(files: Files, spaces: Iterable[Sequence[str]], *, crop: int | None, halves: bool) -> tuple[int, str]:
    """Choose the height and width of images: the largest of SIZES that does not exceed their median short side.

    Args:
        files: access to the files.
        spaces: names of each space's images; the space with the smallest images counts.
        crop: side in pixels of the square that is cut out first.
        halves: whether each file holds two images side by side.

    Returns:
        The size in pixels, and a line that says how it was chosen.
    """
    sides = [side for names in spaces if (side := _median_side(files, names, halves=halves))]
    side = min([*sides, *([crop] if crop else [])], default=DRAWN)
    most = SIZES[-1] if torch.cuda.is_available() or torch.backends.mps.is_available() else ON_A_CPU
    size = max((each for each in SIZES if each <= min(side, most)), default=DRAWN)
    limit = f", at most {most} on a CPU" if most < side and most == ON_A_CPU else ""
    return size, f"size: {size} px, chosen from the images (median short side {side}{limit}; set `size` for another)"


def _median_side(files: Files, names: Sequence[str], *, halves: bool) -> int | None:
    """Return the median of the shorter sides of some of the images, in pixels; None if none can be read."""
    sides = []
    for name in names[:: max(1, len(names) // _LOOKED_AT)]:
        try:
            height, width, _, _ = describe(files.find(name))
        except BadImage:  # reported when all images are read
            continue
        sides.append(min(height, width // 2 if halves else width))
    return median_low(sides) if sides else None
