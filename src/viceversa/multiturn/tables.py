"""Chains of edits in a table: a CSV file with one row for each image, and the facts in the file next to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from viceversa.data.files.listing import on_disk
from viceversa.data.files.tables import read_csv
from viceversa.errors import UsageError, printable, quoted
from viceversa.multiturn.checking import LAST_TURN, Found, leads_out, turn_number
from viceversa.multiturn.turns import Turn

TABLE, FACTS = "turns.csv", "run.json"
"""Files of a folder that the package made: its table, and facts about the run."""

_NEEDED, _FILES = ("id", "turn", "file"), ("mask", "truth", "again")
_JUDGMENTS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": None}


def in_table(path: Path) -> Found:
    """Return the chains that a table names.

    Columns: `id`, `turn` and `file`; optionally `instruction`, `asked`, `mask`, `truth`, `again`, and `success` (yes or no, true
    or false, 1 or 0). Other columns are ignored. Paths are relative to the folder of the table.

    Raises:
        UsageError: If the file is no such table.
    """
    if not path.is_file():
        raise UsageError(f"{quoted(str(path))} is not a file: name a CSV file, or a folder.")
    sheet = read_csv(path)
    if lacking := [title for title in _NEEDED if title not in sheet.columns]:
        has = ", ".join(map(quoted, filter(None, sheet.columns))) or "none"
        raise UsageError(f"{quoted(str(path))} has no column {quoted(lacking[0])}: it needs id, turn and file, and has {has}.")
    found = Found()
    for place, row in enumerate(sheet.rows):
        cells = {title: column[place] for title, column in sheet.columns.items()}
        number, turns = turn_number(cells["turn"]), found.chains.setdefault(cells["id"], {})
        if number is None:
            found.problems.append(f"row {row}: turn {quoted(cells['turn'])} is not a number from 0 to {LAST_TURN}.")
        elif not cells["id"] or not cells["file"]:
            found.problems.append(f"row {row}: the {'file' if cells['id'] else 'id'} is missing.")
        elif number in turns:
            found.problems.append(f"row {row}: turn {number} of {quoted(cells['id'])} is there twice; the first row is used.")
        else:
            turns[number] = _turn(cells, path.parent)
            if cells.get("success", "").lower() not in _JUDGMENTS:
                found.problems.append(f"row {row}: success {quoted(cells['success'])} is neither yes nor no; it is ignored.")
    found.chains.pop("", None)
    return found


def facts_of(folder: Path) -> tuple[dict[str, str], list[str]]:
    """Return the facts in a folder's run.json, and a line if it cannot be used."""
    path = folder / FACTS
    if not path.exists():
        return {}, []
    try:
        if leads_out(path, folder) or not path.is_file():
            raise ValueError("it is not a file of the folder")
        return TypeAdapter(dict[str, str]).validate_json(path.read_text(encoding="utf-8-sig")), []
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "".join(f"{quoted(str(part))}: " for part in first["loc"])
        return {}, [f"{FACTS} is ignored, as it must be a JSON object of texts: {where}{printable(first['msg'])}."]
    except (OSError, ValueError) as error:
        return {}, [f"{FACTS} is ignored: {printable(str(error))}."]


def _turn(cells: Mapping[str, str], folder: Path) -> Turn:
    """Return the turn of a row that has an image."""
    mask, truth, again = (_path(cell, folder) if (cell := cells.get(title)) else None for title in _FILES)
    instruction, asked = (cells.get(title, "") for title in ("instruction", "asked"))
    success = _JUDGMENTS.get(cells.get("success", "").lower())
    return Turn(_path(cells["file"], folder), instruction, asked, mask, truth, again, success)


def _path(cell: str, folder: Path) -> Path:
    """Return the file that a cell names, in the Unicode form used on disk."""
    path = folder / cell.replace("\\", "/")
    try:
        return path if cell.isascii() else on_disk(path)
    except OSError:
        return path
