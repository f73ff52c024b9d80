"""Make the turns: request every edit of a plan from an editor, and save each image before the next turn."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from viceversa.core.space import as_text
from viceversa.errors import UsageError, quoted
from viceversa.files import write_atomically
from viceversa.images.decoding import encode
from viceversa.images.pixels import Pixels
from viceversa.multiturn.checking import read_image
from viceversa.multiturn.editors.editor import Editor
from viceversa.multiturn.protocols import Plan, PlannedChain, PlannedTurn
from viceversa.progress import Bar

RUN, TABLE = "run.json", "turns.csv"
"""Files in a folder of turns: how it was made, and the list of its images."""
COLUMNS = ("id", "turn", "file", "instruction", "asked", "truth", "again")
FAILURES = 3
"""Number of consecutive chains that may fail before the work stops."""


@dataclass(frozen=True)
class Made:
    """Result of making turns.

    Args:
        folder: the folder.
        turns: number of existing images.
        failures: one line for each unfinished chain.
    """

    folder: Path
    turns: int
    failures: tuple[str, ...]


def make_turns(
    editor: Editor,
    plan: Plan,
    turns: int,
    out: Path,
    facts: Mapping[str, str],
    *,
    seed: int = 0,
    answers: int = 1,
    quiet: bool = False,
) -> Made:
    """Request all edits of a plan from an editor. Existing images are not made again.

    Every image is saved as PNG, and the next turn reads the file. What the file cannot hold is lost, as if a user saved it.

    Args:
        editor: the editor.
        plan: the chains.
        turns: number of turns of each chain.
        out: folder for ID/turn0.png, ID/turn1.png, ..., the ground truth of a turn as ID/truth1.png, turns.csv and run.json.
        facts: description of the work, such as the editor and the protocol; a folder made with other facts is rejected.
        seed: seed of the editor's random numbers; every image and turn has its own.
        answers: 1, or 2 for a second answer to each request, as ID/again1.png.
        quiet: show no progress.

    Raises:
        UsageError: If the folder was made with other facts, or too many consecutive chains failed. Existing images stay.
    """
    _check_facts(out, facts)
    lines = _old_lines(out)
    failures: list[str] = []
    in_a_row = done = 0
    with Bar("editing", plan.count * turns * answers, quiet=quiet) as bar:
        for chain in plan.chains():
            before = done
            if chain.problem:
                failures.append(f"{chain.id}: {chain.problem}")
                continue
            rows = [*_rows(chain, answers)]
            _check_requests(out, lines.get(chain.id, []), rows)
            try:
                for _ in _made(editor, chain, out, seed, answers):
                    done += 1
                    bar.show(done)
                in_a_row = 0
            except UsageError as error:
                failures.append(f"{chain.id}: {error}")
                in_a_row += 1
            done = before + turns * answers
            bar.show(done)
            lines[chain.id] = rows
            _write_table(out, lines)
            if in_a_row == FAILURES:
                break
    count = sum((out / line[2]).is_file() for rows in lines.values() for line in rows if line[1] != "0")
    if in_a_row == FAILURES:
        raise UsageError(
            f"{FAILURES} chains in a row failed, the last with: {failures[-1]} {count} images are kept; call it again to go on."
        )
    return Made(out, count, tuple(failures))


def _made(editor: Editor, chain: PlannedChain, out: Path, seed: int, answers: int) -> Iterator[Path]:
    """Yield the images of a chain, made or found."""
    folder = out / chain.id
    _keep(folder / "turn0.png", chain.source)
    for number, turn in enumerate(chain.turns, 1):
        if turn.truth is not None and not np.array_equal(turn.truth, chain.source):
            _keep(folder / f"truth{number}.png", turn.truth)
        for answer, name in enumerate(("turn", "again")[:answers]):
            file = folder / f"{name}{number}.png"
            if not file.exists():
                before = Image.open(io.BytesIO((folder / f"turn{turn.start}.png").read_bytes()))
                made = editor(_shown(before), turn.edit, _seed(seed, chain.id, number, answer))
                encode(np.atleast_3d(np.asarray(_shown(made))), file)
            yield file


def _shown(image: Image.Image) -> Image.Image:
    """Return an image in mode "L" or "RGB"."""
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _keep(file: Path, pixels: Pixels) -> None:
    """Write an image if it does not exist. Raises UsageError if the existing one differs: then the folder belongs to other
    images."""
    if not file.exists():
        encode(pixels, file)
    elif not np.array_equal(read_image(file), pixels):
        raise UsageError(f"{quoted(str(file))} is another image than the one of this data: choose another folder with `out`.")


def _seed(seed: int, *what: object) -> int:
    """Return a number of 31 bits for one request."""
    return int.from_bytes(hashlib.sha256(repr((seed, *what)).encode()).digest()[:4], "big") >> 1


def _check_facts(out: Path, facts: Mapping[str, str]) -> None:
    """Write run.json, or compare it. Raises UsageError."""
    file = out / RUN
    if not file.exists():
        if out.exists() and any(out.iterdir()):
            raise UsageError(f"{quoted(str(out))} holds other files: choose a new folder with `out`.")
        write_atomically(file, (json.dumps(facts, indent=1) + "\n").encode())
        return
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"{quoted(str(file))} cannot be read: choose a new folder with `out`.")
    for name in sorted(facts.keys() | found.keys()):
        if facts.get(name) != found.get(name):
            was, now = (quoted(str(each.get(name, "nothing"))) for each in (found, facts))
            raise UsageError(f"{quoted(str(out))} was made with {name} {was}, not {now}: choose a new folder with `out`.")


def _rows(chain: PlannedChain, answers: int) -> Iterator[list[str]]:
    """Yield the lines of turns.csv for a chain."""
    yield [chain.id, "0", f"{chain.id}/turn0.png", "", _asked(chain.turns[0], before=True), "", ""]
    for number, turn in enumerate(chain.turns, 1):
        name = "turn0" if turn.truth is not None and np.array_equal(turn.truth, chain.source) else f"truth{number}"
        truth = f"{chain.id}/{name}.png" if turn.truth is not None else ""
        again = f"{chain.id}/again{number}.png" if answers > 1 else ""
        yield [chain.id, str(number), f"{chain.id}/turn{number}.png", turn.edit.instruction, _asked(turn), truth, again]


def _asked(turn: PlannedTurn, *, before: bool = False) -> str:
    """Return the attributes of a turn's image, as text."""
    return as_text(turn.edit.source if before else turn.edit.target)


def _old_lines(out: Path) -> dict[str, list[list[str]]]:
    """Return the lines of turns.csv by id, as an earlier call wrote them; empty without a table."""
    found: dict[str, list[list[str]]] = {}
    if (out / TABLE).exists():
        for line in csv.reader(io.StringIO((out / TABLE).read_text(encoding="utf-8"))):
            if tuple(line) != COLUMNS:
                found.setdefault(line[0], []).append(line)
    return found


def _check_requests(out: Path, before: list[list[str]], now: list[list[str]]) -> None:
    """Raise UsageError if existing images were made for other requests."""
    for old, new in zip(before, now, strict=False):
        if old[3:5] != new[3:5] and (out / old[2]).exists():
            said, asked = (quoted(line[3] or line[4]) for line in (old, new))
            raise UsageError(f"{quoted(old[2])} was made for {said}, not {asked}: choose a new folder with `out`.")


def _write_table(out: Path, lines: Mapping[str, list[list[str]]]) -> None:
    """Write turns.csv with the chains so far."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *(line for rows in lines.values() for line in rows)])
    write_atomically(out / TABLE, text.getvalue().encode())
