"""Images that a command is given, read with what its flags allow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from viceversa.errors import UsageError
from viceversa.images.decoding import TooLarge
from viceversa.images.layers import Header, Layers, read_header, read_layers

_Found = TypeVar("_Found")


def layers_at(path: Path, max_pixels: int) -> Layers:
    """The image in a file. Raises BadImage, which names the flag that allows larger ones."""
    return naming_the_flag(lambda: read_layers(path, most_pixels=max_pixels))


def header_at(path: Path, max_pixels: int) -> Header:
    """What is known of an image file before it is decoded. Raises as `layers_at` does."""
    return naming_the_flag(lambda: read_header(path, most_pixels=max_pixels))


def checked_limit(max_pixels: int) -> int:
    """The value of --max-pixels. Raises UsageError."""
    if max_pixels < 1:
        raise UsageError(f"--max-pixels {max_pixels}: give at least 1 pixel.")
    return max_pixels


def naming_the_flag(read: Callable[[], _Found]) -> _Found:
    """What `read` finds. Raises what it does; TooLarge names the flag that allows larger images."""
    try:
        return read()
    except TooLarge as error:
        raise TooLarge(f"{str(error).removesuffix('.')}; if you trust the file, allow more with --max-pixels.") from error
