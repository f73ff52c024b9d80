"""Color digits as on houses and signs, drawn by the package: a replacement for SVHN, which cannot be packaged.

A digit has one of 21 fonts (matplotlib's files: DejaVu, STIX, Computer Modern). It is rotated, slanted, stretched and blurred,
dark on light or light on dark, often with low contrast. The background has shades, spots and edges; often there are neighbors cut
off by the border; some images have noise or JPEG artifacts. The number of an image determines all of it, through SHA-2 and SHAKE.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from pydantic import JsonValue

from viceversa.data.cache.packing import packed
from viceversa.data.dataset import Dataset
from viceversa.data.digits import of_digits
from viceversa.data.sets.drawing import choice
from viceversa.images.pixels import Pixels

VERSION = "street-digits-v1"
SIDE = 32
SPLITS: Mapping[str, range] = {"train": range(20_000), "validation": range(20_000, 21_000), "test": range(21_000, 25_000)}
"""Numbers of the images in each split."""

FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmr10", "cmb10", "cmss10", "cmti10", "cmtt10"),
)
_FINE = 3
"""Factor by which images are drawn larger than shown."""
_CANVAS = _FINE * SIDE
_SHEET = 2 * _CANVAS
"""Side of the sheet on which digits are drawn before rotation; its middle becomes the image."""
_LUMA = np.array([0.299, 0.587, 0.114])

Field = NDArray[np.float64]


def street_digits() -> Dataset:
    """Return `street-digits-v1`: 20,000 train, 1,000 validation and 4,000 test images, 32x32 RGB, with uniformly distributed
    digits.

    Rendered once, then memory-mapped from the cache.
    """
    key: dict[str, JsonValue] = {"version": VERSION, **{package: version(package) for package in ("matplotlib", "pillow")}}
    pixels = packed(key, (SPLITS["test"].stop, SIDE, SIDE, 3), render, "street digits")
    return of_digits(VERSION, {split: (pixels[rows.start : rows.stop], digits_of(rows)) for split, rows in SPLITS.items()})


def digits_of(numbers: range) -> NDArray[np.int64]:
    """Return the digit that each image shows, uniform: (N,)."""
    return np.array([choice(VERSION, number, "digit", 10) for number in numbers], np.int64)


def render(numbers: range) -> Pixels:
    """Draw the images of these numbers: (N, 32, 32, 3) uint8. A pure function."""
    return np.stack([_picture(_Lots(number), digit) for number, digit in zip(numbers, digits_of(numbers), strict=True)])


@dataclass(frozen=True)
class _Lots:
    """Random numbers of one image, by name."""

    number: int

    def of(self, name: str, choices: int) -> int:
        return choice(VERSION, self.number, name, choices)

    def between(self, name: str, low: float, high: float) -> float:
        return low + (high - low) * self.of(name, 2**32) / 2**32

    def happens(self, name: str, share: float) -> bool:
        return self.between(name, 0, 1) < share

    def noise(self, name: str, *shape: int) -> Field:
        """Return uniform numbers in [-1, 1]."""
        found = hashlib.shake_256(f"{VERSION}/{self.number}/{name}".encode()).digest(math.prod(shape))
        return np.frombuffer(found, np.uint8).reshape(shape) / 127.5 - 1


def _picture(lots: _Lots, digit: int) -> NDArray[np.uint8]:
    """Return an image (32, 32, 3): the digit's color in its mask, the background elsewhere, under one light; then camera
    effects."""
    mask = _turned(lots, _written(lots, digit))
    ground, ink = _colors(lots)
    shade = _shade(lots)[..., None]
    scene = ground + _texture(lots) * (1 - mask[..., None]) + (ink - ground) * mask[..., None]
    if lots.happens("shadow", 0.25):
        away = round(lots.between("shadow down", -4, 4)), round(lots.between("shadow across", -4, 4))
        scene = scene - 0.15 * (np.roll(mask, away, (0, 1)) * (1 - mask))[..., None]
    return _photographed(lots, scene * shade)


def _written(lots: _Lots, digit: int) -> Image.Image:
    """Draw the digit in the middle of a sheet, with neighbors if any: white on black.

    Nine of ten have neighbors; in three of five they reach at least ten pixels into the image.
    """
    sheet, middle = Image.new("L", (_SHEET, _SHEET)), _SHEET / 2
    pen, font = ImageDraw.Draw(sheet), _font(FONTS[lots.of("font", len(FONTS))], round(lots.between("height", 58, 84)))
    stroke = lots.of("stroke", 3)
    top, bottom = font.getbbox("0", anchor="ls")[1::2]
    line, gap = middle - (top + bottom) / 2, lots.between("gap", 3, 13)
    left, _, right, _ = font.getbbox(str(digit), anchor="ls")
    start, end = middle - (left + right) / 2 + left, middle + (right - left) / 2
    pen.text((start - left, line), str(digit), 255, font, anchor="ls", stroke_width=stroke)
    for side in ("before", "after"):
        if lots.happens(side, 0.7):
            neighbor = str(lots.of(f"{side}: which", 10))
            first, _, last, _ = font.getbbox(neighbor, anchor="ls")
            place = start - gap - last if side == "before" else end + gap - first
            pen.text((place, line), neighbor, 255, font, anchor="ls", stroke_width=stroke)
    return sheet


def _turned(lots: _Lots, sheet: Image.Image) -> Field:
    """Return the middle of the sheet, rotated, slanted, stretched and shifted a little: (96, 96) in [0, 1]."""
    angle, slant = math.radians(lots.between("angle", -14, 14)), lots.between("slant", -0.25, 0.25)
    across, down = lots.between("across", 0.75, 1.3), lots.between("down", 0.9, 1.1)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    back = np.linalg.inv(turn @ np.array([[across, slant], [0, down]]))
    center = _CANVAS / 2 + np.array([lots.between("right", -7, 7), lots.between("low", -7, 7)])
    x, y = _SHEET / 2 - back @ center
    coefficients = (back[0, 0], back[0, 1], x, back[1, 0], back[1, 1], y)
    turned = sheet.transform((_CANVAS, _CANVAS), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)
    return np.asarray(turned, np.float64) / 255


def _colors(lots: _Lots) -> tuple[Field, Field]:
    """Return the colors of background and digit, (3,) in [0, 1] each. They differ by 0.2 to 0.75 in luma; large differences are
    rare."""
    contrast = 0.2 + 0.55 * lots.between("contrast", 0, 1) ** 2
    dark = lots.between("dark", 0, 1 - contrast)
    lumas = (dark, dark + contrast) if lots.happens("light on dark", 0.5) else (dark + contrast, dark)
    ground, ink = (_colored(lots, name, luma) for name, luma in zip(("ground", "ink"), lumas, strict=True))
    return ground, ink


def _colored(lots: _Lots, name: str, luma: float) -> Field:
    """Return a color of the given luma, with random saturation."""
    hue = lots.noise(f"hue of the {name}", 3)
    tint = (hue - hue @ _LUMA) * lots.between(f"color of the {name}", 0, 0.45)
    room = min(luma, 1 - luma) / max(float(np.abs(tint).max()), 1e-6)
    return np.asarray(luma + tint * min(1.0, room))


def _shade(lots: _Lots) -> Field:
    """Return light that decreases towards one side: (96, 96), 0.65 to 1."""
    towards = lots.between("light from", 0, 2 * math.pi)
    rows, columns = np.mgrid[-1 : 1 : _CANVAS * 1j, -1 : 1 : _CANVAS * 1j]
    slope = (rows * math.sin(towards) + columns * math.cos(towards)) / math.sqrt(2)
    return np.asarray(1 - lots.between("fall-off", 0, 0.35) * (slope + 1) / 2)


def _texture(lots: _Lots) -> Field:
    """Return the texture of the background: colored clouds, spots of three sizes, and sometimes an edge, as of a board: (96, 96,
    3)."""
    clouds = np.stack([_spread(lots.noise(f"clouds {channel}", 3, 3)) for channel in range(3)], 2)
    found = clouds * lots.between("clouds", 0, 0.1)
    for cells in (6, 16, 48):
        found = found + _spread(lots.noise(f"spots {cells}", cells, cells))[..., None] * lots.between(f"strength {cells}", 0, 0.06)
    if lots.happens("edge", 0.4):
        towards, place = lots.between("edge from", 0, math.pi), lots.between("edge at", -0.8, 0.8)
        rows, columns = np.mgrid[-1 : 1 : _CANVAS * 1j, -1 : 1 : _CANVAS * 1j]
        beyond = rows * math.sin(towards) + columns * math.cos(towards) > place
        found = found + beyond[..., None] * lots.between("edge", -0.15, 0.15)
    return np.asarray(found)


def _spread(cells: Field) -> Field:
    """Return a few values as a smooth field (96, 96)."""
    small = Image.fromarray(cells.astype(np.float32))
    return np.asarray(small.resize((_CANVAS, _CANVAS), Image.Resampling.BICUBIC), np.float64)


def _photographed(lots: _Lots, scene: Field) -> NDArray[np.uint8]:
    """Return the scene blurred, shrunk, sometimes taken from farther away, noisy, or saved as JPEG: (32, 32, 3)."""
    image = Image.fromarray((scene * 255).round().clip(0, 255).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(_FINE * lots.between("blur", 0, 1))).reduce(_FINE)
    if lots.happens("far", 0.3):
        side = 16 + lots.of("how far", 12)
        image = image.resize((side, side), Image.Resampling.BILINEAR).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    if lots.happens("noisy", 0.5):
        grain = sum(lots.noise(f"grain {number}", SIDE, SIDE, 3) for number in range(3))
        image = Image.fromarray((np.asarray(image) + grain * lots.between("grain", 0, 12)).round().clip(0, 255).astype(np.uint8))
    if lots.happens("saved", 0.4):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=35 + lots.of("quality", 51))
        image = Image.open(buffer)
    return np.asarray(image)


@cache
def _font(name: str, height: int) -> ImageFont.FreeTypeFont:
    """Return the font at the size at which a 0 has this height."""
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    large = ImageFont.truetype(path, 200, layout_engine=ImageFont.Layout.BASIC)
    top, bottom = large.getbbox("0", anchor="ls")[1::2]
    return large.font_variant(size=200 * height / (bottom - top))
