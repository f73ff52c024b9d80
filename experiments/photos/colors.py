"""Reinhard's color transfer (2001, "Color Transfer between Images", IEEE CG&A 21(5), eqs. 10 and 11): what colors alone can do.

    out = (x - mean_x) / deviation_x * deviation_y + mean_y    for each axis of a space of decorrelated colors

The paper uses its own l-alpha-beta and two images. Here it is CIE L*a*b*, as kornia converts it, and two sets of images, because a
translator knows no more.
"""

from __future__ import annotations

import numpy as np
import torch
from kornia.color import lab_to_rgb, rgb_to_lab
from numpy.typing import NDArray
from torch import Tensor

from viceversa.images.pixels import Pixels

Statistics = tuple[Tensor, Tensor]
"""Mean and deviation of L*, a* and b*, (1, 3, 1, 1) each."""


def statistics(pixels: Pixels) -> Statistics:
    """Statistics of all pixels of a set (N, H, W, 3)."""
    lab = to_lab(pixels)
    return lab.mean((0, 2, 3), keepdim=True), lab.std((0, 2, 3), keepdim=True)


def moved(pixels: Pixels, source: Statistics, target: Statistics) -> Pixels:
    """Images (N, H, W, 3) with the statistics of the target."""
    lab = (to_lab(pixels) - source[0]) / source[1] * target[1] + target[0]
    return np.asarray((lab_to_rgb(lab) * 255).round().byte().permute(0, 2, 3, 1).numpy())


def recoloring(made: Pixels, source: Pixels) -> NDArray[np.float64]:
    """Distance of a* and b* to the source, mean over pixels: (N, H, W, 3) twice -> (N,), in units of CIE L*a*b*."""
    return np.asarray((to_lab(made) - to_lab(source))[:, 1:].norm(dim=1).mean((1, 2)).double())


def to_lab(pixels: Pixels) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W), L* from 0 to 100."""
    lab: Tensor = rgb_to_lab(torch.tensor(pixels).permute(0, 3, 1, 2) / 255)
    return lab
