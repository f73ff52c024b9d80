"""Image files as they lie on disk: what their headers say, and their pixels, which are decoded when they are asked for."""

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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin, UnidentifiedImageError, features

from viceversa.errors import UsageError

_GRAY = ("1", "L", "LA")
_COLOR = ("P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
_ORIENTATION, _BITS, _PHOTOMETRIC, _SAMPLES, _EXTRA_SAMPLES = 274, 258, 262, 277, 338  # TIFF's tags
_PROFILE = 34675  # TIFF's tag for an ICC profile
_WHITE_IS_ZERO, _MINISBLACK, _RGB, _CMYK, _YCBCR = 0, 1, 2, 5, 6  # values of _PHOTOMETRIC
_PNG_EXIF = (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile type")
_stderr = threading.Lock()

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
"""Formats of pictures that this Pillow decodes, with their suffixes; frequent ones first. TIFF is opened in a way of its own."""

# A bad file is reported once, as BadImage; these log it as well, and a logger without a handler prints to stderr.
for _name in ("tifffile", "imagecodecs", "PIL.TiffImagePlugin"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class BadImage(UsageError):  # noqa: N818
    """A file that cannot be decoded: one line with its path and the reason."""


@dataclass(frozen=True, eq=False)
class Embedded:
    """An image file that lies inside another one, as in a table of images: what it is called, and all its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, eq=False)
class Stored:
    """An image file, opened.

    height, width: in pixels, upright. channels: without alpha. bits: 8 or 16.
    read: its pixels, upright, as uint8 or uint16 (height, width, channels), with alpha as one more channel.
    premultiplied: whether the channels are multiplied by alpha. profile: ICC's, as in the file; empty where there is none.
    """

    height: int
    width: int
    channels: int
    bits: int
    read: Callable[[], NDArray[Any]]
    premultiplied: bool = False
    profile: bytes = b""
    tiff: bool = False


@contextlib.contextmanager
def open_image(source: Path | Embedded, most_pixels: int) -> Iterator[Stored]:
    """The image file, open. Turns whatever is wrong with it, also inside the `with`, into BadImage; a package that is
    missing is a UsageError."""
    name = source.name if isinstance(source, Embedded) else str(source)
    try:
        with warnings.catch_warnings(), _stream(source) as file:
            # By module, so that threads, whose restoring of filters can cross, leave no more than these behind.
            warnings.filterwarnings("ignore", module=r"PIL|tifffile|numpy|viceversa\.data|contextlib|<unknown>")
            yield _opened(file, name, most_pixels)
    except UsageError:
        raise
    except Exception as error:  # decoders raise anything at all for broken files
        raise BadImage(f"cannot read the image {name!r}: {_reason(error)}.") from error


def _stream(source: Path | Embedded) -> BinaryIO:
    if isinstance(source, Embedded):
        return io.BytesIO(source.content)
    mode = source.stat().st_mode
    if not stat.S_ISREG(mode):
        raise ValueError("it is a directory" if stat.S_ISDIR(mode) else "it is not a regular file")
    return source.open("rb")


def extra(name: str, path: Path | str) -> ModuleType:
    """A package of the extra `data`. Raises UsageError that names the file that needs it and the remedy."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(f"the image {str(path)!r} needs the package {name}: pip install 'viceversa[data]'.") from error


def in_16_bits(values: NDArray[np.floating[Any]]) -> NDArray[np.uint16]:
    """Floats in [0, 1] -> 0..65535. Raises ValueError for others and for NaN."""
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"its values are from {low:g} to {high:g}, not in [0, 1]")
    return (values.astype(np.float64) * 65535).round().astype(np.uint16)


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
        raise ValueError(f"its {size} bytes are too many for {most_pixels} pixels")
    content = file.read()
    picture = Image.open(io.BytesIO(content), formats=_formats(name))
    _check(picture.height, picture.width, 3, most_pixels)
    may_turn = picture.format != "PNG" or any(mark in content for mark in _PNG_EXIF)  # where none is, Pillow decodes to be sure
    orientation = _orientation(picture) if may_turn else 1
    if picture.format == "PNG" and content[24] == 16 and content[25] != 0:  # Pillow cuts these to 8 bits
        codecs = extra("imagecodecs", name)
        stored = _upright(picture.size, 1 if content[25] == 4 else 3, 16, lambda: _from_png(codecs, content), orientation)
        return replace(stored, profile=picture.info.get("icc_profile") or b"")
    return _by_pillow(picture, orientation)


def _formats(name: str) -> list[str]:
    """What a file of that name can be. Nothing in a TGA file tells that it is one, so its name must."""
    is_tga = name.lower().endswith(READ_BY_PILLOW["TGA"])
    return [kind for kind in READ_BY_PILLOW if kind != "TGA" or is_tga]


def _from_png(codecs: ModuleType, content: bytes) -> NDArray[Any]:
    try:
        pixels: NDArray[Any] = codecs.png_decode(content)
    except codecs.PngError:
        # imagecodecs 2026.3.6 drops a reference to None with each: thousands would end the process on Python 3.11.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))
        raise
    return pixels


def _by_pillow(picture: Image.Image, orientation: int = 1) -> Stored:
    mode = picture.mode
    gray_16 = mode.startswith("I;16") or (mode == "I" and picture.format == "PPM")  # of which Pillow makes 0 to 65535
    if not (gray_16 or mode in (*_GRAY, *_COLOR, "F")):
        raise ValueError(f"its pixels are of Pillow's mode {mode!r}, which is not supported")
    white_is_zero = isinstance(picture, TiffImagePlugin.TiffImageFile) and picture.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO

    def read() -> NDArray[Any]:
        with _silenced() if picture.format == "TIFF" else contextlib.nullcontext():
            picture.load()
        if gray_16 or mode == "F":
            pixels = np.asarray(picture).astype(np.uint16) if gray_16 else in_16_bits(np.asarray(picture))
            if white_is_zero:  # Pillow itself sees to it in 8 bits
                pixels = 65535 - pixels
            hidden = picture.info.get("transparency")
            return pixels if hidden is None else np.stack([pixels, np.where(pixels == hidden, 0, 65535).astype(np.uint16)], 2)
        target = ("L" if mode in _GRAY else "RGB") + ("A" if picture.has_transparency_data else "")
        return np.asarray(picture.convert(target))

    wide = gray_16 or mode == "F"
    stored = _upright(picture.size, 1 if wide or mode in _GRAY else 3, 16 if wide else 8, read, orientation)
    return replace(stored, profile=picture.info.get("icc_profile") or b"", tiff=picture.format == "TIFF")


def _tiff(file: BinaryIO, name: str, size: int, most_pixels: int) -> Stored:
    """By Pillow where it keeps bits and channels, otherwise by tifffile."""
    with contextlib.suppress(UnidentifiedImageError):
        picture = Image.open(file, formats=("TIFF",))
        assert isinstance(picture, TiffImagePlugin.TiffImageFile)
        tags = picture.tag_v2
        if (tags.get(_SAMPLES, 1) == 1 or max(tags.get(_BITS, (1,))) <= 8) and 0 not in tags.get(_EXTRA_SAMPLES, ()):
            _check(picture.height, picture.width, 3, most_pixels)
            return _by_pillow(picture)  # which turns TIFF itself
    file.seek(0)
    page = extra("tifffile", name).TiffFile(file).pages[0]
    height, width, samples = page.imagelength, page.imagewidth, page.samplesperpixel
    _check(height, width, samples, most_pixels)
    _check(max(1, page.tilelength), max(1, page.tilewidth), samples, most_pixels)
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
        pixels = _whole(np.moveaxis(pixels, 0, 2) if page.axes == "SYX" else pixels)
        if cmyk:
            return _from_cmyk(pixels)
        return np.iinfo(pixels.dtype).max - pixels if page.photometric == _WHITE_IS_ZERO and samples == 1 else pixels

    orientation = page.tags.valueof(_ORIENTATION, default=1)
    channels, bits = 3 if cmyk else samples - alpha, _bits(page.dtype)
    stored = _upright((width, height), channels, bits, read, orientation, alpha and page.extrasamples[0] == 1)
    return replace(stored, profile=page.tags.valueof(_PROFILE, default=b""), tiff=True)


def _array(file: BinaryIO, name: str, most_pixels: int) -> Stored:
    if isinstance(file, io.BytesIO):
        raise ValueError("it is an array of .npy, which is read from files only")
    array = np.lib.format.open_memmap(name, mode="r")
    if array.ndim not in (2, 3):
        raise ValueError(f"its shape is {array.shape}, not (height, width) or (height, width, channels)")
    height, width, channels = (*array.shape, 1)[:3]
    _check(height, width, channels, most_pixels)
    return _upright((width, height), channels, _bits(array.dtype), lambda: _whole(array))


def _upright(
    size: tuple[int, int],
    channels: int,
    bits: int,
    read: Callable[[], NDArray[Any]],
    orientation: int = 1,
    premultiplied: bool = False,
) -> Stored:
    """size: width, height in the file. read: pixels as in the file, (H, W) or (H, W, C). orientation: EXIF's, 1..8."""
    width, height = size

    def turned() -> NDArray[Any]:
        pixels = read()
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        if pixels.shape[:2] != (height, width) or pixels.shape[2] not in (channels, channels + 1) or pixels.itemsize * 8 != bits:
            raise ValueError(f"its header speaks of {height} x {width} pixels, but it holds {pixels.shape[0]} x {pixels.shape[1]}")
        pixels = pixels.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else pixels
        pixels = pixels[::-1] if orientation in (3, 4, 7, 8) else pixels
        return pixels[:, ::-1] if orientation in (2, 3, 6, 7) else pixels

    height_up, width_up = (width, height) if orientation in (5, 6, 7, 8) else (height, width)
    return Stored(height_up, width_up, channels, bits, turned, premultiplied)


def _check(height: int, width: int, channels: int, most_pixels: int) -> None:
    if min(height, width, channels) < 1:
        raise ValueError("it has no pixels")
    if height * width * max(1, channels / 4) > most_pixels:
        raise ValueError(f"{height} x {width} pixels of {channels} channels are over the limit of {most_pixels} pixels")


def _bits(dtype: np.dtype[Any] | None) -> int:
    if dtype is None or not (dtype.kind == "f" or (dtype.kind == "u" and dtype.itemsize <= 2)):
        raise ValueError(f"its values are {dtype}, not uint8, uint16 or floats")
    return 8 if dtype.itemsize == 1 else 16


def _whole(pixels: NDArray[Any]) -> NDArray[Any]:
    """Floats as 16 bits, and a byte order of this machine's."""
    return in_16_bits(pixels) if pixels.dtype.kind == "f" else pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _from_cmyk(inks: NDArray[Any]) -> NDArray[Any]:
    """(H, W, 4) -> (H, W, 3): what the ink leaves of white, color by color."""
    full = int(np.iinfo(inks.dtype).max)
    left = full - inks.astype(np.uint32)
    return ((left[..., :3] * left[..., 3:] + full // 2) // full).astype(inks.dtype)


def _orientation(picture: Image.Image) -> int:
    """EXIF's orientation; 1 where it is none or cannot be read, as such an image is still one."""
    with contextlib.suppress(Exception):
        return int(picture.getexif().get(_ORIENTATION, 1))
    return 1


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Without what libtiff prints to the process's stderr, past Python, about files that Pillow refuses anyway."""
    with _stderr, contextlib.ExitStack() as undo, open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        sys.stderr.flush()
        kept = os.dup(2)
        undo.callback(os.close, kept)
        undo.callback(os.dup2, kept, 2)
        os.dup2(nowhere.fileno(), 2)
        yield


def _reason(error: Exception) -> str:
    """In one printable line."""
    if isinstance(error, UnidentifiedImageError):
        return "it is no image of a known format"
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200].rstrip(".")
