"""The generators that take an image and a row of numbers, for labels and for differences of labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from torch import nn

from viceversa.networks.masked import MaskedGenerator
from viceversa.networks.stargan import LabelGenerator

Generator = Literal["label", "label-normalized", "masked"]
GENERATOR = (
    "label: StarGAN's generator; label-normalized: with a normalization before the tanh; masked: predicts a mask and changes only "
    "the pixels in it"
)
"""What these are, in words, for the settings of a method."""

GENERATORS: Mapping[Generator, Callable[..., nn.Module]] = {
    "label": LabelGenerator,
    "label-normalized": partial(LabelGenerator, last_norm=True),
    "masked": MaskedGenerator,
}
"""(spec, label_width, width=, blocks=) -> a network of (N, C, H, W) and (N, label_width)."""
