"""Hugging Face data sets: a column of images and columns of labels, read with the package `datasets` (the extra `data`)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from viceversa.core.names import composed
from viceversa.data.cache.store import Stamp
from viceversa.data.files.checks import SPLIT_NAMES, completed_splits
from viceversa.data.files.schema import MOST_CHOICES, TableColumn, is_missing, read_schema
from viceversa.data.files.tables import Sheet, Table, chosen, with_labels, without_empty
from viceversa.errors import UsageError, printable, quoted, unknown
from viceversa.images.decoding import BadImage, Embedded

if TYPE_CHECKING:
    import datasets

PREFIX = "hf:"
_WORDS = ("no", "yes", "false", "true")


@dataclass(frozen=True, eq=False)
class ArrowFiles:
    """Images in the rows of a data set: `train/12` is row 12 of the split train.

    Args:
        place: place of the data set.
        splits: splits by name, with only the column of images, not decoded.
        column: name of that column.
        stamp: size and time of modification of the Arrow files.
    """

    place: str
    splits: Mapping[str, datasets.Dataset]
    column: str
    stamp: Stamp

    def state(self, name: str) -> Stamp:
        return self.stamp

    def find(self, name: str) -> Path | Embedded:
        split, _, row = name.rpartition("/")
        held = self.splits[split][int(row)][self.column]
        if held is None:
            raise BadImage(f"{name!r} has no image.")
        return Path(held["path"]) if held["bytes"] is None else Embedded(name, held["bytes"])


def absolute_hub(spec: str) -> str:
    """Return the spec with its folder made absolute, if it names a folder."""
    folder, split = _named(spec)
    return f"{PREFIX}{folder.resolve()}{f':{split}' if split else ''}" if folder.is_dir() else spec


def is_folder(spec: str) -> bool:
    """Return whether a spec names a folder, which may be missing. Folders that `absolute_hub` returned are absolute."""
    folder, _ = _named(spec)
    return folder.is_absolute() or folder.is_dir()


def read_hugging_face(spec: str, only: Sequence[str] = (), *, spaces: bool = False) -> tuple[str, ArrowFiles, Table]:
    """Return the name, the images and the table of labels of a data set `hf:NAME[:split]`.

    NAME is a data set on the hub, or a folder that `save_to_disk` wrote. Splits are those of the data set. Missing validation and
    test splits are taken out of train; a split that is named is divided 80/10/10 by hash.

    Args:
        spec: the data set.
        only: columns to use as attributes; by default class labels and Booleans, or, if there are none, all columns with at most
            20 different values.
        spaces: whether the only column of class labels names the space of an image.

    Raises:
        UsageError: If the data set cannot be loaded or has no such columns.
    """
    folder, asked = _named(spec)
    parts = _parts(str(folder), _loaded(folder, spec), asked)
    first = next(iter(parts.values()))
    image = _image_column(first, spec)
    rows = [(split, row) for split, part in parts.items() for row in range(len(part))]
    names = tuple(f"{split}/{row}" for split, row in rows)
    splits = completed_splits(["train" if asked else SPLIT_NAMES.get(split, "train") for split, _ in rows], names)
    sheet = Sheet(
        {title: _cells(parts, title) for title in first.column_names if _readable(first.features[title])}, [*range(len(rows))]
    )
    schema = _schema(sheet, first.features, folder, only, spaces=spaces)
    bare = {title: part.select_columns([image]).cast_column(image, _undecoded()) for title, part in parts.items()}
    files = ArrowFiles(absolute_hub(spec), bare, image, _stamp(parts))
    sheet = Sheet({**{title: sheet.columns[title] for title in schema}, "file": list(names), "split": list(splits)}, sheet.rows)
    sheet, dropped = without_empty(sheet, schema)
    table = Table(tuple(sheet.columns["file"]), tuple(sheet.columns["split"]), (), torch.empty(len(sheet.rows), 0), dropped)
    if spaces:
        return folder.name, files, replace(table, spaces=tuple(sheet.columns[next(iter(schema))]))
    return folder.name, files, with_labels(sheet, schema, table)


def _named(spec: str) -> tuple[Path, str]:
    """Return the name as a path, and the split if one is named."""
    text = spec.removeprefix(PREFIX)
    name, colon, split = text.rpartition(":")
    return (Path(name), split) if colon and not Path(text).exists() else (Path(text), "")


def _loaded(folder: Path, spec: str) -> Any:
    """Return a datasets.Dataset, or a mapping from splits to such."""
    try:
        import datasets
    except ImportError:
        raise UsageError(f"{quoted(spec)} needs the package datasets: pip install 'viceversa[data]'.") from None
    saved = any((folder / file).is_file() for file in ("dataset_dict.json", "state.json"))
    try:
        return datasets.load_from_disk(str(folder)) if saved else datasets.load_dataset(folder.as_posix())
    except Exception as error:  # the package and its dependencies may raise anything
        remedy = "Without a network, save it where there is one, load_dataset(NAME).save_to_disk(FOLDER), and name hf:FOLDER"
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise UsageError(f"cannot load the Hugging Face data set {quoted(str(folder))}: {quoted(reason)}. {remedy}.") from error


def _parts(name: str, loaded: Any, asked: str) -> dict[str, datasets.Dataset]:
    """Return the splits to use, by the data set's names for them."""
    parts = dict(loaded) if isinstance(loaded, dict) else {"all": loaded}
    if asked:
        if asked not in parts:
            raise unknown(f"split of {quoted(name)}:", asked, map(printable, parts))
        return {asked: parts[asked]}
    usual = {split: part for split, part in parts.items() if split in SPLIT_NAMES}
    if "train" in usual or len(parts) == 1:
        return usual or parts
    there = f"has no split 'train'; it has {', '.join(map(quoted, parts))}"
    raise UsageError(f"{quoted(name)} {there}: choose one of these, as in hf:NAME:SPLIT.")


