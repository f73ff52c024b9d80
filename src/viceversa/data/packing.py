"""Images rendered or decoded once, then memory-mapped: one .npy file of uint8 pixels for each content and setting.

After the pixels the file has their SHA-256, 32 bytes, which readers of .npy files pass over.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from pydantic import JsonValue

from viceversa.data.dataset import Pixels
from viceversa.data.parallel import Render, render_all
from viceversa.errors import UsageError


def cache_directory() -> Path:
    """Where packed images are kept: $VICEVERSA_CACHE, else viceversa in $XDG_CACHE_HOME, else ~/.cache/viceversa."""
    chosen = os.environ.get("VICEVERSA_CACHE")
    return Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "viceversa"


def packed(key: Mapping[str, JsonValue], shape: tuple[int, int, int, int], render: Render, title: str) -> Pixels:
    """The images render(range(N)), from the cache or rendered into it: (N, H, W, C) uint8, memory-mapped, read-only.

    key: all that the pixels depend on; its SHA-256 and the shape's name the file.
    render: positions -> their images (parallel.Render); title: what the progress bar says meanwhile.
    Safe where several processes ask at once: one builds, the others wait for it. A damaged file is named on standard error
    and built again. An interrupt leaves no half file. Raises UsageError if the cache cannot be written.
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
                print(f"viceversa: the cache file {path} is damaged: it is built again.", file=sys.stderr)
            _build(path, shape, render, title)
            pixels = _mapped(path, shape)
    if pixels is None:
        raise UsageError(f"the cache file {path} changed while it was read; run again.")
    return pixels


def digest(value: JsonValue) -> str:
    """SHA-256 of the value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _mapped(path: Path, shape: tuple[int, ...]) -> Pixels | None:
    """The file's pixels, or None where there is no file, or one that is damaged."""
    try:
        pixels = np.load(path, mmap_mode="r")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (EOFError, ValueError):  # empty; no .npy header, or shorter than it says
        return None
    if pixels.dtype != np.uint8 or pixels.shape != shape:
        return None
    with path.open("rb") as file:
        file.seek(pixels.offset + pixels.nbytes)
        return pixels if file.read() == _checksum(pixels) else None


def _checksum(pixels: np.memmap[Any, np.dtype[np.uint8]]) -> bytes:
    """SHA-256 of the pixels."""
    return hashlib.sha256(pixels.reshape(-1).data).digest()


def make_writable(directory: Path) -> None:
    """Makes a directory of the cache. Raises UsageError if it cannot be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(directory, error.strerror or "no reason given") from None
    if not os.access(directory, os.W_OK):
        raise _unwritable(directory, "permission denied")


def _unwritable(directory: Path, reason: str) -> UsageError:
    return UsageError(f"cannot write the cache {directory}: {reason}. Set VICEVERSA_CACHE to a directory that can be written.")


def _build(path: Path, shape: tuple[int, ...], render: Render, title: str) -> None:
    """Under the lock: render to another name, then rename, so that `path` is whole whenever it is there."""
    partial = path.with_suffix(".partial")
    try:
        pixels = allocated(partial, shape)
        render_all(render, pixels, title)
        pixels.flush()
        with partial.open("ab") as file:
            file.write(_checksum(pixels))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def allocated(path: Path, shape: tuple[int, ...], kind: type[np.generic] = np.uint8) -> np.memmap[Any, np.dtype[Any]]:
    """A new .npy file for an array, mapped to be written. Raises UsageError where the disk has no room for them."""
    try:
        pixels = np.lib.format.open_memmap(path, "w+", kind, shape)
        if hasattr(os, "posix_fallocate"):  # else the file has holes, and to fill one on a full disk is a bus error
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, pixels.offset + pixels.nbytes)
    except OSError as error:
        raise _unwritable(path.parent, error.strerror or "no reason given") from None
    return pixels
