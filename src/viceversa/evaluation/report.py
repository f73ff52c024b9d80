"""The report of an evaluation: flat rows, a table, and a page."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Literal

from viceversa.evaluation.differences import Difference, in_words
from viceversa.files import write_atomically

if TYPE_CHECKING:
    from rich.table import Table

    from viceversa.pictures import Cell

BOUNDS = ("floor", "ceiling", "real")
UNDEFINED = "\N{EN DASH}"
MEANING = {
    "inv": "translated to the opposite label (other space) after k other translations (round trips)",
    "rec": "translated back to its own label (own space) after as many",
    "changed, kept": "label accuracy over attributes that the last translation had to change, or to keep",
    "kernel, Fréchet": "distance between the features of the outputs and those of the real images",
    "floor, ceiling": "the source untouched; the true edit for inv and the source for rec",
    "real": "as many other real images: the distance that chance alone makes",
}


@dataclass(frozen=True)
class Row:
    """One model in one direction after so many cycles through one kind of chain; None where undefined.

    frechet_target, kernel_target: to the true edits, or without them to real images with the labels asked for. l1_outside:
    to the source, where the true edit changes nothing. frechet_diagonal, own_accuracy_bits: the multicyclic author's
    measures. intervals: of means over images, by the measure's name; 95 %, by the bootstrap.
    """

    model: str
    direction: str
    cycles: int
    chain: str
    samples: int
    label_accuracy: float | None
    label_accuracy_bits: float | None
    accuracy_by_attribute: Mapping[str, float | None]
    changed_accuracy: float | None
    kept_accuracy: float | None
    frechet: float | None
    kernel: float | None
    kernel_std: float | None
    perceptual_to_source: float | None
    l1_to_source: float | None
    psnr_to_truth: float | None
    ssim_to_truth: float | None
    frechet_target: float | None = None
    kernel_target: float | None = None
    frechet_diagonal: float | None = None
    l1_outside: float | None = None
    own_accuracy_bits: float | None = None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """One measure of a row as text: times `factor`, with so many digits. detail: on the page only."""

    title: str
    value: Callable[[Row], float | None]
    digits: int
    better: Literal["higher", "lower", "neither"]
    factor: float = 1
    detail: bool = False

    def text(self, row: Row) -> str:
        value = self.value(row)
        return UNDEFINED if value is None else f"{value * self.factor:z.{self.digits}f}"


COLUMNS = (
    Column("label accuracy", lambda row: row.label_accuracy, 3, "higher"),
    Column("bit accuracy", lambda row: row.label_accuracy_bits, 3, "higher", detail=True),
    Column("changed", lambda row: row.changed_accuracy, 3, "higher"),
    Column("kept", lambda row: row.kept_accuracy, 3, "higher"),
    Column("kernel x1000", lambda row: row.kernel, 2, "lower", factor=1000),
    Column("kernel deviation x1000", lambda row: row.kernel_std, 2, "neither", factor=1000, detail=True),
    Column("Fréchet", lambda row: row.frechet, 2, "lower"),
    Column("perceptual to source", lambda row: row.perceptual_to_source, 3, "neither"),
    Column("L1 to source", lambda row: row.l1_to_source, 2, "neither"),
    Column("PSNR to truth", lambda row: row.psnr_to_truth, 1, "higher"),
    Column("SSIM to truth", lambda row: row.ssim_to_truth, 3, "higher"),
    Column("L1 outside the edit", lambda row: row.l1_outside, 2, "lower", detail=True),
    Column("kernel to target x1000", lambda row: row.kernel_target, 2, "lower", factor=1000, detail=True),
    Column("Fréchet to target", lambda row: row.frechet_target, 2, "lower", detail=True),
    Column("diagonal Fréchet", lambda row: row.frechet_diagonal, 2, "lower", detail=True),
    Column("bit accuracy by its own discriminator", lambda row: row.own_accuracy_bits, 3, "higher", detail=True),
)
"""The measures of a row, all attributes taken together. L1 is in levels of 0 to 255, PSNR in dB, the others have no unit.

Who changes nothing is nearest to the source, so for inv neither more nor less of that is better.
"""


def attribute_columns(rows: Sequence[Row]) -> list[Column]:
    """The accuracy of each attribute that any row knows."""

    def column(name: str) -> Column:
        return Column(name, lambda row: row.accuracy_by_attribute.get(name), 3, "higher")

    return defined([column(name) for name in dict.fromkeys(name for row in rows for name in row.accuracy_by_attribute)], rows)


def defined(columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    """The columns that have a value in any of the rows."""
    return [column for column in columns if any(column.value(row) is not None for row in rows)]


def by_model(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each model by number of cycles; models in their order, the bounds last."""
    names = sorted(dict.fromkeys(row.model for row in rows), key=lambda name: name in BOUNDS)  # stable
    return {name: sorted((row for row in rows if row.model == name), key=lambda row: row.cycles) for name in names}


