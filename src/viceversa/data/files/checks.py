"""Checks of the files and splits of a data set. Each check returns a fault, as one line, or nothing."""

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
    """Return the split of a name by SHA-256: 80 % train, 10 % validation, 10 % test. It is the same on every machine and in every
    table."""
    digit = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big") % 10
    return "train" if digit < 8 else SPLITS[digit - 7]


def completed_splits(splits: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return the splits. If validation or test is missing, it gets a tenth of train, by the hash of the names."""
    missing = {"validation", "test"} - set(splits)
    drawn = [split_by_hash(name) if split == "train" else split for split, name in zip(splits, names, strict=True)]
    return tuple(new if new in missing else old for old, new in zip(splits, drawn, strict=True))


def checked_paths(names: Sequence[str], rows: Sequence[int], folder: Path) -> tuple[str, ...]:
    """Return the names relative to the folder, normalized, with "/". Raises UsageError for names outside the folder or with "..".

    Args:
        names: names of the files.
        rows: their row numbers.
        folder: the folder.
    """
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
    """Return an absolute name relative to the root that contains it; any other name unchanged."""
    if not name.startswith("/") or ".." in name.split("/") or "\0" in name:
        return name
    path = posixpath.normpath(name)
    above, _, last = path.rpartition("/")
    return _relative(path, roots) or _relative(f"{os.path.realpath(above)}/{last}", roots) or name


def _relative(path: str, roots: Sequence[str]) -> str:
    """Return the path relative to the root that contains it; empty if none does."""
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
    """Return all faults: files or groups in two splits; files that are named twice, missing, or outside the folder through a link.

    Args:
        files: the files.
        groups: group of each file.
        splits: split of each file.
        rows: their row numbers.
        folder: folder of the files.
        places: whereabouts of the files (lookup.Found).
        skip_bad: whether missing files are left out instead.
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
    """Return a message about identities in several splits, with the remedy; empty if there are none."""
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
    """Return a message with the number of missing files and the first of them; empty if none is missing."""
    return found(f"files are missing in {quoted(str(folder))}", files, rows, (each == "missing" for each in places))


def found(what: str, names: Sequence[str], rows: Sequence[int], wrong: Iterable[bool]) -> str:
    """Return a message with the number of wrong names, the fault, and the first three; empty if none is wrong."""
    listed = [f"{quoted(name)} (row {row})" for name, row, bad in zip(names, rows, wrong, strict=True) if bad]
    return f"{len(listed)} of {len(names)} {what}: {', '.join(listed[:3])}{', ...' if len(listed) > 3 else ''}." if listed else ""


def refuse(fault: str) -> None:
    """Raise UsageError if there is a fault."""
    if fault:
        raise UsageError(fault)


def firsts(names: Sequence[str], values: Sequence[Value]) -> dict[str, Value]:
    """Return each name with the value at its first occurrence."""
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
