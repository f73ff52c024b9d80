"""Image files on disk: their headers, and their pixels, which are decoded on demand."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import io
import logging
import math
import os
import stat
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin, UnidentifiedImageError, features

from viceversa.errors import UsageError
from viceversa.images.stored import OverLimit, Stored, bits_of, by_numpy, check_size, in_16_bits, upright, whole

MOST_PIXELS = 100_000_000
"""Limit above which an image is taken for a decompression bomb, unless the caller allows more."""

_GRAY = ("1", "L", "LA")
_COLOR = ("P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
_ABOUT = frozenset({271, 272, 306, 315, 33432, 34665, 34853})
"""EXIF tags of camera, date, author and copyright, and of the groups Exif and GPS."""
_ORIENTATION, _BITS, _PHOTOMETRIC, _SAMPLES, _EXTRA_SAMPLES = 274, 258, 262, 277, 338  # TIFF's tags
_PROFILE = 34675  # TIFF's tag for an ICC profile
_WHITE_IS_ZERO, _MINISBLACK, _RGB, _CMYK, _YCBCR = 0, 1, 2, 5, 6  # values of _PHOTOMETRIC
_PNG_EXIF = (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile type")
_stderr, _pillow_limit = threading.Lock(), threading.Lock()

_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "JPEG2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    "AVIF": (".avif",),
    "TGA": (".tga",),
}
_NOT_IN_EVERY_PILLOW = {"JPEG2000": "jpg_2000", "AVIF": "avif"}
_MISSING = {
    name
    for name, feature in _NOT_IN_EVERY_PILLOW.items()
    if feature not in {**features.modules, **features.codecs} or not features.check(feature)
}
READ_BY_PILLOW = {name: suffixes for name, suffixes in _SUFFIXES.items() if name not in _MISSING}
"""Image formats that the installed Pillow decodes, with their suffixes, frequent ones first. TIFF is opened separately."""

# A bad file is reported once, as BadImage; these log it as well, and a logger without a handler prints to stderr.
for _name in ("tifffile", "imagecodecs", "PIL.TiffImagePlugin"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class BadImage(UsageError):  # noqa: N818
    """Error for a file that cannot be decoded: one line with its path and the reason."""


class TooLarge(BadImage):
    """Error for an image file with more pixels than the caller allows."""


@dataclass(frozen=True, eq=False)
class Embedded:
    """Image file inside another file, as in a table of images: its name and its bytes."""

    name: str
    content: bytes


@contextlib.contextmanager
def open_image(source: Path | Embedded, most_pixels: int) -> Iterator[Stored]:
    """Open an image file as a context.

    Any error in the file, also inside the `with` block, becomes BadImage; a missing package becomes UsageError.

    Args:
        source: the file, or its content.
        most_pixels: limit of the image's size, in which four channels count as one pixel; above MOST_PIXELS it also replaces
            Pillow's own limit.
    """
    name = source.name if isinstance(source, Embedded) else str(source)
    try:
        with warnings.catch_warnings(), _allowing(most_pixels), _stream(source) as file:
            # Filters name modules: threads may restore them in the wrong order, and only these may then remain.
            warnings.filterwarnings("ignore", module=r"PIL|tifffile|numpy|viceversa\.data|contextlib|<unknown>")
            yield _opened(file, name, most_pixels)
    except UsageError:
        raise
    except Exception as error:  # decoders raise any exception for broken files
        over = isinstance(error, OverLimit | Image.DecompressionBombError)
        raise (TooLarge if over else BadImage)(f"cannot read the image {name!r}: {reason(error)}.") from error


def _stream(source: Path | Embedded) -> BinaryIO:
    if isinstance(source, Embedded):
        return io.BytesIO(source.content)
    mode = source.stat().st_mode
    if not stat.S_ISREG(mode):
        raise ValueError("it is a folder" if stat.S_ISDIR(mode) else "it is not a regular file")
    return source.open("rb")


def extra(name: str, path: Path | str) -> ModuleType:
    """Import a package of the extra `data`. Raises UsageError that names the file that needs it and the remedy."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(f"the image {str(path)!r} needs the package {name}: pip install 'viceversa[data]'.") from error


