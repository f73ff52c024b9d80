"""Files written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from viceversa.errors import UsageError


def write_atomically(path: Path, content: bytes, *, flushed: bool = True) -> None:
    """Write the content under a temporary name in the same folder, then rename it, so that no part of a file is ever seen.

    flushed: whether it is on the disk before; else a power cut within seconds may leave an empty file, and thousands of files are
    written several times as fast. Raises OSError.
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
    """A new file, as a number of the operating system."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)


def remove(path: Path) -> None:
    """Whatever is there: a folder, or what has come in its place, of which shutil.rmtree would open a pipe and wait for ever."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def vacant(folder: Path) -> bool:
    """Whether nothing is there yet, or an empty folder."""
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def in_utf8(path: str | Path, what: str) -> str:
    """The path, if it is text. Raises UsageError for bytes that are none, which JSON and other files cannot hold."""
    try:
        return os.fsdecode(path).encode().decode()
    except UnicodeEncodeError:
        raise UsageError(f"the name of {what} {os.fsdecode(path)!r} is not in UTF-8: rename it.") from None


def writable(folder: Path) -> Path:
    """The folder, made if need be, if files can be made in it. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise UsageError(f"cannot write to {str(folder)!r} ({error.strerror}): choose another place.") from None


def readable(path: Path, what: str) -> Path:
    """The path, if something is there. Raises UsageError."""
    if not path.exists():
        raise UsageError(f"{what} {str(path)!r} does not exist.")
    return path
