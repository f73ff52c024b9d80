"""The size of the images of own data, where none is asked for: chosen from the images themselves, as their headers have it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median_low

import torch

from viceversa.data.cache.store import Files
from viceversa.images.decoding import BadImage, describe

DRAWN = 32
"""Of drawn data sets, and of images smaller than the least of SIZES, in pixels."""
SIZES = (64, 128, 256)
ON_A_CPU = 64
"""The most that is chosen where there is no GPU: twice the size takes four times as long."""
_LOOKED_AT = 200
"""So many images of each space, spread over all of them, tell the size."""


def chosen_size(files: Files, spaces: Iterable[Sequence[str]], *, crop: int | None, halves: bool) -> tuple[int, str]:
    """Choose the height and width of images: the largest of SIZES that is not above their median short side.

    Args:
        files: where the images are.
        spaces: the names of each space's images; the space of the smallest images counts.
        crop: what is cut out of the images before, in pixels.
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
    """The median of the shorter sides of some of the images, in pixels; None where none can be read."""
    sides = []
    for name in names[:: max(1, len(names) // _LOOKED_AT)]:
        try:
            height, width, _, _ = describe(files.find(name))
        except BadImage:  # which is reported when all are read
            continue
        sides.append(min(height, width // 2 if halves else width))
    return median_low(sides) if sides else None
