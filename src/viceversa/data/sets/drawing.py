"""Common parts of drawn data sets: DiceBear's styles, rendered by resvg, and choices that depend only on a person's number."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files

import numpy as np
import resvg_py
from dicebear import Avatar, Style
from numpy.typing import NDArray
from PIL import Image

Options = Mapping[str, str | float]
"""Options of DiceBear, with one value each. Single values are validated faster than lists, and leave nothing to its seed."""


@cache
def style(name: str) -> Style:
    """Return a style of the package dicebear-styles."""
    return Style(json.loads(files("dicebear_styles").joinpath(f"{name}.json").read_text("utf-8")))


def drawn(name: str, options: Options, size: int) -> NDArray[np.uint8]:
    """Return one picture (size, size, 3) of a style. A pure function."""
    svg = Avatar(style(name), dict(options)).to_string()
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def choice(data: str, person: int, option: str, choices: int) -> int:
    """Return a number in range(choices), uniform up to 2^-60. It comes from SHA-256, so that no library's generator can change
    it."""
    return int.from_bytes(hashlib.sha256(f"{data}/{person}/{option}".encode()).digest()[:8], "big") % choices


def drawn_choice(data: str, person: int, options: Mapping[str, Sequence[str]]) -> dict[str, str | float]:
    """Return each option that depends on the person, with its value."""
    return {option: choices[choice(data, person, option, len(choices))] for option, choices in options.items()}


def packages() -> dict[str, str]:
    """Return the packages that draw, with versions, because pixels depend on them."""
    return {name: version(name) for name in ("dicebear-core", "dicebear-styles", "resvg-py")}