def _opened(file: BinaryIO, name: str, most_pixels: int) -> Stored:
    start, size = file.read(6), file.seek(0, os.SEEK_END)
    file.seek(0)
    if not size:
        raise ValueError("it is empty")
    if start == b"\x93NUMPY":
        return _array(file, name, most_pixels)
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _tiff(file, name, size, most_pixels)
    if size > 32 * most_pixels:
        raise OverLimit(f"its {size} bytes are too many for {most_pixels} pixels, against decompression bombs")
    content = file.read()
    picture = Image.open(io.BytesIO(content), formats=_formats(name))
    check_size(picture.height, picture.width, 3, most_pixels)
    may_turn = picture.format != "PNG" or any(mark in content for mark in _PNG_EXIF)  # without a mark Pillow would decode
    tags = exif_of(picture) if may_turn else {}
    if picture.format == "PNG" and content[24] == 16 and content[25] != 0:  # Pillow reduces these to 8 bits
        codecs = extra("imagecodecs", name)
        stored = upright(picture.size, 1 if content[25] == 4 else 3, 16, lambda: _from_png(codecs, content), orientation_of(tags))
        stored = replace(stored, profile=picture.info.get("icc_profile") or b"", alpha=picture.has_transparency_data)
    else:
        stored = by_pillow(picture, orientation_of(tags))
    return replace(stored, exif=not _ABOUT.isdisjoint(tags), more=lambda: _goes_on(picture))


def _formats(name: str) -> list[str]:
    """Return the formats that a file of this name may have. A TGA file has no signature, so only its name shows the format."""
    is_tga = name.lower().endswith(READ_BY_PILLOW["TGA"])
    return [kind for kind in READ_BY_PILLOW if kind != "TGA" or is_tga]


def _from_png(codecs: ModuleType, content: bytes) -> NDArray[Any]:
    try:
        pixels: NDArray[Any] = codecs.png_decode(content)
    except codecs.PngError:
        # imagecodecs 2026.3.6 loses a reference to None per error: thousands would crash Python 3.11.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))
        raise
    return pixels


def by_pillow(picture: Image.Image, orientation: int = 1) -> Stored:
    """Return the current frame of a Pillow image. Raises ValueError for a mode without gray or color.

    Args:
        picture: the image.
        orientation: EXIF orientation, 1 to 8.
    """
    mode = picture.mode
    gray_16 = mode.startswith("I;16") or (mode == "I" and picture.format == "PPM")  # Pillow scales these to 0..65535
    if not (gray_16 or mode in (*_GRAY, *_COLOR, "F")):
        raise ValueError(f"its pixels are of Pillow's mode {mode!r}, which is not supported")
    white_is_zero = isinstance(picture, TiffImagePlugin.TiffImageFile) and picture.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO

    def read() -> NDArray[Any]:
        with _silenced() if picture.format == "TIFF" else contextlib.nullcontext():
            picture.load()
        if gray_16 or mode == "F":
            pixels = np.asarray(picture).astype(np.uint16) if gray_16 else in_16_bits(np.asarray(picture))
            if white_is_zero:  # Pillow inverts 8-bit images itself
                pixels = 65535 - pixels
            hidden = picture.info.get("transparency")
            return pixels if hidden is None else np.stack([pixels, np.where(pixels == hidden, 0, 65535).astype(np.uint16)], 2)
        target = ("L" if mode in _GRAY else "RGB") + ("A" if picture.has_transparency_data else "")
        return np.asarray(picture.convert(target))

    wide = gray_16 or mode == "F"
    stored = upright(picture.size, 1 if wide or mode in _GRAY else 3, 16 if wide else 8, read, orientation)
    profile, alpha = picture.info.get("icc_profile") or b"", picture.has_transparency_data
    return replace(stored, profile=profile, tiff=picture.format == "TIFF", alpha=alpha)


