"""Attribute tables in CSV or Parquet: the split and the attributes of each image; read, validated, and summarized."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, compress, repeat
from pathlib import Path

import torch
from rich.cells import cell_len, set_cell_size
from torch import Tensor

from viceversa.core.attributes import Attribute, Graded
from viceversa.core.names import composed
from viceversa.core.space import AnyAttribute, Space
from viceversa.data.files.checks import (
    SPLIT_NAMES,
    SPLITS,
    checked_paths,
    completed_splits,
    faults,
    firsts,
    missing,
    refuse,
    rows_per_split,
    torn,
)
from viceversa.data.files.checks import found as listed
from viceversa.data.files.lookup import Whereabouts, look_up
from viceversa.data.files.number_formats import zeros_apart
from viceversa.data.files.schema import TableColumn, is_missing, read_column, read_schema
from viceversa.errors import UsageError, printable, quoted, unknown
from viceversa.files import readable
from viceversa.progress import say

_RESERVED = ("file", "split", "group", "identity", "space")
_SEPARATOR_LINE = re.compile(r'"?sep=.?"?\n', re.IGNORECASE)
"""Line above the header in which some spreadsheets name the separator of cells."""


@dataclass(frozen=True, eq=False)
class Table:
    """Checked rows of a table.

    Args:
        files: existing files, relative to the folder, with "/".
        splits: "train", "validation" or "test" for each file.
        attributes: the attributes.
        labels: (N, K) float32, the columns of `attributes`.
        dropped: reasons for leaving out rows, each with their number.
        spaces: the column `space`, if there is one.
        spellings: files whose name on disk has another Unicode form -> name on disk.
        scenes: if there is a column `identity`, what an image shares with its ground truth: the identity, then the cells of unused
            attributes.
    """

    files: tuple[str, ...]
    splits: tuple[str, ...]
    attributes: tuple[AnyAttribute, ...]
    labels: Tensor
    dropped: Mapping[str, int] = field(default_factory=dict)
    spaces: tuple[str, ...] | None = None
    spellings: Mapping[str, str] = field(default_factory=dict)
    scenes: tuple[tuple[str, ...], ...] | None = None

    def kept(self, keep: Sequence[bool], reason: str) -> Table:
        """Return the rows to keep; the others are counted as dropped for this reason."""
        return replace(
            self,
            files=tuple(compress(self.files, keep)),
            splits=tuple(compress(self.splits, keep)),
            labels=self.labels[torch.tensor(keep, dtype=torch.bool)],
            spaces=None if self.spaces is None else tuple(compress(self.spaces, keep)),
            scenes=None if self.scenes is None else tuple(compress(self.scenes, keep)),
            dropped={**self.dropped, **({} if all(keep) else {reason: keep.count(False)})},
        )


@dataclass(frozen=True)
class Sheet:
    """Cells of a table as text, stripped, in Unicode's composed form.

    Args:
        columns: cells of each column, by title.
        rows: row numbers, where the header is row 1.
        decimal_comma: whether commas in numbers are known to be decimal, because semicolons separate the cells.
    """

    columns: Mapping[str, list[str]]
    rows: list[int]
    decimal_comma: bool = False


def read_table(path: Path, folder: Path | None = None, *, only: Sequence[str] = (), skip_bad: bool = False) -> Table:
    """Read and check a table.

    Its columns are `file` and optionally `split`, `group`, `identity` and `space`; every other column is an attribute, with the
    meaning of its cells or of schema.json. If `split` lacks validation or test, a tenth of train is used, by hash. Images of a
    `group` stay in one split. `identity` marks images of the same thing with several labels, which also stay in one split.

    Args:
        path: a CSV or Parquet file.
        folder: folder of the images, in which links may lead anywhere; None for the table's own folder, which links may not leave.
        only: attributes to read; empty for all.
        skip_bad: leave out rows whose file is missing, and print their number on standard error.

    Raises:
        UsageError: One line for the first fault.
    """
    if not readable(path, "the table").is_file():
        raise UsageError(f"{quoted(str(path))} is not a file: name a table, a CSV or Parquet file.")
    sheet = _parquet(path) if path.suffix.lower() == ".parquet" else read_csv(path)
    if "file" not in sheet.columns:
        there = f"it has {', '.join(map(quoted, sheet.columns))}" if any(sheet.columns) else "it is empty"
        raise UsageError(f"{quoted(str(path))} has no column 'file': {there}.")
    columns = read_schema(path, [title for title in sheet.columns if title not in _RESERVED])
    schema = chosen(columns, only)
    droppable = {title: said for title, said in schema.items() if said.drop_empty and said.kind != "ignore"}
    sheet, dropped = without_empty(sheet, droppable)
    if not sheet.rows:
        raise UsageError(f"{quoted(str(path))} has no rows{' but those with empty cells' if dropped else ''}.")
    place = path.parent if folder is None else folder
    files = checked_paths(sheet.columns["file"], sheet.rows, place)
    for title in sheet.columns.keys() & {"group", "identity", "space"}:
        _check_names(title, sheet.columns[title], sheet.rows)
    groups, identities = sheet.columns.get("group", files), sheet.columns.get("identity")
    together = sheet.columns.get("group", identities or files)
    splits, found = completed_splits(_splits(sheet), together), look_up(files, place, links=folder is not None)
    spaces = tuple(sheet.columns["space"]) if "space" in sheet.columns else None
    scenes = scenes_of(sheet, columns, schema)
    bare = Table(files, splits, (), torch.empty(len(files), 0), dropped, spaces, found.spellings, scenes)
    table = with_labels(sheet, schema, bare)
    wrong = [fault] if identities and (fault := torn(identities, splits)) else []
    wrong += faults(files, groups, splits, sheet.rows, place, found.places, skip_bad=skip_bad)
    refuse_faulty(table, path.name, wrong)
    return without_missing(table, sheet.rows, place, found.places)


def scenes_of(
    sheet: Sheet, columns: Mapping[str, TableColumn], schema: Mapping[str, TableColumn]
) -> tuple[tuple[str, ...], ...] | None:
    """Return the scenes (see Table).

    Args:
        columns: all attributes of the sheet.
        schema: those that are used.
    """
    if "identity" not in sheet.columns:
        return None
    others = [title for title, said in columns.items() if title not in schema and said.kind != "ignore"]
    return tuple(zip(*(sheet.columns[title] for title in ("identity", *others)), strict=True))


def without_missing(table: Table, rows: Sequence[int], folder: Path, places: Sequence[Whereabouts]) -> Table:
    """Return the table without rows whose file is missing; print their number on standard error."""
    lost = missing(table.files, rows, folder, places)
    if not lost:
        return table
    say(f"viceversa: skipped: {lost}")
    return table.kept([place != "missing" for place in places], "missing files")


def _check_names(title: str, cells: Sequence[str], rows: Sequence[int]) -> None:
    """Raise UsageError for names of groups or spaces that are missing, or differ only in leading zeros."""
    refuse(listed(f"cells of the column {title} are empty", cells, rows, map(is_missing, cells)))
    for one, other in zeros_apart(firsts(cells, rows)):
        raise UsageError(f"column {title} has both {quoted(one)} and {quoted(other)}: use one spelling for one value.")


def refuse_faulty(table: Table, name: str, wrong: Sequence[str]) -> None:
    """Raise UsageError with the first of the faults, and all of them in the summary, if there are any."""
    if wrong:
        raise UsageError(wrong[0], summary="\n".join([summary(table, name), *(f"wrong: {printable(fault)}" for fault in wrong)]))


def chosen(schema: Mapping[str, TableColumn], only: Sequence[str]) -> dict[str, TableColumn]:
    """Return the columns of the named attributes, in that order; all if none is named. Raises UsageError for an unknown name."""
    if not only:
        return dict(schema)
    title_of = {composed(said.name or title): title for title, said in schema.items() if said.kind != "ignore"}
    for name in only:
        if composed(name) not in title_of:
            raise unknown("attribute", name, map(printable, title_of))
    return {title: schema[title] for title in (title_of[composed(name)] for name in only)}


def read_csv(path: Path) -> Sheet:
    """Read a CSV file in UTF-8, with or without a byte-order mark. The separator is the one that gives a column `file`.

    Empty rows, and empty columns without a title, as spreadsheets write them, are ignored.

    Raises:
        UsageError: If the file is no such table.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        above = 1 if _SEPARATOR_LINE.match(text) else 0
        text = _SEPARATOR_LINE.sub("", text)
        headers = {mark: next(filter(None, csv.reader(io.StringIO(text), delimiter=mark)), []) for mark in ",;\t"}
        mark = max(headers, key=lambda mark: ("file" in map(_cell, headers[mark]), len(headers[mark])))
        header, *lines = list(csv.reader(io.StringIO(text), delimiter=mark, strict=True)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        remedy = ". Save it in UTF-8, in Excel as 'CSV UTF-8'" if isinstance(error, UnicodeDecodeError) else ""
        raise UsageError(f"cannot read {quoted(str(path))} as CSV in UTF-8: {error}{remedy}.") from None
    full = {row: cells for row, line in enumerate(lines, 2 + above) if any(cells := [*map(_cell, line)])}
    for row, line in full.items():
        if len(line) != len(header):
            raise UsageError(f"row {row} of {quoted(str(path))} has {len(line)} cells; the first has {len(header)}.")
    columns = list(zip(map(_cell, header), zip(*full.values(), strict=True) if full else repeat(()), strict=False))
    columns = [(title, cells) for title, cells in columns if title or any(cells)]
    titles = checked_titles([title for title, _ in columns])
    return Sheet({title: list(cells) for title, (_, cells) in zip(titles, columns, strict=True)}, list(full), mark == ";")


def _cell(text: str) -> str:
    """Return the text of a cell or title in the form in which it is compared."""
    return composed(text.strip())


def _parquet(path: Path) -> Sheet:
    """Read a Parquet file with pyarrow, without the index that pandas adds."""
    try:
        from pyarrow import ArrowException, parquet  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        raise UsageError("Parquet tables need pyarrow: pip install 'viceversa[data]'; or save the table as CSV.") from None
    try:
        with path.open("rb") as file:
            content = parquet.read_table(file)
        named = zip(content.column_names, content.columns, strict=True)
        columns = [(name, column.to_pylist()) for name, column in named if not name.startswith("__index_level_")]
    except (ArrowException, OSError, ValueError, OverflowError) as error:
        raise UsageError(f"cannot read {quoted(str(path))} as Parquet: {quoted(str(error))}.") from None
    titles = checked_titles([_cell(name) for name, _ in columns])
    cells = [[_text(value) for value in column] for _, column in columns]
    return Sheet(dict(zip(titles, cells, strict=True)), list(range(2, content.num_rows + 2)))


def _text(value: object) -> str:
    """Return a Parquet value as CSV would have it."""
    return "" if value is None or value != value else _cell(str(value))


def checked_titles(titles: Sequence[str]) -> Sequence[str]:
    for number, title in enumerate(titles, 1):
        if not title:
            pandas = "pandas writes such a column unless it is given index=False"
            raise UsageError(f"column {number} has no title: give it one or remove it ({pandas}).")
    twice = next((title for title, count in Counter(titles).items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"two columns have the title {quoted(twice)}: rename or remove one.")
    return titles


def without_empty(sheet: Sheet, schema: Mapping[str, TableColumn]) -> tuple[Sheet, dict[str, int]]:
    """Return the rows with a value in each of these columns, and reasons with counts for the others. A row counts for its first
    empty column."""
    empty = {title: {cell for cell in set(sheet.columns[title]) if is_missing(cell, said)} for title, said in schema.items()}
    first = [next((title for title in empty if sheet.columns[title][row] in empty[title]), None) for row in range(len(sheet.rows))]
    dropped = Counter(f"no value of {title}" for title in first if title is not None)
    keep = [title is None for title in first]
    columns = {title: list(compress(cells, keep)) for title, cells in sheet.columns.items()}
    return replace(sheet, columns=columns, rows=list(compress(sheet.rows, keep))), dict(dropped)


def _splits(sheet: Sheet) -> list[str]:
    """Return the splits in the column `split`; train for all rows if there is none."""
    names = sheet.columns.get("split", ["train"] * len(sheet.rows))
    for row, name in zip(sheet.rows, names, strict=True):
        if name.lower() not in SPLIT_NAMES:
            raise UsageError(f"row {row}: {unknown('split', name, SPLITS)}")
    return [SPLIT_NAMES[name.lower()] for name in names]


def with_labels(sheet: Sheet, schema: Mapping[str, TableColumn], table: Table) -> Table:
    """Return the table with the attributes in its columns."""
    attributes: list[AnyAttribute] = []
    labels = [table.labels]
    for title, said in schema.items():
        if said.kind != "ignore":
            cells = sheet.columns[title]
            attribute, meaning = read_column(title, firsts(cells, sheet.rows), said, decimal_comma=sheet.decimal_comma)
            if attribute.name in (other.name for other in attributes):
                raise UsageError(f"two columns are named {quoted(attribute.name)}, in the table or in schema.json: rename one.")
            attributes.append(attribute)
            labels.append(torch.tensor([meaning[cell] for cell in cells]))
    if not attributes and len(set(table.spaces or ())) < 2:
        raise UsageError("the table has no attributes: beside 'file' and 'split' it needs a column, as in file,split,glasses.")
    return replace(table, attributes=tuple(attributes), labels=torch.cat(labels, 1))


def summary(table: Table, name: str) -> str:
    """Return a summary: rows of each split, and for each attribute and split the counts of values, or the range of a graded
    attribute.

    It is plain text of at most 100 columns. "rare" marks a value of fewer than 20, or 1 %, of the training images.
    """
    lines = [line for part in Space({}, table.attributes).columns(table.labels) for line in _lines_of(*part, table)]
    text = [f"{printable(name)}: {len(table.files)} images: {rows_per_split(table.splits)}"]
    text += [f"skipped: {count} rows ({printable(reason)})" for reason, count in table.dropped.items()]
    text += [f"space {printable(space)}: {count} images" for space, count in Counter(table.spaces or ()).items()]
    text = [_cut(line, 100) for line in text] + [""] * bool(lines)
    lines = [("attribute", "value", *SPLITS, ""), *lines] if lines else []
    widths = [min(max((cell_len(line[column]) for line in lines), default=0), 28) for column in (0, 1)]
    for line in lines:
        words = [set_cell_size(_cut(word, width), width) for word, width in zip(line, widths, strict=False)]
        text.append(f"{'  '.join(words)}{''.join(f'{count:>12}' for count in line[2:5])}  {line[5]}".rstrip())
    return "\n".join(text)


def _lines_of(attribute: Attribute, values: Tensor, table: Table) -> Iterator[tuple[str, ...]]:
    """Yield (attribute, value, one number per split, mark), with the attribute's name only on the first line."""
    names = chain([printable(attribute.name)], repeat(""))
    if isinstance(attribute, Graded):
        numbers = attribute.low + (attribute.high - attribute.low) * values[:, 0].double()
        parts = [numbers[torch.tensor([split == each for each in table.splits])] for split in SPLITS]
        for what, of in (("least", Tensor.min), ("mean", Tensor.mean), ("greatest", Tensor.max)):
            yield next(names), what, *(f"{of(part).item():.4g}" if len(part) else "-" for part in parts), ""
        return
    count = Counter(zip(attribute.describe(values), table.splits, strict=True))
    least = max(20, 0.01 * table.splits.count("train"))
    for value in attribute.values:
        mark = "rare" if count[value, "train"] < least else ""
        yield next(names), printable(value), *(str(count[value, split]) for split in SPLITS), mark


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
