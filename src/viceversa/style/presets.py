"""Presets of weights, distances and optimizers that belong together: of the paper, its author's code, a course, and our own.

    L = content d(F, P) + style sum_l w_l d(G_l, A_l) + variation TV

The distances are not proportional to each other, so weights of one preset have no meaning in another (losses/style.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from viceversa.losses.style import (
    Distance,
    authors_squares,
    by_channels_squared,
    by_four_channels_squared,
    half_squares,
    mean_squares,
    relative_squares,
    squares,
)

PresetName = Literal["relative", "gatys_torch", "paper", "cs231n"]


@dataclass(frozen=True)
class Preset:
    """Weights, distances and optimizer of a style transfer.

    Args:
        content, style, variation: weights of the losses.
        content_distance, style_distance: distances between features.
        layers: weights of the style's layers from shallow to deep; the last one is used for all further layers.
        optimizer: optimizer of the pixels.
        per_pixel: whether total variation is that of the picture in [0, 1], divided by its pixels; otherwise that of the optimized
            pixels in their units.
        in_deviations: whether these units are deviations from ImageNet's mean, clamped at 1.5, as in the course; otherwise the
            network's input.
        evaluations: number of evaluations of the loss and its gradient.
    """

    content: float
    content_distance: Distance
    style: float
    style_distance: Distance
    variation: float = 0.0
    layers: tuple[float, ...] = (1.0,)
    optimizer: Literal["lbfgs", "adam"] = "lbfgs"
    per_pixel: bool = False
    in_deviations: bool = False
    evaluations: int = 200


PRESETS: Mapping[PresetName, Preset] = {
    "relative": Preset(1.0, relative_squares, 10.0, relative_squares, 20.0, (0.2,), per_pixel=True),
    "gatys_torch": Preset(1.0, mean_squares, 1.0, authors_squares, evaluations=500),
    "paper": Preset(1e-3, half_squares, 1.0, by_four_channels_squared, layers=(0.2,), evaluations=500),
    "cs231n": Preset(
        5e-2, squares, 1.0, by_channels_squared, 5e-2, (20_000.0, 500.0, 12.0, 1.0), "adam", in_deviations=True, evaluations=200
    ),
}
"""relative: our own; it works for any network, because every distance is relative to its target. gatys_torch: the author's PyTorch
code, for VGG-19. paper: arXiv 1508.06576; its ratio of 1e-3 is one of several in the paper. cs231n: Stanford's course, for
SqueezeNet."""
