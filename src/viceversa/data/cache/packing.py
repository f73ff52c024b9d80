"""Images that are rendered or decoded once, then memory-mapped: one .npy file of pixels for each content and setting.

An unfinished array is stored next to its final path, as `.partial`, with a mark for each finished row, so that interrupted work
continues. The pixels of a rendered array are followed by their SHA-256, 32 bytes, which readers of .npy files ignore.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from pydantic import JsonValue

from viceversa.data.cache.parallel import Render, render_all
from viceversa.errors import UsageError, printable
from viceversa.images.pixels import Pixels
from viceversa.progress import say

Marks = NDArray[np.int64]
"""Marks of an unfinished array, one number per row; 0: the row is not finished."""


def cache_directory() -> Path:
    """Return the folder of packed images: $VICEVERSA_CACHE, otherwise viceversa in $XDG_CACHE_HOME, otherwise ~/.cache/viceversa.

    Raises UsageError if neither variable is set and the user has no home directory, as in some containers.
    """
    if chosen := os.environ.get("VICEVERSA_CACHE"):
        return Path(chosen)
    if caches := os.environ.get("XDG_CACHE_HOME"):
        return Path(caches) / "viceversa"
    try:
        return Path.home() / ".cache" / "viceversa"
    except RuntimeError:
        raise UsageError(
            "there is no place for the cache, because this user has no home directory: set VICEVERSA_CACHE to a writable folder."
        ) from None


def packed(key: Mapping[str, JsonValue], shape: tuple[int, int, int, int], render: Render, title: str) -> Pixels:
    """Return the images render(range(N)), from the cache or rendered into it: (N, H, W, C) uint8, memory-mapped, read-only.

    Several processes may call it at once: one builds, the others wait. A damaged file is reported on standard error and built
    again. Interrupted work continues.

    Args:
        key: everything that the pixels depend on; its SHA-256 and that of the shape name the file.
        shape: (N, H, W, C).
        render: function from positions to their images (parallel.Render).
        title: title of the progress bar.

    Raises:
        UsageError: If the cache cannot be written.
    """
    path = cache_directory() / f"{digest({'key': dict(key), 'shape': list(shape)})}.npy"
    pixels = _mapped(path, shape)
    if pixels is not None:
        return pixels
    make_writable(path.parent)
    with FileLock(path.with_suffix(".lock")):
        pixels = _mapped(path, shape)  # another process may have built it while this one waited
        if pixels is None:
            if path.exists():
                say(f"viceversa: the cache file {printable(str(path))} is damaged: it is built again.")
            _build(path, shape, render, f"{title} (only the first time)")
            pixels = _mapped(path, shape)
    if pixels is None:
        raise UsageError(f"the cache file {str(path)!r} changed while it was read: run the command again.")
    return pixels


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of a value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def hash_of(*pixels: Pixels) -> str:
    """Return the SHA-256 of the pixels' bytes."""
    found = hashlib.sha256()
    for each in pixels:
        found.update(np.ascontiguousarray(each).data)
    return found.hexdigest()


def in_the_making(path: Path, shape: tuple[int, ...], kind: type[np.generic]) -> tuple[Any, Marks]:
    """Return an unfinished array and the marks of its rows, mapped for writing: those of interrupted work, or new ones.

    Args:
        path: final path of the array.
        shape: its shape.
        kind: its type.
    """
    partial, marks = path.with_suffix(".partial"), path.with_suffix(".done")
    before = _reopened(partial, shape, kind), _reopened(marks, shape[:1], np.int64)
    if before[0] is not None and before[1] is not None:
        return before
    return _allocated(partial, shape, kind), _allocated(marks, shape[:1], np.int64)


def make_writable(directory: Path) -> None:
    """Make a folder of the cache. Raises UsageError if it cannot be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(directory, error.strerror or "no reason given") from None
    if not os.access(directory, os.W_OK):
        raise _unwritable(directory, "permission denied")


def _mapped(path: Path, shape: tuple[int, ...]) -> Pixels | None:
    """Return the pixels of a file, or None if it is missing or damaged."""
    try:
        pixels = np.load(path, mmap_mode="r")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (EOFError, ValueError):  # empty, without a .npy header, or truncated
        return None
    if pixels.dtype != np.uint8 or pixels.shape != shape:
        return None
    with path.open("rb") as file:
        file.seek(pixels.offset + pixels.nbytes)
        return pixels if file.read() == _checksum(pixels) else None


def _checksum(pixels: np.memmap[Any, np.dtype[np.uint8]]) -> bytes:
    """Return the SHA-256 of the pixels."""
    return hashlib.sha256(pixels.reshape(-1).data).digest()


def _unwritable(directory: Path, reason: str) -> UsageError:
    return UsageError(f"cannot write the cache {directory}: {reason}. Set VICEVERSA_CACHE to a writable folder.")


def _build(path: Path, shape: tuple[int, ...], render: Render, title: str) -> None:
    """Render under another name, then rename, so that `path` is complete whenever it exists. The caller holds the lock."""
    pixels, marks = in_the_making(path, shape, np.uint8)
    render_all(render, pixels, title, marks)
    pixels.flush()
    partial = path.with_suffix(".partial")
    with partial.open("r+b") as file:
        file.seek(pixels.offset + pixels.nbytes)
        file.write(_checksum(pixels))
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    path.with_suffix(".done").unlink()


def _reopened(path: Path, shape: tuple[int, ...], kind: type[np.generic]) -> Any:
    """Return the array of interrupted work, or None."""
    try:
        array = np.load(path, mmap_mode="r+")
    except (OSError, ValueError, EOFError):
        return None
    return array if array.shape == shape and array.dtype == kind else None


def _allocated(path: Path, shape: tuple[int, ...], kind: type[np.generic]) -> Any:
    """Create a .npy file with an array of zeros. Raises UsageError if the disk is full."""
    try:
        array = np.lib.format.open_memmap(path, "w+", kind, shape)
        if hasattr(os, "posix_fallocate"):  # without it the file has holes: filling one on a full disk is a bus error
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, array.offset + array.nbytes)
    except (OSError, OverflowError) as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path.parent, (error.strerror if isinstance(error, OSError) else None) or str(error)) from None
    return array
