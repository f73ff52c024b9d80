"""Data sets by name, as the command line opens them; and a data set written out as images and a table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from PIL import Image

from viceversa.data.avatars import avatars, avatars_glasses
from viceversa.data.dataset import Dataset, Images
from viceversa.domains import Space
from viceversa.errors import UsageError, unknown
from viceversa.progress import watched

_EMBEDDED: Mapping[str, Callable[[int], Dataset]] = {"avatars": avatars, "avatars:glasses": avatars_glasses}


def open_dataset(spec: str, size: int) -> Dataset:
    """The data set of that name, at size x size px. Raises UsageError that lists the known names."""
    if spec not in _EMBEDDED:
        raise unknown("data set", spec, _EMBEDDED)
    return _EMBEDDED[spec](size)


def write_dataset(dataset: Dataset, directory: Path) -> None:
    """Write images/{split}/{space}/{id}.png and table.csv: file, split, space, and each attribute in words.

    The table is written last, so that it is there only when all images are. Progress is shown on stderr.
    Raises UsageError if `directory` is a file, or has anything in it.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is not an empty directory; name a new or an empty one.")
    parts = [(split, space, images) for split, spaces in dataset.splits.items() for space, images in spaces.items()]
    for split, space, images in parts:
        folder = directory / "images" / split / space
        folder.mkdir(parents=True)
        for index in watched(range(len(images)), f"{split} {space}"):
            Image.fromarray(images.pixels[index].squeeze()).save(folder / f"{images.ids[index]}.png")
    with (directory / "table.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "split", "space", *(attribute.name for attribute in dataset.space.attributes)])
        for split, space, images in parts:
            table.writerows(_rows(dataset.space, split, space, images))


def _rows(space: Space, split: str, name: str, images: Images) -> Iterator[list[str]]:
    """The table's rows for one split and space, without its header."""
    words: list[list[str]] = []
    if images.labels is not None:
        words = [attribute.describe(columns) for attribute, columns in space.columns(images.labels)]
    for index, identity in enumerate(images.ids):
        yield [f"images/{split}/{name}/{identity}.png", split, name, *(column[index] for column in words)]
