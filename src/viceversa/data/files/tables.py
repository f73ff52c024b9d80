"""Attribute tables: which image is in which split and has which attributes, as CSV or Parquet; read, validated, summarized."""

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
"""What some spreadsheets write above the header, to say what separates cells."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table's rows, checked.

    files: relative to the folder, with "/", each of them there. splits: "train", "validation" or "test" for each.
    labels: (N, K) float32, the columns of `attributes`. dropped: why, and how many, rows were left out.
    spaces: the column `space`, if there is one. spellings: files that the disk names in another Unicode form -> their names there.
    scenes: if there is a column `identity`, what an image has in common with its true edits: the identity, and then the cells of
    attributes that are not among `attributes`.
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
        """The rows that are to be kept; the others count as dropped for that reason."""
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
    """Cells as text, stripped, in Unicode's composed form; `rows` are their numbers, where a spreadsheet's header is row 1.

    decimal_comma: whether a comma in a number is known to come before decimals: with semicolons between cells.
    """

    columns: Mapping[str, list[str]]
    rows: list[int]
    decimal_comma: bool = False


def read_table(path: Path, folder: Path | None = None, *, only: Sequence[str] = (), skip_bad: bool = False) -> Table:
    """Read and check a table.

    Columns: `file`; optionally `split` (what it lacks of validation and test is taken out of train by hash, a tenth each),
    `group` (whose images stay in one split), `identity` (the same thing under several labels, in one split too), `space`; every
    other one is an attribute, as its cells or schema.json say.

    Args:
        path: a CSV or Parquet file.
        folder: the folder of the images; links in it may lead anywhere. The table's own folder, which they may not leave, if None.
        only: the attributes to read; all, if empty.
        skip_bad: leave out rows whose file is missing, and say on standard error how many.

    Raises:
        UsageError: one line for what is wrong.
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
    """See Table.scenes. columns: all attributes that the sheet has; schema: those that are used."""
    if "identity" not in sheet.columns:
        return None
    others = [title for title, said in columns.items() if title not in schema and said.kind != "ignore"]
    return tuple(zip(*(sheet.columns[title] for title in ("identity", *others)), strict=True))


def without_missing(table: Table, rows: Sequence[int], folder: Path, places: Sequence[Whereabouts]) -> Table:
    """The table without rows whose file is missing; how many there are is said on standard error."""
    lost = missing(table.files, rows, folder, places)
    if not lost:
        return table
    say(f"viceversa: skipped: {lost}")
    return table.kept([place != "missing" for place in places], "missing files")


def _check_names(title: str, cells: Sequence[str], rows: Sequence[int]) -> None:
    """Refuse names of groups or spaces that are missing, or that differ in leading zeros only."""
    refuse(listed(f"cells of the column {title} are empty", cells, rows, map(is_missing, cells)))
    for one, other in zeros_apart(firsts(cells, rows)):
        raise UsageError(f"column {title} has both {quoted(one)} and {quoted(other)}: use one spelling for one value.")


def refuse_faulty(table: Table, name: str, wrong: Sequence[str]) -> None:
    """Raises UsageError with the first of the faults, and a summary that has them all, where there are some."""
    if wrong:
        raise UsageError(wrong[0], summary="\n".join([summary(table, name), *(f"wrong: {printable(fault)}" for fault in wrong)]))


def chosen(schema: Mapping[str, TableColumn], only: Sequence[str]) -> dict[str, TableColumn]:
    """The columns of the named attributes, in that order; all, where none is named. Raises UsageError for an unknown name."""
    if not only:
        return dict(schema)
    title_of = {composed(said.name or title): title for title, said in schema.items() if said.kind != "ignore"}
    for name in only:
        if composed(name) not in title_of:
            raise unknown("attribute", name, map(printable, title_of))
    return {title: schema[title] for title in (title_of[composed(name)] for name in only)}


def read_csv(path: Path) -> Sheet:
    """Read a CSV file in UTF-8, with or without a byte-order mark; the separator is the one that makes a column `file`.

    Rows and columns without a title in which all cells are empty, as spreadsheets write them, count for nothing.

    Raises:
        UsageError: one line for a file that is no such table.
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
    """A cell's text, or a title's, as it is compared."""
    return composed(text.strip())


def _parquet(path: Path) -> Sheet:
    """By pyarrow; the index that pandas adds is left out."""
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
    """A Parquet value as CSV has it."""
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
    """The rows in which none of these columns is without a value, and why others are left out; a row counts for its first one."""
    empty = {title: {cell for cell in set(sheet.columns[title]) if is_missing(cell, said)} for title, said in schema.items()}
    first = [next((title for title in empty if sheet.columns[title][row] in empty[title]), None) for row in range(len(sheet.rows))]
    dropped = Counter(f"no value of {title}" for title in first if title is not None)
    keep = [title is None for title in first]
    columns = {title: list(compress(cells, keep)) for title, cells in sheet.columns.items()}
    return replace(sheet, columns=columns, rows=list(compress(sheet.rows, keep))), dict(dropped)


def _splits(sheet: Sheet) -> list[str]:
    """As the column says; all are train where there is none."""
    names = sheet.columns.get("split", ["train"] * len(sheet.rows))
    for row, name in zip(sheet.rows, names, strict=True):
        if name.lower() not in SPLIT_NAMES:
            raise UsageError(f"row {row}: {unknown('split', name, SPLITS)}")
    return [SPLIT_NAMES[name.lower()] for name in names]


def with_labels(sheet: Sheet, schema: Mapping[str, TableColumn], table: Table) -> Table:
    """The table with the attributes that its columns are."""
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
    """What is in the table: rows of each split, and per attribute and split the counts of values, or a graded one's range.

    Plain text of at most 100 columns. "rare" marks a value of fewer than 20, or 1 %, of the training images.
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
    """(attribute, value, one number for each split, mark), the attribute's name on the first line only."""
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