def _image_column(part: datasets.Dataset, spec: str) -> str:
    import datasets

    found = [title for title, feature in part.features.items() if isinstance(feature, datasets.Image)]
    if len(found) != 1 and "image" not in found:
        what = (
            f"several columns of images, {', '.join(map(quoted, found))}, and none is called 'image'"
            if found
            else "no column of images"
        )
        raise UsageError(f"{quoted(spec)} has {what}.")
    return "image" if "image" in found else found[0]


def _undecoded() -> Any:
    import datasets

    return datasets.Image(decode=False)


def _readable(feature: Any) -> bool:
    """Return whether the values of a column are names or single numbers."""
    import datasets

    numbers = ("bool", "int", "uint", "float", "string", "large_string")
    return isinstance(feature, datasets.ClassLabel) or (
        isinstance(feature, datasets.Value) and feature.dtype.rstrip("0123456789") in numbers
    )


def _cells(parts: Mapping[str, datasets.Dataset], title: str) -> list[str]:
    """Return a column as text cells: names, numbers, or nothing."""
    import datasets

    cells: list[str] = []
    for part in parts.values():
        feature, values = part.features[title], part[title][:]
        if isinstance(feature, datasets.ClassLabel):
            cells += ["" if value is None or value < 0 else composed(feature.names[value]) for value in values]
        else:
            cells += map(_cell, values)
    return cells


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return ("yes" if value else "no") if isinstance(value, bool) else composed(str(value).strip())


def _schema(
    sheet: Sheet, features: Mapping[str, Any], folder: Path, only: Sequence[str], *, spaces: bool
) -> dict[str, TableColumn]:
    """Return the meaning of the columns that are used, from schema.json in the data set's folder or from their features."""
    import datasets

    classes = [title for title in sheet.columns if isinstance(features[title], datasets.ClassLabel)]
    said = read_schema(folder / "table", list(sheet.columns)) if folder.is_dir() else {}
    schema = {
        title: said[title] if title in said and said[title].model_fields_set else _column(cells, is_class=title in classes)
        for title, cells in sheet.columns.items()
    }
    if only:
        schema = chosen(schema, only)
    elif spaces:
        schema = {title: schema[title] for title in classes}
    else:
        plain = [*classes, *(title for title in sheet.columns if features[title].dtype == "bool")]
        counts = {title: sum(not is_missing(cell) for cell in {*cells}) for title, cells in sheet.columns.items()}
        few = [title for title, count in counts.items() if 2 <= count <= MOST_CHOICES]
        schema = {title: schema[title] for title in sheet.columns if title in (plain or few)}
    if not schema or (spaces and len(schema) != 1):
        wanted = "one column of class labels, whose classes are the spaces" if spaces else "a column of labels"
        found = ", ".join(map(quoted, sheet.columns)) or "none"
        raise UsageError(f"{quoted(str(folder))} needs {wanted}; it has the columns {found}: name what to use with `attributes`.")
    return schema


def _column(cells: Sequence[str], *, is_class: bool) -> TableColumn:
    """Return the meaning of a column; rows without a value are left out. Classes are one-of, whatever their names, unless they are
    yes and no."""
    there = [cell for cell in dict.fromkeys(cells) if cell]
    if not is_class or all(cell.lower() in _WORDS for cell in there):
        return TableColumn(drop_empty=True)
    names = {cell: " ".join(cell.replace(",", " ").replace("=", " ").split()) for cell in sorted(there)}
    if len(set(names.values())) < len(names):
        names = {cell: cell for cell in names}
    return TableColumn(kind="one-of", choices=names, drop_empty=True)


def _stamp(parts: Mapping[str, datasets.Dataset]) -> Stamp:
    """Return the total size of the Arrow files, and the latest time of modification."""
    states = [Path(file["filename"]).stat() for part in parts.values() for file in part.cache_files]
    return sum(state.st_size for state in states), max((state.st_mtime_ns for state in states), default=0)
