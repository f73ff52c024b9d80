"""Files that are written completely or not at all, and checks of paths."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from viceversa.errors import UsageError


def write_atomically(path: Path, content: bytes, *, flushed: bool = True) -> None:
    """Write a file under a temporary name in the same folder, then rename it, so that no partial file is ever visible.

    Args:
        path: the file.
        content: its bytes.
        flushed: whether to flush it to the disk first. Without it, a power failure within seconds may leave an empty file, but
            thousands of files are written several times as fast.

    Raises:
        OSError: If the file cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        handle = _created(part)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _created(part)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if flushed:
                file.flush()
                os.fsync(handle)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _created(path: Path) -> int:
    """Create a file and return its descriptor."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)


def remove(path: Path) -> None:
    """Remove a folder, or whatever is in its place. Anything but a folder is unlinked, because shutil.rmtree would open a pipe and
    block."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def vacant(folder: Path) -> bool:
    """Return whether the path does not exist or is an empty folder."""
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def in_utf8(path: str | Path, what: str) -> str:
    """Return the path as text. Raises UsageError if it is not valid UTF-8, which JSON and other files cannot hold."""
    try:
        return os.fsdecode(path).encode().decode()
    except UnicodeEncodeError:
        raise UsageError(f"the name of {what} {os.fsdecode(path)!r} is not in UTF-8: rename it.") from None


def writable(folder: Path) -> Path:
    """Return the folder, created if needed, if files can be made in it. Raises UsageError otherwise."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise UsageError(f"cannot write to {str(folder)!r} ({error.strerror}): choose another place.") from None


def readable(path: Path, what: str) -> Path:
    """Return the path if it exists. Raises UsageError otherwise."""
    if not path.exists():
        raise UsageError(f"{what} {str(path)!r} does not exist.")
    return path
