"""Style transfer as editors: every turn paints the picture in the style of toons again; instruction and seed are ignored."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

import viceversa as vv
from viceversa.data.sources import open_dataset

EVALUATIONS = 50
RUN = Path("runs/drift/johnson")


def gatys(image: Image.Image, instruction: str, seed: int) -> Image.Image:
    """Paint by optimization, as Gatys et al."""
    settings = vv.Stylize(size=max(image.size), sizes=1, evaluations=EVALUATIONS)
    return vv.stylize(image, style(), settings).image


def johnson(image: Image.Image, instruction: str, seed: int) -> Image.Image:
    """Paint by a trained network, as Johnson et al."""
    made: Image.Image = network().translate(image, "style")
    return made


@cache
def style() -> Image.Image:
    """The first test image of toons."""
    toons = open_dataset("toons", 64)
    return Image.fromarray(np.asarray(toons.splits["test"]["toons"].pixels[0]))


@cache
def network() -> vv.Model:
    """The training `johnson`."""
    return vv.load(RUN, checkpoint="last")
