"""Input images of a command, read within the limit that its flags set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from viceversa.errors import UsageError
from viceversa.images.decoding import TooLarge
from viceversa.images.layers import Header, Layers, read_header, read_layers

_Found = TypeVar("_Found")


def layers_at(path: Path, max_pixels: int) -> Layers:
    """Read the image in a file. Raises BadImage; if the image is too large, the message names the flag that allows it."""
    return naming_the_flag(lambda: read_layers(path, most_pixels=max_pixels))


def header_at(path: Path, max_pixels: int) -> Header:
    """Read the header of an image file without decoding the image. Raises the same errors as `layers_at`."""
    return naming_the_flag(lambda: read_header(path, most_pixels=max_pixels))


def checked_limit(max_pixels: int) -> int:
    """Return the value of --max-pixels if it is valid. Raises UsageError."""
    if max_pixels < 1:
        raise UsageError(f"--max-pixels {max_pixels}: give at least 1 pixel.")
    return max_pixels


def naming_the_flag(read: Callable[[], _Found]) -> _Found:
    """Return the result of `read`. Raises its errors; the message of TooLarge names the flag that allows larger images."""
    try:
        return read()
    except TooLarge as error:
        raise TooLarge(f"{str(error).removesuffix('.')}; if you trust the file, allow more with --max-pixels.") from error
