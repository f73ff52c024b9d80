"""The files that a table names, looked up on the disk."""

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
    """Where files are.

    places: of each file, whether it is inside the folder, outside it by a symbolic link, or missing, as broken links are too.
    spellings: the files that the disk names in another Unicode form -> their names there.
    """

    places: tuple[Whereabouts, ...]
    spellings: Mapping[str, str]


def look_up(files: Sequence[str], folder: Path, *, links: bool = False) -> Found:
    """Look for files, named relative to a folder, with "/".

    links: whether links may lead out of the folder, because a person has named it.
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
    """The file's name on the disk, part by part. Raises FileNotFoundError."""
    found: list[str] = []
    for part in file.split("/"):
        above = "/".join([root, *found])
        name = part if os.path.lexists(f"{above}/{part}") else listed(above).get(composed(part))
        if name is None:
            raise FileNotFoundError(f"{above}/{part}")
        found.append(name)
    return "/".join(found)


def _by_composed_name(folder: str) -> Mapping[str, str]:
    """The names of what is in a folder, by their composed form. Raises OSError."""
    with os.scandir(folder) as entries:
        return {composed(entry.name): entry.name for entry in entries}
