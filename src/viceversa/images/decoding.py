"""Decode image files of any kind into arrays, and encode arrays as files, without losing bits or channels.

Pillow reads and writes images with 8 bits or 16-bit gray; other images need the extra `data` (tifffile, imagecodecs).
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viceversa.errors import UsageError
from viceversa.files import write_atomically
from viceversa.images.formats import MOST_PIXELS, READ_BY_PILLOW, BadImage, Embedded, TooLarge, extra, open_image

__all__ = ["MOST_PIXELS", "SUFFIXES", "BadImage", "Embedded", "TooLarge", "decode", "describe", "encode", "encoded", "suffix_for"]

Decoded = NDArray[np.uint8] | NDArray[np.uint16]

SUFFIXES = frozenset({".tif", ".tiff", ".npy", *(suffix for suffixes in READ_BY_PILLOW.values() for suffix in suffixes)})
"""Lower-case suffixes of the files that are searched for in folders. The type of a file is decided by its content."""


def decode(
    source: Path | Embedded,
    *,
    channels: int | None = None,
    background: int | tuple[int, int, int] = 0,
    most_pixels: int = MOST_PIXELS,
) -> Decoded:
    """Return the image in a file, upright, from its first frame or page: (H, W, C) uint8 or uint16.

    C is 1 for gray and 3 for color (palettes and CMYK become RGB), or the number of channels of a TIFF or .npy file. Floats in [0,
    1] become 16 bits. Arrays in .npy files are (H, W) or (H, W, C).

    Args:
        source: the file, or its content.
        channels: 1 converts color to gray (Pillow's luma), 3 converts gray to color.
        background: color behind transparent parts, 0 to 255, gray or RGB.
        most_pixels: limit of the image's size, in which four channels count as one pixel; it is checked before decoding.

    Raises:
        BadImage: If the file cannot be read.
        UsageError: If a package is missing.
    """
    with open_image(source, most_pixels) as image:
        pixels = image.read()
        colors, alpha = recolored(pixels[..., : image.channels], channels), pixels[..., image.channels :]
        if alpha.shape[2]:
            below = np.array(background, pixels.dtype).reshape(1, 1, -1) * (257 if image.bits == 16 else 1)
            colors = composited(colors, alpha, recolored(below, colors.shape[2]), image.premultiplied)
    return np.require(colors, requirements=["C", "W"])


def describe(source: Path | Embedded, *, most_pixels: int = MOST_PIXELS) -> tuple[int, int, int, int]:
    """Return height, width, channels and bits (8 or 16) of the image that `decode` returns, from the file's header. Raises as
    `decode` does."""
    with open_image(source, most_pixels) as image:
        return image.height, image.width, image.channels, image.bits


def suffix_for(pixels: Decoded) -> str:
    """Return the suffix of the file that `encode` writes for an image (H, W, C): ".png" for gray and color, otherwise ".tif"."""
    return ".png" if pixels.shape[2] in (1, 3) else ".tif"


def encode(pixels: Decoded, path: Path) -> None:
    """Write an image (H, W, C) of uint8 or uint16 atomically, so that `decode` returns it bit for bit.

    Raises UsageError for a suffix that `suffix_for` does not return, and if a package is missing. Raises OSError.
    """
    if path.suffix.lower() != suffix_for(pixels):
        raise UsageError(f"images of {pixels.shape[2]} channels are saved as {suffix_for(pixels)}, not as {path.name!r}.")
    write_atomically(path, encoded(pixels, path))


def encoded(pixels: Decoded, path: Path) -> bytes:
    """Return the content of the file that `encode` writes. Raises UsageError that names the path if a package is missing."""
    channels, buffer = pixels.shape[2], io.BytesIO()
    if channels not in (1, 3):
        write = extra("tifffile", path).imwrite
        write(buffer, pixels, photometric="minisblack", planarconfig="contig", metadata=None)
    elif channels == 3 and pixels.dtype == np.uint16:
        buffer.write(extra("imagecodecs", path).png_encode(np.ascontiguousarray(pixels)))
    else:
        Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def recolored(colors: NDArray[Any], channels: int | None) -> NDArray[Any]:
    """Convert colors (..., C) to (..., channels): gray is repeated three times, and color becomes Pillow's luma.

    Luma is (19595 R + 38470 G + 7471 B + 32768) / 65536, rounded down. Raises ValueError for other numbers of channels.
    """
    have = colors.shape[-1]
    if channels in (None, have):
        return colors
    if (have, channels) == (1, 3):
        return np.broadcast_to(colors, (*colors.shape[:-1], 3))
    if (have, channels) == (3, 1):
        weighted = colors @ np.array([[19595], [38470], [7471]], np.uint32)
        luma: NDArray[Any] = ((weighted + 32768) >> 16).astype(colors.dtype)
        return luma
    raise ValueError(f"it has {have} channels, not {channels}")


def composited(colors: NDArray[Any], alpha: NDArray[Any], below: NDArray[Any], premultiplied: bool = False) -> NDArray[Any]:
    """Return colors (H, W, C) over `below` (1, 1, C), rounded to nearest in their own bit depth. Every sum fits in 32 bits."""
    full = np.uint32(np.iinfo(colors.dtype).max)
    opaque = alpha.astype(np.uint32)
    through = below * (full - opaque)
    light = np.minimum(colors, opaque) * full if premultiplied else colors * opaque
    mixed: NDArray[Any] = ((light + through + full // 2) // full).astype(colors.dtype)
    return mixed
