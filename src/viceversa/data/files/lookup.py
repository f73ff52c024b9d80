"""Look up on disk the files that a table names."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from viceversa.core.names import composed

Whereabouts = Literal["inside", "outside", "missing"]


@dataclass(frozen=True)
class Found:
    """Result of a look-up.

    Args:
        places: for each file, whether it is inside the folder, outside through a symbolic link, or missing (also for broken links).
        spellings: files whose name on disk has another Unicode form -> name on disk.
    """

    places: tuple[Whereabouts, ...]
    spellings: Mapping[str, str]


def look_up(files: Sequence[str], folder: Path, *, links: bool = False) -> Found:
    """Look up files on disk.

    Args:
        files: names relative to the folder, with "/".
        folder: the folder.
        links: whether links may lead out of the folder, because the user named the folder.
    """
    root = os.path.realpath(folder)
    spellings: dict[str, str] = {}
    listed = cache(_by_composed_name)

    @cache
    def inside(path: str) -> bool:
        return links or os.path.commonpath([root, os.path.realpath(path)]) == root

    def place(file: str) -> Whereabouts:
        try:
            path = f"{root}/{file}"
            if not os.path.lexists(path):
                spellings[file] = _spelled(root, file, listed)
                path = f"{root}/{spellings[file]}"
            mode = os.lstat(path).st_mode
            if not inside(path.rpartition("/")[0]) or (stat.S_ISLNK(mode) and not inside(path)):
                return "outside"
            return "inside" if stat.S_ISREG(mode) or Path(path).is_file() else "missing"
        except (OSError, ValueError):
            return "missing"

    return Found(tuple(map(place, files)), spellings)


def _spelled(root: str, file: str, listed: Callable[[str], Mapping[str, str]]) -> str:
    """Return the name of a file on disk, part by part. Raises FileNotFoundError."""
    found: list[str] = []
    for part in file.split("/"):
        above = "/".join([root, *found])
        name = part if os.path.lexists(f"{above}/{part}") else listed(above).get(composed(part))
        if name is None:
            raise FileNotFoundError(f"{above}/{part}")
        found.append(name)
    return "/".join(found)


def _by_composed_name(folder: str) -> Mapping[str, str]:
    """Return the names in a folder, by their composed form. Raises OSError."""
    with os.scandir(folder) as entries:
        return {composed(entry.name): entry.name for entry in entries}
