"""What can be wrong with the files of a data set and their splits: each check finds a fault, in one line, or nothing."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PureWindowsPath
from typing import TypeVar

from viceversa.data.files.lookup import Whereabouts
from viceversa.errors import UsageError, quoted

SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation", "test": "test"}
Value = TypeVar("Value")

_ELSEWHERE = "give the image folder that holds them as `images`"


def split_by_hash(name: str) -> str:
    """80 % train, 10 % validation, 10 % test, by SHA-256: the same name, on every machine and in every table, the same split."""
    digit = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big") % 10
    return "train" if digit < 8 else SPLITS[digit - 7]


def completed_splits(splits: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """The splits, where validation and test, if they are missing, get their tenths of train by the hash of the names."""
    missing = {"validation", "test"} - set(splits)
    drawn = [split_by_hash(name) if split == "train" else split for split, name in zip(splits, names, strict=True)]
    return tuple(new if new in missing else old for old, new in zip(splits, drawn, strict=True))


def checked_paths(names: Sequence[str], rows: Sequence[int], folder: Path) -> tuple[str, ...]:
    """The names relative to the folder, with "/", normalized. Raises UsageError for those outside it, and those with ".."."""
    roots = [str(folder.absolute()), str(folder.resolve())]
    paths = [_below(name.replace("\\", "/"), roots) for name in names]

    def leaves(path: str) -> bool:
        return path.startswith("/") or ".." in path.split("/") or (path[1:2] == ":" and bool(PureWindowsPath(path).drive))

    remedy = "name them relative to it, without '..', or give the image folder that holds all of them as `images`"
    refuse(found(f"files lie outside the folder {quoted(str(folder))}: {remedy}", names, rows, map(leaves, paths)))
    files = tuple(map(posixpath.normpath, paths))
    refuse(found("cells of the column file are not the name of a file", names, rows, (file == "." for file in files)))
    return files


def _below(name: str, roots: Sequence[str]) -> str:
    """An absolute name as one relative to that of the roots which it is inside; any other as it is."""
    if not name.startswith("/") or ".." in name.split("/") or "\0" in name:
        return name
    path = posixpath.normpath(name)
    above, _, last = path.rpartition("/")
    return _relative(path, roots) or _relative(f"{os.path.realpath(above)}/{last}", roots) or name


def _relative(path: str, roots: Sequence[str]) -> str:
    """The path relative to that of the roots which it is inside; empty where it is inside none."""
    return next((path[len(root) + 1 :] for root in roots if path.startswith(f"{root}/")), "")


def faults(
    files: Sequence[str],
    groups: Sequence[str],
    splits: Sequence[str],
    rows: Sequence[int],
    folder: Path,
    places: Sequence[Whereabouts],
    *,
    skip_bad: bool = False,
) -> list[str]:
    """All that is wrong: files or groups in two splits, files named twice, missing, or outside the folder by a link.

    places: of the files (lookup.Found); skip_bad: whether missing ones are left out instead.
    """
    away = f"files lead out of {quoted(str(folder))} by a symbolic link: {_ELSEWHERE}"
    nothing = [] if "train" in splits else [f"there are no rows to train on: {rows_per_split(splits)}."]
    checks = [
        _leaks(files, "files are", splits, rows),
        "" if groups is files else _leaks(groups, "rows are of a group that is", splits, rows),
        found("files are in the table twice: remove the duplicates", files, rows, _again(files, rows)),
        found(away, files, rows, (each == "outside" for each in places)),
    ]
    if not skip_bad and (lost := missing(files, rows, folder, places)):
        checks.append(f"{lost} Restore them, skip them with `skip_bad=True`, or {_ELSEWHERE}.")
    return [fault for fault in checks if fault] + nothing


def torn(identities: Sequence[str], splits: Sequence[str]) -> str:
    """An identity that is in several splits, which these are, and the remedy; empty where there is none."""
    homes: dict[str, set[str]] = defaultdict(set)
    for identity, split in zip(identities, splits, strict=True):
        homes[identity].add(split)
    found = {identity: split for identity, split in homes.items() if len(split) > 1}
    if not found:
        return ""
    first, where = next(iter(found.items()))
    told = f"such as {quoted(first)} in {' and '.join(split for split in SPLITS if split in where)}"
    return (
        f"{len(found)} of {len(homes)} identities are in more than one split, {told}: training and test images must "
        "not share one. Give all images of an identity one split and group, or remove both columns."
    )


def missing(files: Sequence[str], rows: Sequence[int], folder: Path, places: Sequence[Whereabouts]) -> str:
    """The number of missing files and the first of them; empty where none is missing."""
    return found(f"files are missing in {quoted(str(folder))}", files, rows, (each == "missing" for each in places))


def found(what: str, names: Sequence[str], rows: Sequence[int], wrong: Iterable[bool]) -> str:
    """The number of wrong names, what is wrong, and the first three; empty where none is wrong."""
    listed = [f"{quoted(name)} (row {row})" for name, row, bad in zip(names, rows, wrong, strict=True) if bad]
    return f"{len(listed)} of {len(names)} {what}: {', '.join(listed[:3])}{', ...' if len(listed) > 3 else ''}." if listed else ""


def refuse(fault: str) -> None:
    """Raises UsageError where there is a fault."""
    if fault:
        raise UsageError(fault)


def firsts(names: Sequence[str], values: Sequence[Value]) -> dict[str, Value]:
    """Each name with the value beside its first occurrence."""
    seen: dict[str, Value] = {}
    for name, value in zip(names, values, strict=True):
        seen.setdefault(name, value)
    return seen


def rows_per_split(splits: Sequence[str]) -> str:
    return ", ".join(f"{splits.count(split)} {split}" for split in SPLITS)


def _leaks(names: Sequence[str], what: str, splits: Sequence[str], rows: Sequence[int]) -> str:
    home = firsts(names, splits)
    away = [home[name] != split for name, split in zip(names, splits, strict=True)]
    return found(f"{what} in another split too: nothing may be both trained on and tested on", names, rows, away)


def _again(files: Sequence[str], rows: Sequence[int]) -> Iterator[bool]:
    first = firsts(files, rows)
    return (first[file] != row for file, row in zip(files, rows, strict=True))
