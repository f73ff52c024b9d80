"""Images that another program translated: write an evaluation's sources and requests as files, and read the results.

chains.csv has a row for each translation of each chain: id, direction, cycles, step, and the attributes of the target, or its
space if the data has no attributes. Step 1 translates the source; each later step translates the result of the previous step. A
result is {8bit|float}/ID/{direction}{cycles}/{step}.png, made from images that were rounded to 8 bits between the steps, or not.
For "inv" and "rec" the last step is measured, for "step" every step.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viceversa.core.domains import Domain
from viceversa.core.routing import routing_of
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError, quoted
from viceversa.files import write_atomically
from viceversa.images.decoding import decode, encoded, suffix_for
from viceversa.images.fitting import in_bits
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import DIRECTIONS, LINKS, Candidate, Direction, Link, Place, Trial, Way, route
from viceversa.progress import watched

TABLE = "chains.csv"
COLUMNS = ("id", "direction", "cycles", "step")
_BATCH = 100


@dataclass(frozen=True)
class ExternalImage:
    """A result of each image: its file, its places (at k = 0 those of both links), and its size and channels."""

    link: Link
    chain: str
    step: int
    places: tuple[Place, ...]
    spec: ImageSpec

    def path(self, name: str) -> Path:
        """Return the file for the image with that id, relative to the folder of results."""
        return Path(self.link, name, self.chain, f"{self.step}{_suffix(self.spec)}")


def write_chains(task: Trial, way: Way, folder: Path) -> int:
    """Write sources/ID.png (.tif if PNG cannot hold the image), and then chains.csv, so the table exists only if all images do.

    ID is the number of the image in the split. Return the number of translations. Raises UsageError if an attribute has the name of
    another column.
    """
    for attribute in task.dataset.space.attributes:
        if attribute.name in COLUMNS:
            raise UsageError(f"the attribute {attribute.name!r} has the name of a column of {TABLE}: rename it.")
    (folder / "sources").mkdir(parents=True, exist_ok=True)
    for name, pixels in watched(zip(_ids(task), task.sources, strict=True), "sources", total=len(task)):
        path = _source(folder, task, name)
        path.write_bytes(encoded(pixels, path))
    text, lines = io.StringIO(newline=""), list(table(task, way))
    csv.writer(text).writerows(lines)
    write_atomically(folder / TABLE, text.getvalue().encode())
    return len(lines) - 1


def table(task: Trial, way: Way) -> Iterator[list[str]]:
    """Yield the rows of chains.csv, the header first, image by image."""
    yield [*COLUMNS, *routing_of(task.dataset.space).columns]
    for start in range(0, len(task), _BATCH):
        part = task.of(range(start, min(start + _BATCH, len(task))))
        columns = [
            ((direction, str(cycles), str(step)), _words(task.dataset.space, target, len(part)))
            for direction, cycles in _chains(part, way)
            for step, target in enumerate(route(part, direction, cycles), 1)
        ]
        for row, name in enumerate(_ids(part)):
            yield from ([name, *where, *(words[row] for words in cells)] for where, cells in columns)


def external(folder: Path) -> Candidate:
    """Return a folder of results as a candidate. Its outputs raise UsageError for missing files before any file is read."""
    return Candidate(partial(_outputs, folder))


def _outputs(folder: Path, task: Trial, way: Way) -> Iterator[tuple[slice, dict[Place, Pixels]]]:
    wanted = list(_wanted(task, way, [link for link in LINKS if (folder / link).is_dir()]))
    _check_table(folder / TABLE, task, way)
    _check_source(folder, task)
    files = (answer.path(name) for name in _ids(task) for answer in wanted)
    missing = [path for path in files if not (folder / path).is_file()]
    if missing:
        more = f", nor {len(missing) - 1} more of {len(task) * len(wanted)} answers" if len(missing) > 1 else ""
        raise UsageError(f"{quoted(str(folder))} has no {str(missing[0])!r}{more}.")
    return _read(folder, task, wanted)


def _read(folder: Path, task: Trial, wanted: Sequence[ExternalImage]) -> Iterator[tuple[slice, dict[Place, Pixels]]]:
    names = _ids(task)
    for start in range(0, len(task), _BATCH):
        rows = slice(start, min(start + _BATCH, len(task)))
        made: dict[Place, Pixels] = {}
        for answer in wanted:
            images = np.stack([_image(folder / answer.path(name), answer.spec) for name in names[rows]])
            made |= dict.fromkeys(answer.places, images)
        yield rows, made


def _image(path: Path, spec: ImageSpec) -> NDArray[np.uint8]:
    pixels = decode(path)
    if pixels.shape != (spec.height, spec.width, spec.channels):
        found, wanted = (f"{width} x {height} px with {channels}" for height, width, channels in (pixels.shape, _shape(spec)))
        raise UsageError(f"{quoted(str(path))} has {found} channels, not {wanted}.")
    return np.asarray(in_bits(pixels, 8), np.uint8)


def _wanted(task: Trial, way: Way, links: Sequence[Link]) -> Iterator[ExternalImage]:
    """Yield the results that are needed. At k = 0 no image has passed a link, so one result is used for both links."""
    for direction, cycles in _chains(task, way):
        targets = route(task, direction, cycles)
        chain, spec = f"{direction}{cycles}", task.dataset.space.images[targets[-1].space]
        if direction == "step":
            for step in range(1, cycles + 1):
                yield ExternalImage("8bit", chain, step, (Place("step", step, "8bit"),), spec)
        else:
            for link in links if cycles else links[:1]:
                places = (Place(direction, cycles, each) for each in ([link] if cycles else LINKS))
                yield ExternalImage(link, chain, len(targets), tuple(places), spec)


def _chains(task: Trial, way: Way) -> Iterator[tuple[Direction, int]]:
    """Yield each chain by direction and cycles. rec_0 is undefined between spaces with different channels."""
    home, away = (task.dataset.space.images[name].channels for name in (task.home, task.away))
    for direction in DIRECTIONS:
        yield from ((direction, cycles) for cycles in range(way.cycles + 1) if cycles or direction == "inv" or home == away)
    if way.steps:
        yield "step", way.steps


def _check_table(path: Path, task: Trial, way: Way) -> None:
    """Check that chains.csv, if it exists, has all rows that are measured, unchanged. It may have more."""
    if not path.is_file():
        return
    task = task.of(np.argsort(task.numbers).tolist())
    try:
        with path.open(newline="", encoding="utf-8") as file:
            found = csv.reader(file)
            for row in table(task, way):
                key = row[: len(COLUMNS)]
                there = next((each for each in found if each[: len(COLUMNS)] == key), None)
                if there is None:
                    how = f"{len(task)} samples, {way.cycles} cycles and {way.steps} steps of {task.dataset.name}"
                    raise UsageError(f"{quoted(str(path))} is not of {how}: it has no row {quoted(','.join(key))}.")
                if there != row:
                    said, wanted = quoted(",".join(there)), quoted(",".join(row))
                    differs = f"it has {said} where {wanted} is expected"
                    raise UsageError(f"{quoted(str(path))} does not match {task.dataset.name}: {differs}.")
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(f"{quoted(str(path))} is not a CSV file in UTF-8: {error}.") from None


def _check_source(folder: Path, task: Trial) -> None:
    """Check that the first source, if it exists, is the data's: this detects other sizes and other images."""
    path = _source(folder, task, _ids(task)[0])
    if path.is_file() and not np.array_equal(decode(path), task.sources[0]):
        raise UsageError(
            f"{quoted(str(path))} is not the first test image of {task.dataset.name}: give the `data` and `size` that "
            "`viceversa chains` was called with."
        )


def _source(folder: Path, task: Trial, name: str) -> Path:
    return folder / "sources" / f"{name}{_suffix(task.dataset.space.images[task.home])}"


def _ids(task: Trial) -> list[str]:
    return [f"{number:06d}" for number in task.numbers]


def _suffix(spec: ImageSpec) -> str:
    return suffix_for(np.empty((1, 1, spec.channels), np.uint8))


def _shape(spec: ImageSpec) -> tuple[int, int, int]:
    return spec.height, spec.width, spec.channels


def _words(space: Space, target: Domain, count: int) -> list[list[str]]:
    """Return a column of words for each attribute, or a column with the space; one word per image."""
    if target.label is None:
        return [[target.space] * count]
    return [attribute.describe(values) for attribute, values in space.columns(target.label)]
