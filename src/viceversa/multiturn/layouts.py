"""Folders and tables of edited images, read as chains: the layouts of LME-Bench, EdiVal and edit-converge-bench, and our own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from viceversa.core.names import composed
from viceversa.data.files.listing import Listing, is_image, listing
from viceversa.errors import UsageError, quoted
from viceversa.files import in_utf8, readable
from viceversa.multiturn.checking import LAST_TURN, Found, checked, leads_out, natural, read_image, turn_number
from viceversa.multiturn.tables import TABLE, facts_of, in_table
from viceversa.multiturn.turns import Turn, Turns

__all__ = ["pairs_of", "read_image", "read_turns"]

_LAYOUTS = (
    "ID/turn0.png, ID/turn1.png, ... (LME-Bench); multipass/ID_input_raw.png, multipass/ID_input_raw_turn_1.png, ... (EdiVal); "
    "ID/I0_source.png, ID/I1_forward.png, ID/I1_backward.png, ... (edit-converge-bench); a CSV file, or a folder with a file "
    f"{TABLE}, with the columns id, turn and file"
)
_MULTIPASS = "multipass"
_NAMED = re.compile(r"(turn|mask|truth|again)(.*)", re.IGNORECASE | re.DOTALL)
_ROUND = re.compile(r"I(?:0+_source|([0-9]{1,9})_(forward|backward))", re.IGNORECASE)
_PASSED = re.compile(r"(.+)_turn_(.*)", re.IGNORECASE | re.DOTALL)
_KINDS = ("turn", "mask", "truth", "again")
_NO_SOURCE = "turn 0, its source, is missing: copy ID_input_raw.jpg from EdiVal's input_images_resize_512 into the folder"


@dataclass(frozen=True)
class _File:
    """An image file of a chain. path: relative path. id: id of the chain. kind: turn, mask, truth or again. turn: number as
    text."""

    path: str
    id: str
    kind: str
    turn: str


def read_turns(place: Path, name: str | None = None) -> Turns:
    """Read chains of edits from a folder or a table, whose layout is recognized.

    Layouts:
        - `ID/turn0.png`, `ID/turn1.png`, ...: LME-Bench. Beside them may be `mask1.png`, `truth1.png` and `again1.png`, which are
          the mask, the ground truth and the second answer of turn 1.
        - `multipass/ID_input_raw.png`, `multipass/ID_input_raw_turn_1.png`, ...: EdiVal. Give its folder or the one above it.
          Some editors of EdiVal save no source there: copy it from EdiVal's input images.
        - `ID/I0_source.png`, `ID/I1_forward.png`, `ID/I1_backward.png`, `ID/I2_forward.png`, ...: edit-converge-bench. They are
          turns 0, 1, 2, 3, ...
        - A CSV file (see `multiturn.tables.in_table`), or a folder with such a file named `turns.csv`. If `run.json` is in the
          folder, a JSON object of texts, it becomes the facts.

    A folder may come from somebody else, and its images may end up in a published report. So nothing in it may lead out of
    it, neither by a symbolic link nor by a path in its `turns.csv`. A CSV file that you name yourself may name files anywhere.

    Images are recognized by their suffix, in upper or lower case, and only their headers are read here.

    Args:
        place: the folder or the CSV file.
        name: what the editor is called in a report; if None, what `run.json` says, or else the name of the folder or file.

    Returns:
        The chains, with one line in `problems` for everything that could not be used.

    Raises:
        UsageError: nothing in the place can be used.
    """
    in_utf8(place, "the folder or table")
    alone = not readable(place, "the folder or table").is_dir()
    folder, facts = place.parent if alone else place, dict[str, str]()
    if alone:
        found = in_table(place)
    elif (table := place / TABLE).is_file():
        if leads_out(table, folder):
            raise UsageError(f"{quoted(str(table))} leads out of the folder: name the table that it links to.")
        found = in_table(table)
        facts, wrong = facts_of(folder)
        found.problems.extend(wrong)
    else:
        found = _in_folder(folder)
    chains, problems = checked(found, folder, anywhere=alone)
    if not chains:
        first = f": {problems[0].removesuffix('.')}" if problems else ""
        more = f" (and {len(problems) - 1} more problems)" if len(problems) > 1 else ""
        raise UsageError(f"{quoted(str(place))} has no chain of edits that can be used{first}{more}. Layouts: {_LAYOUTS}.")
    return Turns(name or facts.get("editor") or _called(place), chains, problems, facts)


def pairs_of(several: Sequence[Turns]) -> tuple[str, ...]:
    """Return the ids of the chains that all editors have, in natural order."""
    return tuple(sorted(set.intersection(*({chain.id for chain in turns.chains} for turns in several)), key=natural))


def _called(place: Path) -> str:
    """Return the default name of an editor: that of its folder, or of its table."""
    place = place.absolute()
    if place.name in (_MULTIPASS, TABLE):
        return place.parent.name
    return place.stem if place.is_file() else place.name


def _in_folder(folder: Path) -> Found:
    """Return the contents of a folder without a table, in any of the folder layouts."""
    top = listing(folder, deep=False)
    found = Found(problems=[f"{quoted(link)} is a link to a folder: such links are not followed." for link in top.links])
    inner = f"{_MULTIPASS}/" if _MULTIPASS in top.folders else ""
    if not inner and (files := [file for sub in top.folders for file in _of_chain(folder, sub, found.problems)]):
        return _grouped(folder, files, found)
    flat = [f"{inner}{name}" for name in _images(listing(folder / inner, deep=False))]
    passed = any(_PASSED.fullmatch(PurePath(path).stem) for path in flat)
    return _grouped(folder, map(_in_multipass, flat if passed else ()), replace(found, no_source=_NO_SOURCE))


def _images(found: Listing) -> list[str]:
    """Return the entries named like images: files, folders and links."""
    return sorted(filter(is_image, (*found.images, *found.folders, *found.links)))


def _in_multipass(path: str) -> _File:
    """Return a file of EdiVal: `ID_input_raw_turn_1.png`, or `ID_input_raw.png`, which is turn 0."""
    stem = PurePath(path).stem
    passed = _PASSED.fullmatch(stem)
    base, turn = passed.groups() if passed else (stem, "0")
    return _File(path, base.removesuffix("_input_raw"), "turn", turn)


def _of_chain(folder: Path, sub: str, problems: list[str]) -> list[_File]:
    """Return the files of a chain in its own folder, in the layout of LME-Bench or edit-converge-bench."""
    try:
        names = _images(listing(folder / sub, deep=False))
    except UsageError as error:
        problems.append(str(error).replace(repr(str(folder / sub)), quoted(sub)))
        return []
    files = []
    for name in names:
        stem, path = PurePath(name).stem, f"{sub}/{name}"
        if step := _ROUND.fullmatch(stem):
            turn = 2 * int(step[1] or 0) - ((step[2] or "").lower() == "forward")
            files.append(_File(path, sub, "turn", str(turn)))
        elif named := _NAMED.fullmatch(stem):
            files.append(_File(path, sub, named[1].lower(), named[2]))
    if not files:
        problems.append(f"the folder {quoted(sub)} has no image of a turn.")
    return files


def _grouped(folder: Path, files: Iterable[_File], found: Found) -> Found:
    """Return what was found, extended by the files as turns. If two files have the same place, the first by name is used."""
    groups: dict[tuple[str, int], dict[str, str]] = {}
    for file in files:
        number, name = turn_number(file.turn), quoted(file.path)
        try:
            id = in_utf8(composed(file.id), "the chain")
        except UsageError as error:
            found.problems.append(str(error))
            continue
        if number is None:
            found.problems.append(f"{name}: {file.kind} {quoted(file.turn)} is not a number from 0 to {LAST_TURN}.")
        elif file.kind in (group := groups.setdefault((id, number), {})):
            found.problems.append(f"{name} is left out: {quoted(group[file.kind])} is {file.kind} {number} already.")
        else:
            group[file.kind] = file.path
    for (id, number), group in groups.items():
        image, mask, truth, again = (folder / group[kind] if kind in group else None for kind in _KINDS)
        turns = found.chains.setdefault(id, {})
        if image:
            turns[number] = Turn(image, mask=mask, truth=truth, again=again)
        else:
            found.problems.append(f"{quoted(next(iter(group.values())))} is left out: turn {number} has no image.")
    return found
