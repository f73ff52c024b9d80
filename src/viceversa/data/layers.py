"""Image files with all that is in them: colors, transparency and color profile, read and written without loss."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viceversa.data.dataset import Pixels
from viceversa.data.decoding import MOST_PIXELS, encoded
from viceversa.data.formats import Embedded, extra, open_image
from viceversa.files import write_atomically

_SIGNATURES = {1: b"GRAY", 3: b"RGB "}
"""Channels -> the colors that an ICC profile in bytes 16..19 says it is for."""


@dataclass(frozen=True, eq=False, repr=False)
class Layers:
    """An image, upright: colors (H, W, C) uint8 or uint16, not multiplied by alpha; alpha (H, W, 1) of the same depth, where
    there is one; profile: ICC's, empty where there is none; tiff: whether it goes into a TIFF file, where PNG would do."""

    colors: Pixels
    alpha: Pixels | None = None
    profile: bytes = b""
    tiff: bool = False

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.colors.shape))
        return (
            f"Layers({shape} {self.colors.dtype}{', alpha' if self.alpha is not None else ''}{', profile' if self.profile else ''})"
        )

    @property
    def pixels(self) -> Pixels:
        """Colors, and alpha as one more channel."""
        return self.colors if self.alpha is None else np.concatenate([self.colors, self.alpha], 2)

    @property
    def suffix(self) -> str:
        """Of its file. PNG has one or three channels beside alpha."""
        return ".tif" if self.tiff or self.colors.shape[2] not in (1, 3) else ".png"

    @property
    def fitting(self) -> bytes:
        """The profile, if it is for as many channels as there are."""
        return self.profile if self.profile[16:20] == _SIGNATURES.get(self.colors.shape[2]) else b""

    def with_colors(self, colors: Pixels) -> Layers:
        """The same image in other colors (H, W, C') of the same size."""
        return replace(self, colors=colors)


def read_layers(source: Path | Embedded, *, most_pixels: int = MOST_PIXELS) -> Layers:
    """The image in a file. Raises BadImage; UsageError where a package is missing."""
    with open_image(source, most_pixels) as image:
        pixels = image.read()
        colors, alpha = pixels[..., : image.channels], pixels[..., image.channels :]
        if not alpha.shape[2]:
            return Layers(np.require(colors, requirements=["C", "W"]), None, image.profile, image.tiff)
        colors = _divided(colors, alpha) if image.premultiplied else np.require(colors, requirements=["C", "W"])
        return Layers(colors, np.require(alpha, requirements=["C", "W"]), image.profile, image.tiff)


def write_layers(layers: Layers, path: Path) -> None:
    """Writes the image, whole or not at all, so that `read_layers` gives it back bit for bit.

    The path ends in the image's suffix. Raises UsageError where a package is missing; OSError.
    """
    write_atomically(path, _as_tiff(layers, path) if layers.suffix == ".tif" else _as_png(layers, path))


def _as_png(layers: Layers, path: Path) -> bytes:
    pixels = layers.pixels
    if pixels.dtype == np.uint16 and pixels.shape[2] > 1:
        content = extra("imagecodecs", path).png_encode(np.ascontiguousarray(pixels))
    elif layers.alpha is None:
        content = encoded(pixels, path)
    else:
        content = _by_pillow(layers, "PNG")
    return _with_profile(content, layers.fitting) if layers.fitting else content


def _as_tiff(layers: Layers, path: Path) -> bytes:
    """By Pillow what it can hold; all else needs tifffile."""
    pixels, channels = layers.pixels, layers.colors.shape[2]
    if channels in (1, 3) and (pixels.dtype == np.uint8 or pixels.shape[2] == 1):
        return _by_pillow(layers, "TIFF", icc_profile=layers.fitting or None)
    buffer, photometric = io.BytesIO(), "rgb" if channels == 3 else "minisblack"
    kinds = ["unassalpha"] if layers.alpha is not None else None
    write = extra("tifffile", path).imwrite
    profile = layers.fitting or None
    write(buffer, pixels, photometric=photometric, planarconfig="contig", extrasamples=kinds, iccprofile=profile, metadata=None)
    return buffer.getvalue()


def _by_pillow(layers: Layers, form: str, **options: Any) -> bytes:
    pixels, buffer = layers.pixels, io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, form, **options)
    return buffer.getvalue()


def _with_profile(png: bytes, profile: bytes) -> bytes:
    """The PNG file with an iCCP chunk behind its header, which is 33 bytes long."""
    content = b"iCCP" + b"ICC profile\0\0" + zlib.compress(profile, 9)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:33] + chunk + png[33:]


def _divided(colors: NDArray[Any], alpha: NDArray[Any]) -> Pixels:
    """Colors that were multiplied by alpha as they were before, rounded to nearest; 0 where alpha is."""
    full, opaque = np.uint64(np.iinfo(colors.dtype).max), alpha.astype(np.uint64)
    light = np.minimum(colors.astype(np.uint64), opaque) * full + opaque // 2
    pixels: Pixels = (light // np.maximum(opaque, 1)).astype(colors.dtype)
    return pixels
