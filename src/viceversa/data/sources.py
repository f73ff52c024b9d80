"""Data sets by name, as the command line opens them; and a data set written out as images and a table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from PIL import Image

from viceversa.data.assembly import Wanted, from_table
from viceversa.data.avatars import avatars, avatars_glasses
from viceversa.data.celeba import read_celeba
from viceversa.data.dataset import Dataset, Images
from viceversa.data.folders import open_folders
from viceversa.data.tables import read_table
from viceversa.domains import Space
from viceversa.errors import UsageError, unknown
from viceversa.files import vacant
from viceversa.progress import watched

CELEBA_CROP = 178
"""What StarGAN and its successors cut out of CelebA's aligned images."""

_EMBEDDED: Mapping[str, Callable[[int], Dataset]] = {"avatars": avatars, "avatars:glasses": avatars_glasses}


def open_dataset(
    spec: str,
    size: int = 32,
    *,
    crop: int | None = None,
    background: int = 0,
    skip_bad: bool = False,
    spaces: bool = False,
) -> Dataset:
    """The data set of that name, or in the folder or table of that path; see assembly.Wanted for what becomes of its images.

    A path with `:spaces` behind it is opened for a method between spaces. Raises UsageError for what is none.
    """
    if spec in _EMBEDDED:
        return _EMBEDDED[spec](size)
    path = Path(spec.removesuffix(":spaces"))
    wanted = Wanted(size, crop, background, skip_bad, spaces or spec.endswith(":spaces"))
    if not path.exists():
        raise UsageError(f"{unknown('data set', spec, _EMBEDDED)} Nor is there a folder or table of that path.")
    if path.is_file():
        return from_table(path.stem, path.parent, read_table(path), wanted)
    if (path / "list_attr_celeba.txt").exists():
        return from_table("celeba", path, read_celeba(path), replace(wanted, crop=wanted.crop or CELEBA_CROP))
    tables = [table for name in ("table.csv", "table.parquet") if (table := path / name).exists()]
    return from_table(path.name, path, read_table(tables[0]), wanted) if tables else open_folders(path, wanted)


def located(spec: str) -> str:
    """The spec with its path made absolute, so that it names the same data wherever it is read."""
    path, spaces = spec.removesuffix(":spaces"), spec.endswith(":spaces")
    if spec in _EMBEDDED or not Path(path).exists():
        return spec
    return f"{Path(path).resolve()}{':spaces' * spaces}"


def write_dataset(dataset: Dataset, directory: Path) -> None:
    """Write images/{split}/{space}/{id}.png and table.csv: file, split, space, and each attribute in words.

    The table is written last, so that it is there only when all images are. Progress is shown on stderr.
    Raises UsageError if `directory` is a file, or has anything in it.
    """
    if not vacant(directory):
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
