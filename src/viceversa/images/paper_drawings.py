"""A drawing on paper, scanned or photographed, as the line drawing that a translator of sketches was trained on: black on white."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from viceversa.images.decoding import recolored
from viceversa.images.pixels import Pixels

_WHITE, _MOST = 254 / 255, 2 / 3
"""Paper that is so light on so much of it is white already."""
_SURFACE = 0.25
"""Of the greatest light: what is darker is no shadow, but a black surface."""
_SIDE = 128
"""Light is looked for in a picture of this size at most."""
_LINE, _NEIGHBORHOOD = 16, 5
"""Of the shorter side, a line is narrower than a sixteenth, and what is black is less than half of a square of a fifth."""
_PAPER, _GRAIN, _DEVIATIONS = 0.8, 0.01, 3
_INK = 0.75
"""Of the paper's light. What is darkest becomes black, if it is as dark as this."""

Light = NDArray[np.float32]


def flattened(image: Pixels) -> NDArray[np.uint8]:
    """The lines of a drawing on white paper, whatever light was on it: (H, W), or (H, W, C) of 1 or 3 channels, -> (H, W, 1) uint8.

        r = L / B,   B = blur(median(close(L))),   out = (r - ink) / (paper - ink), cut to [0, 1], times 255

    L: the luminance in [0, 1]. close: for each pixel the least of the greatest values in squares of a sixteenth of the shorter
    side, so that lines vanish; median: over a fifth of it, so that small black surfaces do. What is left is the light on the paper,
    with the edges of shadows, and where that is less than a quarter of the greatest, a black surface: B is a quarter there. It is
    looked for in a picture of 128 pixels at most.
    paper: the median of r over all that is lighter than 0.8, less three standard deviations (of the half below it; at least 0.01
    each), so that the paper's grain is white. ink: the first quartile of r over what is darker than 0.85 paper, at most 0.75 paper,
    so that a blank sheet stays white.
    Where the paper is white already (L at least 254/255 in two thirds of all that is lighter than half the lightest, and no grain)
    L comes back unchanged. Large gray surfaces are taken for shadows; a light drawing on dark paper is to be inverted before.
    """
    luma = recolored(image if image.ndim == 3 else image[..., None], 1)[..., 0]
    light = (luma / np.iinfo(luma.dtype).max).astype(np.float32)
    background = _background(light)
    ratio = np.asarray(light / np.maximum(background, max(_SURFACE * float(background.max()), 1 / 255)), np.float32)
    middle, deviation = _grain(ratio)
    if deviation > 1 - _WHITE or (light >= _WHITE).sum() < _MOST * (light > light.max() / 2).sum():
        paper = middle - _DEVIATIONS * max(deviation, _GRAIN)
        dark = ratio[ratio < 0.85 * paper]
        ink = min(float(np.quantile(dark, 0.25)), _INK * paper) if dark.size else _INK * paper
        light = np.asarray((ratio - ink) / (paper - ink), np.float32)
    return np.asarray((255 * light.clip(0, 1)).round(), np.uint8)[..., None]


def _background(light: Light) -> Light:
    """The light on the paper (H, W), in [0, 1]."""
    height, width = light.shape
    picture = Image.fromarray(np.asarray((255 * light).round(), np.uint8))
    small = picture.reduce(max(1, -(-max(height, width) // _SIDE)))
    line, neighborhood = (max(3, min(small.size) // part) | 1 for part in (_LINE, _NEIGHBORHOOD))
    closed = small.filter(ImageFilter.MaxFilter(line)).filter(ImageFilter.MinFilter(line))
    smooth = closed.filter(ImageFilter.MedianFilter(neighborhood)).filter(ImageFilter.GaussianBlur(line / 4))
    return np.asarray(smooth.resize((width, height), Image.Resampling.BILINEAR), np.float32) / np.float32(255)


def _grain(ratio: Light) -> tuple[float, float]:
    """The middle and the standard deviation of what is paper."""
    near = ratio[ratio > _PAPER]
    if not near.size:
        return 1.0, 0.0
    quarter, middle = np.quantile(near, [0.25, 0.5])
    return float(middle), float((middle - quarter) / 0.6745)
