"""Image files of any kind into arrays, and arrays back into files: no bit and no channel is lost on the way.

Pillow reads and writes all that has 8 bits or is 16-bit gray; other images need the extra `data` (tifffile, imagecodecs).
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
"""Lower-case suffixes of the files that are looked for in folders; what a file is, its content says."""


def decode(
    source: Path | Embedded,
    *,
    channels: int | None = None,
    background: int | tuple[int, int, int] = 0,
    most_pixels: int = MOST_PIXELS,
) -> Decoded:
    """The image in a file: (H, W, C) uint8 or uint16, upright, its first frame or page.

    C is 1 for gray and 3 for color (palettes and CMYK become RGB), or as many as a TIFF or .npy file holds. Floats in
    [0, 1] become 16 bits. Files of .npy are (H, W) or (H, W, C).
    channels: 1 or 3 turns color into gray (Pillow's luma) or gray into color.
    background: what shows through where the image is transparent, 0..255, gray or RGB.
    most_pixels: of one image, counting every four channels; checked before it is decoded.
    Raises BadImage; UsageError where a package is missing.
    """
    with open_image(source, most_pixels) as image:
        pixels = image.read()
        colors, alpha = recolored(pixels[..., : image.channels], channels), pixels[..., image.channels :]
        if alpha.shape[2]:
            below = np.array(background, pixels.dtype).reshape(1, 1, -1) * (257 if image.bits == 16 else 1)
            colors = composited(colors, alpha, recolored(below, colors.shape[2]), image.premultiplied)
    return np.require(colors, requirements=["C", "W"])


def describe(source: Path | Embedded, *, most_pixels: int = MOST_PIXELS) -> tuple[int, int, int, int]:
    """Height, width, channels and bits (8 or 16) of what `decode` gives, from the file's header. Raises as `decode` does."""
    with open_image(source, most_pixels) as image:
        return image.height, image.width, image.channels, image.bits


def suffix_for(pixels: Decoded) -> str:
    """The suffix of the file that `encode` writes for an image (H, W, C): ".png" for gray and color, else ".tif"."""
    return ".png" if pixels.shape[2] in (1, 3) else ".tif"


def encode(pixels: Decoded, path: Path) -> None:
    """Write an image (H, W, C) uint8 or uint16, whole or not at all, so that `decode` gives it back bit for bit.

    Raises UsageError for a suffix other than `suffix_for` says, and where a package is missing; OSError.
    """
    if path.suffix.lower() != suffix_for(pixels):
        raise UsageError(f"images of {pixels.shape[2]} channels are saved as {suffix_for(pixels)}, not as {path.name!r}.")
    write_atomically(path, encoded(pixels, path))


def encoded(pixels: Decoded, path: Path) -> bytes:
    """The content of the file that `encode` writes. Raises UsageError where a package is missing, which names the path."""
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
    """(..., C) -> (..., channels): gray three times, or Pillow's luma, (19595 R + 38470 G + 7471 B + 32768) / 65536, rounded down.

    Raises ValueError for other numbers of channels.
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
    """Colors (H, W, C) over `below` (1, 1, C), rounded to nearest in their own depth; 32 bits hold every sum."""
    full = np.uint32(np.iinfo(colors.dtype).max)
    opaque = alpha.astype(np.uint32)
    through = below * (full - opaque)
    light = np.minimum(colors, opaque) * full if premultiplied else colors * opaque
    mixed: NDArray[Any] = ((light + through + full // 2) // full).astype(colors.dtype)
    return mixed