@dataclass(frozen=True, eq=False)
class Strip:
    """What a model's chains made, to look at: rows of images (H, W, C) uint8 under captions."""

    title: str
    captions: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, eq=False)
class Report:
    """All that an evaluation found.

    title: as in "runs/a on avatars"; extractor: the feature network, "lite0@128"; dataset: with its version, "avatars-32-v1".
    genuine: whether the test pixels are those that the version stands for; if not, the results are not comparable.
    facts: what was measured, on what: a label -> one line of text. conclusion: a sentence. differences: from the first model.
    """

    title: str
    extractor: str
    dataset: str
    genuine: bool
    rows: Sequence[Row]
    facts: Mapping[str, str]
    conclusion: str = ""
    strips: Sequence[Strip] = ()
    differences: Sequence[Difference] = ()

    @property
    def subtitle(self) -> str:
        counts = sorted({row.samples for row in self.rows})
        return f"{self.dataset}, {' or '.join(map(str, counts)) or 'no'} test images, features of {self.extractor}"

    @property
    def warning(self) -> str:
        """Why the results are not comparable; empty where they are."""
        if self.genuine:
            return ""
        return (
            f"not comparable with other results: the test images differ from those that {self.dataset} stands for "
            "(another version of the drawing packages)"
        )

    def table(self) -> str:
        """The rows of the 8-bit chain as plain text, 100 columns wide, the accuracy by attribute for inv, facts, and conclusion."""
        from rich.console import Console

        from viceversa.errors import printable

        rows = [row for row in self.rows if row.chain == "8bit"]
        text = io.StringIO()
        plain = Console(
            file=text,
            width=100,
            color_system=None,
            force_jupyter=False,  # in a notebook it would write there, not into `text`
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
        )
        for line in filter(None, (self.warning, self.title, f"{self.subtitle}, every image of a chain rounded to 8 bits")):
            plain.print(printable(line))
        for name, meaning in MEANING.items():
            plain.print(f"{name}: {meaning}")
        plain.print()
        plain.print(_table(rows, [column for column in defined(COLUMNS, rows) if not column.detail]))
        inverted = [row for row in rows if row.direction == "inv"]
        columns = attribute_columns(inverted)
        for start in range(0, len(columns), _ACROSS):
            plain.print("\naccuracy by attribute")
            plain.print(_table(inverted, columns[start : start + _ACROSS]))
        if self.differences:
            base = self.differences[0].base
            plain.print(printable(f"\ndifference from {base} at k = 0, 1, ..., with 95 % intervals over images; *: 0 is outside"))
            for model, measure, texts in in_words(self.differences):
                plain.print(printable(f"{model}, {measure}: {'   '.join(texts)}"))
        plain.print()
        for label, fact in self.facts.items():
            plain.print(printable(f"{label}: {fact}"))
        if self.conclusion:
            plain.print(f"\n{printable(self.conclusion)}")
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"

    def save(self, directory: Path | str) -> None:
        """Writes metrics.json, all rows, and report.html, one file without links. Raises ValueError for a value that is NaN."""
        from viceversa.evaluation.page import page

        rows = [
            {**vars(row), "accuracy_by_attribute": dict(row.accuracy_by_attribute), "intervals": dict(row.intervals)}
            for row in self.rows
        ]
        metrics = {"extractor": self.extractor, "dataset": self.dataset, "comparable": self.genuine, "rows": rows}
        metrics["differences"] = [vars(each) for each in self.differences]
        files = {"metrics.json": json.dumps(metrics, indent=2, allow_nan=False) + "\n", "report.html": page(self)}
        for name, content in files.items():
            write_atomically(Path(directory) / name, content.encode())


_ACROSS = 6  # attributes side by side
_HEAD = 10  # characters in a line of a column's head


def _table(rows: Sequence[Row], columns: Sequence[Column]) -> Table:
    """A section for each direction. A bound has one line; what depends on k there is left out."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from viceversa.errors import printable

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("model", overflow="fold", vertical="bottom")
    for title in ("k", *(column.title for column in columns)):
        table.add_column("\n".join(wrap(printable(title), _HEAD)), justify="right", no_wrap=True, vertical="bottom")
    for direction in sorted({row.direction for row in rows}):
        table.add_section()
        table.add_row(direction)
        for name, found in by_model([row for row in rows if row.direction == direction]).items():
            lines = [[str(row.cycles), *(column.text(row) for column in columns)] for row in found]
            if name in BOUNDS:
                values = [{column.text(row) for row in found} for column in columns]
                lines = [["any", *(texts.pop() if len(texts) == 1 else UNDEFINED for texts in values)]]
            for number, line in enumerate(lines):
                table.add_row("" if number else f"  {printable(name)}", *line)
    return table
