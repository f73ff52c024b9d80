"""List the image files below a folder, and what is ignored. Training, translation, clips and styles all use this rule.

A file or folder is hidden if its name starts with a dot or if an operating system creates it. Links to folders are not followed.
Any other file is an image if its suffix is in SUFFIXES; the rest is counted by suffix.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from viceversa.core.names import composed
from viceversa.errors import UsageError, printable, quoted
from viceversa.images.decoding import SUFFIXES

_OF_SYSTEMS = frozenset({
    "__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found", "thumbs.db", "ehthumbs.db",
    "desktop.ini",
})  # fmt: skip
_UNREADABLE = frozenset({".heic", ".heif", ".hif", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".psd"})
"""Suffixes of image formats that are not supported; the remedy is to convert them."""
_SHOWN = 8


@dataclass(frozen=True)
class Listing:
    """Contents of a folder, as sorted relative paths with "/".

    Args:
        images: files with the suffix of an image.
        folders: folders that are not hidden, with or without images.
        others: all other files.
        hidden: hidden folders, and hidden files named like images.
        links: links to folders, which are not followed.
    """

    images: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    def account(self) -> list[str]:
        """Return a line for each kind of entry that is ignored; none if there is nothing."""
        said = [f"ignored: {by_suffix(self.others)}"] if self.others else []
        if self.hidden:
            said.append(f"ignored, because hidden or made by a system: {_some(self.hidden)}")
        if self.links:
            said.append(f"ignored, because links to folders are not followed: {_some(self.links)}")
        return said

    def reason(self) -> str:
        """Return what there is instead of images, as the end of a message: "" or ", but 12 .heic (...)"."""
        return f", but {by_suffix(self.others)}" if self.others else ""


def is_hidden(name: str) -> bool:
    """Return whether a file or folder of this name is always ignored, such as `.git`, `._1.png`, `__MACOSX` or `Thumbs.db`."""
    return name.startswith(".") or name.casefold() in _OF_SYSTEMS


def is_image(name: str) -> bool:
    """Return whether a file of this name counts as an image, by its suffix."""
    return suffix_of(name) in SUFFIXES


def suffix_of(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122  (of 100,000 files)


def listing(folder: Path, *, deep: bool = True, followed: Callable[[str], bool] = lambda path: False) -> Listing:
    """List the contents of a folder.

    Args:
        folder: the folder.
        deep: whether to include the contents of its folders.
        followed: function that decides, from its relative path, whether a link to a folder is followed.

    Raises:
        UsageError: If a folder cannot be opened.
    """
    kinds: dict[str, list[str]] = {"images": [], "folders": [], "others": [], "hidden": [], "links": []}
    for path, kind in _walked(folder, "", deep, followed):
        kinds[kind].append(path)
    return Listing(**{kind: tuple(sorted(paths)) for kind, paths in kinds.items()})


def on_disk(path: Path) -> Path:
    """Return the path as it is spelled on disk: if it does not exist, the equal name in Unicode's other form."""
    if path.exists() or path.parent == path:
        return path
    parent = on_disk(path.parent)
    names = os.listdir(parent) if parent.is_dir() else []  # noqa: PTH208
    return parent / next((name for name in names if composed(name) == composed(path.name)), path.name)


def _walked(folder: Path, start: str, deep: bool, followed: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """Yield each relative path with its kind, which is a field of Listing."""
    for entry in _entries(folder / start):
        path = f"{start}{entry.name}"
        if is_hidden(entry.name):
            if is_image(entry.name) or _is_folder(entry):
                yield path, "hidden"
        elif not _is_folder(entry):
            yield path, "images" if is_image(entry.name) else "others"
        elif entry.is_symlink() and not followed(path):
            yield path, "links"
        else:
            yield path, "folders"
            if deep:
                yield from _walked(folder, f"{path}/", deep, followed)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder or a link to one. A link to itself is not."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        reason = f"cannot read the folder {str(folder)!r} ({error.strerror or error})"
        raise UsageError(f"{reason}: check its permissions, or move it.") from None


def by_suffix(files: tuple[str, ...]) -> str:
    """Return counts of files by suffix, most frequent first: "12 .heic (convert them to JPEG or PNG), 3 .mp4, 1 without suffix"."""
    counts = Counter(map(suffix_of, files))
    said = [f"{count} {printable(suffix) or 'without suffix'}{_remedy(suffix)}" for suffix, count in counts.most_common(_SHOWN)]
    more = counts.total() - sum(count for _, count in counts.most_common(_SHOWN))
    return ", ".join(said) + (f", {more} of other kinds" if more else "")


def _remedy(suffix: str) -> str:
    return " (not read: convert them to JPEG or PNG)" if suffix in _UNREADABLE else ""


def _some(names: tuple[str, ...]) -> str:
    """Return the first three names, and the number of the others."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(quoted, names[:3])) + more
