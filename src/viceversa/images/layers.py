"""Image files with colors, transparency and color profile, read and written without loss."""

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

from viceversa.errors import UsageError, quoted
from viceversa.files import write_atomically
from viceversa.images.decoding import MOST_PIXELS, composited, encoded, recolored
from viceversa.images.formats import Embedded, extra, open_image
from viceversa.images.pixels import Pixels, check_pixels
from viceversa.images.stored import Stored

_SIGNATURES = {1: b"GRAY", 3: b"RGB "}
"""Number of channels -> color space that bytes 16..19 of an ICC profile name."""


def fits(profile: bytes, channels: int) -> bool:
    """Return whether an ICC profile is for images with this number of channels."""
    return profile[16:20] == _SIGNATURES.get(channels)


@dataclass(frozen=True, eq=False, repr=False)
class Layers:
    """An image, upright, with colors, alpha and color profile.

    Args:
        colors: (H, W, C) uint8 or uint16, not multiplied by alpha.
        alpha: (H, W, 1) of the same type, or None.
        profile: ICC profile; empty if there is none.
        tiff: whether to write TIFF even if PNG would suffice.
        more: whether the file has further pages or frames.
        name: name of the file, for messages.
    """

    colors: Pixels
    alpha: Pixels | None = None
    profile: bytes = b""
    tiff: bool = False
    more: bool = False
    name: str = "the image"

    def __post_init__(self) -> None:
        check_pixels(self.colors)
        if self.alpha is not None and (self.alpha.dtype, self.alpha.shape) != (self.colors.dtype, (*self.colors.shape[:2], 1)):
            found = f"{self.alpha.shape} of {self.alpha.dtype}"
            raise UsageError(f"alpha must have the size and bit depth of the colors, not {found}.")

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.colors.shape))
        return (
            f"Layers({shape} {self.colors.dtype}{', alpha' if self.alpha is not None else ''}{', profile' if self.profile else ''})"
        )

    @property
    def pixels(self) -> Pixels:
        """The colors, with alpha as last channel."""
        return self.colors if self.alpha is None else np.concatenate([self.colors, self.alpha], 2)

    @property
    def suffix(self) -> str:
        """Suffix of the image's file: ".png" for one or three channels besides alpha, unless `tiff` is set; otherwise ".tif"."""
        return ".tif" if self.tiff or self.colors.shape[2] not in (1, 3) else ".png"

    @property
    def fitting(self) -> bytes:
        """The profile if it is for this number of channels, otherwise empty."""
        return self.profile if fits(self.profile, self.colors.shape[2]) else b""

    def with_colors(self, colors: Pixels) -> Layers:
        """Return the image with other colors (H, W, C') of the same size."""
        return replace(self, colors=colors)

    def flat(self, channels: int | None, background: int) -> Pixels:
        """Return the colors over a background where the image is transparent: (H, W, channels).

        Args:
            channels: number of channels; None keeps them.
            background: gray level, 0 to 255.

        Raises:
            ValueError: Unless channels are 1 or 3, or equal to those of the image.
        """
        colors = recolored(self.colors, channels)
        if self.alpha is None:
            return np.require(colors, requirements=["C", "W"])
        below = np.full((1, 1, 1), background * (np.iinfo(colors.dtype).max // 255), colors.dtype)
        return composited(colors, self.alpha, below)


def read_layers(source: Path | Embedded, *, most_pixels: int = MOST_PIXELS) -> Layers:
    """Read the image in a file. Raises BadImage if the file cannot be read, and UsageError if a package is missing."""
    with open_image(source, most_pixels) as image:
        name = source.name if isinstance(source, Embedded) else str(source)
        return replace(unpacked(image), name=quoted(name))


@dataclass(frozen=True)
class Header:
    """Facts about an image file that are known before it is decoded.

    Args:
        height, width: in pixels, upright.
        more: whether pages or frames follow the first one. The other fields are those of Stored.
    """

    height: int
    width: int
    channels: int
    bits: int
    profile: bytes
    tiff: bool
    alpha: bool
    exif: bool
    more: bool

    @property
    def size(self) -> str:
        """Width and height in words, such as 640x480."""
        return f"{self.width}x{self.height}"


def read_header(source: Path | Embedded, *, most_pixels: int = MOST_PIXELS) -> Header:
    """Read the header of an image file. Raises BadImage if the file cannot be read, and UsageError if a package is missing."""
    with open_image(source, most_pixels) as image:
        kept = image.profile, image.tiff, image.alpha, image.exif, image.more()
        return Header(image.height, image.width, image.channels, image.bits, *kept)


def unpacked(image: Stored) -> Layers:
    """Return the layers of an opened image. Raises what its `read` raises."""
    pixels = image.read()
    colors, alpha = pixels[..., : image.channels], np.require(pixels[..., image.channels :], requirements=["C", "W"])
    colors = _divided(colors, alpha) if image.premultiplied else np.require(colors, requirements=["C", "W"])
    return Layers(colors, alpha if alpha.shape[2] else None, image.profile, image.tiff, image.more())


def write_layers(layers: Layers, path: Path) -> None:
    """Write the image atomically, so that `read_layers` returns it bit for bit.

    The path must end in the image's suffix. Raises UsageError if a package is missing. Raises OSError.
    """
    write_atomically(path, content_of(layers, path), flushed=False)


def content_of(layers: Layers, path: Path) -> bytes:
    """Return the content of the image's file: PNG, or TIFF if the image's suffix says so.

    Args:
        layers: the image.
        path: path of the file, for error messages.

    Raises:
        UsageError: If a package is missing.
    """
    return _as_tiff(layers, path) if layers.suffix == ".tif" else _as_png(layers, path)


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
    """Encode as TIFF: with Pillow if possible, otherwise with tifffile."""
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
    """Insert an iCCP chunk after the header of a PNG file, which is 33 bytes long."""
    content = b"iCCP" + b"ICC profile\0\0" + zlib.compress(profile, 9)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:33] + chunk + png[33:]


def _divided(colors: NDArray[Any], alpha: NDArray[Any]) -> Pixels:
    """Undo the multiplication of colors by alpha, rounded to nearest; 0 where alpha is 0."""
    full, opaque = np.uint64(np.iinfo(colors.dtype).max), alpha.astype(np.uint64)
    light = np.minimum(colors.astype(np.uint64), opaque) * full + opaque // 2
    pixels: Pixels = (light // np.maximum(opaque, 1)).astype(colors.dtype)
    return pixels
