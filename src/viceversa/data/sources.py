"""Data sets by name, as the command line opens them; and a data set written out as images and a table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from viceversa.data import huggingface
from viceversa.data.assembly import Wanted, from_table
from viceversa.data.attributes import with_attributes
from viceversa.data.avatars import avatars, avatars_glasses
from viceversa.data.celeba import ATTRIBUTES as OF_CELEBA
from viceversa.data.celeba import read_celeba
from viceversa.data.dataset import Dataset, Images
from viceversa.data.decoding import SUFFIXES, encoded, suffix_for
from viceversa.data.fitting import Filter
from viceversa.data.folders import open_folders
from viceversa.data.store import FolderFiles
from viceversa.data.tables import read_table
from viceversa.data.toons import toons
from viceversa.domains import Space
from viceversa.errors import UsageError, unknown
from viceversa.files import vacant
from viceversa.progress import watched

CELEBA_CROP = 178
"""What StarGAN and its successors cut out of CelebA's aligned images."""

_WAYS = (":spaces", ":stargan-split")
_EMBEDDED: Mapping[str, Callable[[int], Dataset]] = {"avatars": avatars, "avatars:glasses": avatars_glasses, "toons": toons}


def open_dataset(
    spec: str,
    size: int = 32,
    *,
    crop: int | None = None,
    background: int = 0,
    filter: Filter = "bicubic",
    skip_bad: bool = False,
    spaces: bool = False,
    attributes: tuple[str, ...] = (),
) -> Dataset:
    """The data set of that name, or in the folder or table of that path, or hf:NAME[:split] of Hugging Face.

    See assembly.Wanted for what becomes of its images. A path with `:spaces` behind it is opened for a method between spaces,
    CelebA's with `:stargan-split` in StarGAN's splits. Raises UsageError for what is none.
    """
    if spec in _EMBEDDED:
        return with_attributes(_EMBEDDED[spec](size), attributes)
    path, way = _parsed(spec)
    wanted = Wanted(size, crop, background, filter, skip_bad, spaces or way == ":spaces", attributes)
    if spec.startswith(huggingface.PREFIX):
        name, files, table = huggingface.read_hugging_face(spec.removesuffix(way), attributes, spaces=wanted.spaces)
        return from_table(name, files, table, wanted)
    if not path.exists():
        raise UsageError(f"{unknown('data set', spec, _EMBEDDED)} Nor is there a folder or table of that path.")
    if path.is_file():
        return from_table(path.stem, FolderFiles(path.parent), read_table(path, only=attributes), wanted)
    if (path / "list_attr_celeba.txt").exists():
        table = read_celeba(path, attributes or OF_CELEBA, stargan_split=way == ":stargan-split")
        return from_table("celeba", FolderFiles(path), table, replace(wanted, crop=wanted.crop or CELEBA_CROP))
    if way == ":stargan-split":
        raise UsageError(f"{str(path)!r} is not CelebA's folder, which alone has a {way[1:]}: it has no list_attr_celeba.txt.")
    named = next((found for name in ("table.csv", "table.parquet") if (found := path / name).exists()), None)
    if named is None:
        return open_folders(path, wanted)
    return from_table(path.name, FolderFiles(path), read_table(named, only=attributes), wanted)


def located(spec: str) -> str:
    """The spec with its path made absolute, so that it names the same data wherever it is read."""
    path, way = _parsed(spec)
    if spec.startswith(huggingface.PREFIX):
        return huggingface.located(spec.removesuffix(way)) + way
    return spec if spec in _EMBEDDED or not path.exists() else f"{path.resolve()}{way}"


def _parsed(spec: str) -> tuple[Path, str]:
    """A path, and in which of the ways its data is opened: "" for the usual one."""
    way = next((way for way in _WAYS if spec.endswith(way)), "")
    return Path(spec.removesuffix(way)), way


def write_dataset(dataset: Dataset, directory: Path) -> None:
    """Write images/{split}/{space}/{id}.png (.tif where PNG cannot hold them) and table.csv: file, split, space, and each
    attribute in words.

    The table is written last, so that it is there only when all images are. Progress is shown on stderr.
    Raises UsageError if `directory` is a file, or has anything in it.
    """
    if not vacant(directory):
        raise UsageError(f"{directory} is not an empty directory; name a new or an empty one.")
    parts = [(split, space, images) for split, spaces in dataset.splits.items() for space, images in spaces.items()]
    for split, space, images in parts:
        for name, pixels in watched(
            zip(_names(split, space, images), images.pixels, strict=True), f"{split} {space}", total=len(images)
        ):
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(pixels, path))
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
    for index, file in enumerate(_names(split, name, images)):
        yield [file, split, name, *(column[index] for column in words)]


def _names(split: str, space: str, images: Images) -> list[str]:
    """Where the images of one split and space are written; ids that are names of files lose their suffixes, if they may."""
    stems = [str(PurePosixPath(name).with_suffix("")) if Path(name).suffix.lower() in SUFFIXES else name for name in images.ids]
    names = stems if len(set(stems)) == len(stems) else images.ids
    return [f"images/{split}/{space}/{name}{suffix_for(images.pixels[0])}" for name in names]