def _tiff(file: BinaryIO, name: str, size: int, most_pixels: int) -> Stored:
    """Return an opened TIFF file, read by Pillow if that keeps bits and channels, otherwise by tifffile."""
    with contextlib.suppress(UnidentifiedImageError):
        picture = Image.open(file, formats=("TIFF",))
        assert isinstance(picture, TiffImagePlugin.TiffImageFile)
        tags = picture.tag_v2
        if (tags.get(_SAMPLES, 1) == 1 or max(tags.get(_BITS, (1,))) <= 8) and 0 not in tags.get(_EXTRA_SAMPLES, ()):
            check_size(picture.height, picture.width, 3, most_pixels)
            stored = by_pillow(picture)  # Pillow applies the orientation of TIFF itself
            return replace(stored, exif=not _ABOUT.isdisjoint(tags), more=lambda: _goes_on(picture))
    file.seek(0)
    pages = extra("tifffile", name).TiffFile(file).pages
    page = pages[0]
    height, width, samples = page.imagelength, page.imagewidth, page.samplesperpixel
    check_size(height, width, samples, most_pixels)
    check_size(max(1, page.tilelength), max(1, page.tilewidth), samples, most_pixels)
    if page.axes not in ("YX", "YXS", "SYX"):
        raise ValueError(f"its axes are {page.axes}, not those of one image")
    if page.photometric not in (_WHITE_IS_ZERO, _MINISBLACK, _RGB, _CMYK, _YCBCR):
        raise ValueError(f"its colors are given as {getattr(page.photometric, 'name', page.photometric)}, which is not supported")
    ends = [start + length for start, length in zip(page.dataoffsets, page.databytecounts, strict=True)]
    if len(ends) != math.prod(page.chunked) or max(ends) > size:
        raise ValueError("it is truncated")
    if page.compression != 1 or page.predictor != 1:
        extra("imagecodecs", name)
    alpha = len(page.extrasamples) == 1 and page.extrasamples[0] in (1, 2) and samples in (2, 4)
    cmyk = page.photometric == _CMYK and samples == 4

    def read() -> NDArray[Any]:
        pixels = page.asarray(maxworkers=1)
        pixels = whole(np.moveaxis(pixels, 0, 2) if page.axes == "SYX" else pixels)
        if cmyk:
            return _from_cmyk(pixels)
        return np.iinfo(pixels.dtype).max - pixels if page.photometric == _WHITE_IS_ZERO and samples == 1 else pixels

    orientation = page.tags.valueof(_ORIENTATION, default=1)
    channels, bits = 3 if cmyk else samples - alpha, bits_of(page.dtype)
    stored = upright((width, height), channels, bits, read, orientation, alpha and page.extrasamples[0] == 1)
    profile, about = page.tags.valueof(_PROFILE, default=b""), any(tag in page.tags for tag in _ABOUT)
    return replace(stored, profile=profile, tiff=True, alpha=alpha, exif=about, more=lambda: len(pages) > 1)


def _array(file: BinaryIO, name: str, most_pixels: int) -> Stored:
    if isinstance(file, io.BytesIO):
        raise ValueError("it is an array of .npy, which is read from files only")
    return by_numpy(np.lib.format.open_memmap(name, mode="r"), most_pixels)


@contextlib.contextmanager
def _allowing(most_pixels: int) -> Iterator[None]:
    """Disable Pillow's own limit if the caller allows more than MOST_PIXELS. The header is then checked against the caller's
    limit."""
    if most_pixels <= MOST_PIXELS:
        yield
        return
    with _pillow_limit:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _goes_on(picture: Image.Image) -> bool:
    """Return whether a second page or frame can be read."""
    with contextlib.suppress(Exception), _silenced() if picture.format == "TIFF" else contextlib.nullcontext():
        picture.seek(1)
        return True
    return False


def _from_cmyk(inks: NDArray[Any]) -> NDArray[Any]:
    """Convert CMYK (H, W, 4) to RGB (H, W, 3): the light that the inks leave of white."""
    full = int(np.iinfo(inks.dtype).max)
    left = full - inks.astype(np.uint32)
    return ((left[..., :3] * left[..., 3:] + full // 2) // full).astype(inks.dtype)


def exif_of(picture: Image.Image) -> Mapping[int, Any]:
    """Return the EXIF tags; none if they cannot be read, because the image can still be used."""
    with contextlib.suppress(Exception):
        return dict(picture.getexif())
    return {}


def orientation_of(tags: Mapping[int, Any]) -> int:
    """Return the EXIF orientation, 1 if there is none."""
    with contextlib.suppress(Exception):
        return int(tags.get(_ORIENTATION, 1))
    return 1


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Suppress what libtiff prints to the process's stderr, past Python, about files that Pillow rejects anyway."""
    with _stderr, contextlib.ExitStack() as undo, open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        sys.stderr.flush()
        kept = os.dup(2)
        undo.callback(os.close, kept)
        undo.callback(os.dup2, kept, 2)
        os.dup2(nowhere.fileno(), 2)
        yield


def reason(error: Exception) -> str:
    """Return the reason of an error in one printable line."""
    if isinstance(error, UnidentifiedImageError):
        return "it is not an image of a known format"
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200].rstrip(".")
