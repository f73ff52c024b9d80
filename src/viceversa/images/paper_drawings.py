"""Turn a scan or photograph of a drawing on paper into a line drawing, black on white, like the training data of sketch
translators."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from viceversa.images.decoding import recolored
from viceversa.images.pixels import Pixels

_WHITE, _MOST = 254 / 255, 2 / 3
"""Paper of at least this luminance, on at least this share of the sheet, is white already."""
_SURFACE = 0.25
"""Share of the brightest light below which a darker area is a black surface, not a shadow."""
_SIDE = 128
"""Largest side in pixels of the picture in which the light is estimated."""
_LINE, _NEIGHBORHOOD = 16, 5
"""Divisors of the shorter side: lines are narrower than a 16th, and black areas fill less than half of a square with a fifth as
side."""
_PAPER, _GRAIN, _DEVIATIONS = 0.8, 0.01, 3
_INK = 0.75
"""Share of the paper's light up to which the darkest part counts as ink and becomes black."""

Light = NDArray[np.float32]


def flattened(image: Pixels) -> NDArray[np.uint8]:
    """Return the lines of a drawing on white paper, independent of the lighting: (H, W) or (H, W, C), C = 1 or 3 -> (H, W, 1)
    uint8.

        r = L / B,   B = blur(median(close(L))),   out = (r - ink) / (paper - ink), cut to [0, 1], times 255

    L: the luminance in [0, 1]. close: for each pixel the minimum of maxima in squares of a sixteenth of the shorter side, which
    removes lines. median: over a fifth of the shorter side, which removes small black areas. B is the remaining light on the
    paper, with the edges of shadows. It is at least a quarter of the largest light: darker areas are black surfaces. It is
    estimated in a picture of at most 128 pixels.

    paper: the median of r over everything lighter than 0.8, minus three standard deviations (of the half below it; at least 0.01
    each), so that the grain of the paper becomes white. ink: the first quartile of r over everything darker than 0.85 paper, at
    most 0.75 paper, so that a blank sheet stays white.

    If the paper is white already, L is returned unchanged. That is the case if L is at least 254/255 in two thirds of everything
    lighter than half the maximum, and there is no grain. Limits: large gray areas are taken for shadows, and light drawings on
    dark paper must be inverted first.
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
    """Return the light on the paper (H, W), in [0, 1]."""
    height, width = light.shape
    picture = Image.fromarray(np.asarray((255 * light).round(), np.uint8))
    small = picture.reduce(max(1, -(-max(height, width) // _SIDE)))
    line, neighborhood = (max(3, min(small.size) // part) | 1 for part in (_LINE, _NEIGHBORHOOD))
    closed = small.filter(ImageFilter.MaxFilter(line)).filter(ImageFilter.MinFilter(line))
    smooth = closed.filter(ImageFilter.MedianFilter(neighborhood)).filter(ImageFilter.GaussianBlur(line / 4))
    return np.asarray(smooth.resize((width, height), Image.Resampling.BILINEAR), np.float32) / np.float32(255)


def _grain(ratio: Light) -> tuple[float, float]:
    """Return the median and the standard deviation of the paper."""
    near = ratio[ratio > _PAPER]
    if not near.size:
        return 1.0, 0.0
    quarter, middle = np.quantile(near, [0.25, 0.5])
    return float(middle), float((middle - quarter) / 0.6745)
