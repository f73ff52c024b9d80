"""Images translated elsewhere: an evaluation's sources and what is asked of them, as files; and the answers, as its outputs.

chains.csv has a row for each translation of each chain: id, direction, cycles, step, and the target's attributes, or its space
where the data has no attributes. Step 1 translates the source, the others what the step before made. The answer is
{8bit|float}/ID/{direction}{cycles}/{step}.png: as made with every image on the way rounded to 8 bits, or in floating point.
Of "inv" and "rec" the last step is measured; of "step" each one.
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
    """Where an answer is found of each image, what it answers (at k = 0 both links' places), and its size and channels."""

    link: Link
    chain: str
    step: int
    places: tuple[Place, ...]
    spec: ImageSpec

    def path(self, name: str) -> Path:
        """Below the folder of answers, of the image with that id."""
        return Path(self.link, name, self.chain, f"{self.step}{_suffix(self.spec)}")


def write_chains(task: Trial, way: Way, folder: Path) -> int:
    """Write sources/ID.png (.tif where PNG cannot hold them), then chains.csv: it is there only when all images are.

    ID is the image's number in the split. Returns how many translations there are. Raises UsageError for an attribute that is
    called as another column.
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
    """The rows of chains.csv, the header first, image by image."""
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
    """A folder of answers, to be measured. Its outputs raise UsageError: for what is missing at once, before one is read."""
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
    """At k = 0 no image has passed a link yet: one answer, of the first link, is that of both."""
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
    """Each chain by its direction and cycles. rec_0 between spaces of other channels is undefined."""
    home, away = (task.dataset.space.images[name].channels for name in (task.home, task.away))
    for direction in DIRECTIONS:
        yield from ((direction, cycles) for cycles in range(way.cycles + 1) if cycles or direction == "inv" or home == away)
    if way.steps:
        yield "step", way.steps


def _check_table(path: Path, task: Trial, way: Way) -> None:
    """That chains.csv, if there is one, asks for what is measured, among others perhaps; its rows are as they were written."""
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
    """That the first source, if it is there, is the data's: other sizes and other images are found out."""
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
    """A column for each attribute, or the one of the space: a word for each image."""
    if target.label is None:
        return [[target.space] * count]
    return [attribute.describe(values) for attribute, values in space.columns(target.label)]
