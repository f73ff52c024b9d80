"""Folders of images, a folder a domain; CycleGAN's trainA, trainB, testA, testB; and pix2pix's, each file with a pair of images."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from viceversa.attributes import OneOf
from viceversa.data.assembly import Parts, Wanted, assembled
from viceversa.data.checks import SPLIT_NAMES, SPLITS
from viceversa.data.dataset import Dataset, Takes
from viceversa.data.decoding import SUFFIXES
from viceversa.data.pairs import aligned
from viceversa.data.store import FolderFiles
from viceversa.errors import UsageError
from viceversa.files import in_utf8


def open_folders(folder: Path, wanted: Wanted) -> Dataset:
    """A folder that holds a folder for each domain, with images at any depth; or train, val and test, each of such folders.

    Without folders of splits, files are split 80/10/10 by the hash of their names. For methods with labels all domains are
    one space, with the one-of attribute `domain`; for methods between spaces, and always for trainA, trainB, testA and
    testB, each domain is a space. For methods of pairs there may be files with two images side by side instead, A and B, in the
    folder or in train, val and test. One space among others may be a folder of images alone; of one or two images, as of a style,
    every split has all.
    """
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
    if {"trainA", "trainB", "testA", "testB"} <= set(names):
        return assembled(folder.name, FolderFiles(folder), _as_cyclegan(folder, names), (), {}, wanted)
    if wanted.takes == "pairs" and (halves := _side_by_side(folder, names)):
        return assembled(folder.name, FolderFiles(folder), halves, (), {}, replace(wanted, halves=True))
    if names and set(names) <= SPLIT_NAMES.keys():
        parts = _split_by_folders(folder, names, wanted.takes)
    else:
        parts = _by_split(_shares({name: files for name in names if (files := _images(folder, name))}, wanted.takes))
    domains = tuple(parts["train"])
    if wanted.attributes not in ((), ("domain",)):
        raise UsageError(f"folders have one attribute, domain: leave out `attributes`, {' '.join(wanted.attributes)}.")
    if len(domains) < 2:
        if wanted.one and not set(names) & SPLIT_NAMES.keys() and (files := _images(folder, ".")):
            return assembled(folder.name, FolderFiles(folder), _of_one(files), (), {}, wanted)
        raise UsageError(f"{str(folder)!r} is no data set: it must hold a folder of images for each of two or more domains.")
    if wanted.takes != "labels":
        return assembled(folder.name, FolderFiles(folder), parts, (), {}, wanted)
    together = {split: {"images": [file for files in spaces.values() for file in files]} for split, spaces in parts.items()}
    rows = dict(zip(domains, torch.eye(len(domains)).tolist(), strict=True))
    labels = {file: rows[domain] for spaces in parts.values() for domain, files in spaces.items() for file in files}
    return assembled(folder.name, FolderFiles(folder), together, (OneOf("domain", domains),), labels, wanted)


def _as_cyclegan(folder: Path, names: Sequence[str]) -> Parts:
    """The test images serve for validation too where there are no valA and valB."""
    validation = "val" if {"valA", "valB"} <= set(names) else "test"
    places = {"train": "train", "validation": validation, "test": "test"}
    return {split: {space: _images(folder, f"{place}{space}") for space in "AB"} for split, place in places.items()}


def _of_one(files: Sequence[str]) -> Parts:
    """Of one space, which is called images."""
    if len(files) < len(SPLITS):
        return {split: {"images": files} for split in SPLITS}
    return _by_split({"images": shared_out(files)})


def _side_by_side(folder: Path, names: Sequence[str]) -> Parts:
    """The files of pix2pix's, as images of A and of B; empty where there are folders of domains instead."""
    if names and set(names) <= SPLIT_NAMES.keys():
        there = {SPLIT_NAMES[name]: name for name in names}
        if not _images(folder, there.get("train", "train"), deep=False):
            return {}
        files = {split: _images(folder, name) for split, name in there.items()}
        return _completed({split: {"A": found, "B": found} for split, found in files.items()}, "pairs")
    files_here = [] if names else _images(folder, ".", deep=False)
    return _by_split(_shares({"A": files_here, "B": files_here}, "pairs")) if files_here else {}


def _split_by_folders(folder: Path, names: Sequence[str], takes: Takes) -> Parts:
    """Of train, val and test, whichever there are; what is missing takes its tenth of train."""
    there = {SPLIT_NAMES[name]: name for name in names}
    if "train" not in there:
        raise UsageError(f"{str(folder)!r} has the folders {', '.join(names)}, and no train.")
    domains = sorted(entry.name for entry in os.scandir(folder / there["train"]) if entry.is_dir())
    given = {split: {domain: _images(folder, f"{name}/{domain}") for domain in domains} for split, name in there.items()}
    return _completed(given, takes)


def _completed(parts: Parts, takes: Takes) -> Parts:
    """What is missing of validation and test takes its tenth of train."""
    given = dict(parts)
    for split in SPLITS:
        if split not in given:
            shares = _shares(given["train"], takes)
            given[split] = {domain: share["test"] for domain, share in shares.items()}
            given["train"] = {domain: [*share["validation"], *share["train"]] for domain, share in shares.items()}
    return given


def _shares(found: Mapping[str, Sequence[str]], takes: Takes) -> dict[str, dict[str, list[str]]]:
    """The files of each domain in splits; of pairs, both images in the same one, by their name."""
    if takes != "pairs":
        return {domain: shared_out(files) for domain, files in found.items()}
    called = {domain: {name: file for file, name in names.items()} for domain, names in aligned(found).items()}
    shares = shared_out(list(next(iter(called.values()))))
    return {domain: {split: [files[name] for name in names] for split, names in shares.items()} for domain, files in called.items()}


def _by_split(shares: Mapping[str, Mapping[str, Sequence[str]]]) -> Parts:
    return {split: {domain: share[split] for domain, share in shares.items()} for split in SPLITS}


def shared_out(files: Sequence[str]) -> dict[str, list[str]]:
    """80/10/10 in the order of the hashes of the names; of three files or more, each split has one at least."""
    tenth = max(round(len(files) / 10), 1)
    ordered = sorted(files, key=lambda file: hashlib.sha256(file.encode()).digest())
    shares = {"test": ordered[:tenth], "validation": ordered[tenth : 2 * tenth], "train": ordered[2 * tenth :]}
    return {split: sorted(share) for split, share in shares.items()}


def _images(folder: Path, below: str, *, deep: bool = True) -> list[str]:
    """The image files below a folder in it, sorted, relative to `folder`; hidden ones and links to folders are left out.

    deep: also those in its folders.
    """
    found: list[str] = []
    for place, directories, files in os.walk(folder / below):
        directories[:] = [name for name in directories if deep and not name.startswith(".")]
        inside = Path(place).relative_to(folder).as_posix()
        start = "" if inside == "." else f"{inside}/"
        found += [f"{start}{name}" for name in files if name[0] != "." and name.lower().endswith(tuple(SUFFIXES))]
    return sorted(in_utf8(name, "the image") for name in found)
