"""Pixels as arrays: the form of every image between its file and a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viceversa.errors import UsageError

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
"""Images (N, H, W, C) or one image (H, W, C) with 8 or 16 bits; memory-mapped if they come from the cache."""


def check_pixels(pixels: NDArray[Any], what: str = "an image") -> None:
    """Raise UsageError unless the argument is an array (H, W, C) of uint8 or uint16. what: name of the image in the message."""
    if not isinstance(pixels, np.ndarray) or pixels.ndim != 3 or pixels.dtype not in (np.uint8, np.uint16):
        given = f"{pixels.shape} of {pixels.dtype}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise UsageError(f"{what} must be an array of uint8 or uint16 of shape (height, width, channels), not {given}.")
