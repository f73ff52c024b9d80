"""Measurements for a model card, read from the folder of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, FiniteFloat, TypeAdapter, ValidationError

from viceversa.errors import UsageError, quoted
from viceversa.evaluation.report.contents import FORMAT
from viceversa.metrics.rows import COLUMNS, Column, Row, called, defined, without_labels

METRICS, DRIFT = "metrics.json", "model-index.yaml"
"""Files that `viceversa evaluate` and `viceversa drift` write."""
REPORT = "report"
"""Folder inside a run's folder where a report is searched for by default."""


@dataclass(frozen=True)
class Metric:
    """One number.

    Args:
        kind: its identifier.
        name: its name in words.
        value: the number.
    """

    kind: str
    name: str
    value: float


@dataclass(frozen=True)
class Table:
    """Numbers of one data set, as text cells and as metrics."""

    data: str
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    metrics: Sequence[Metric]


class _Labeller(BaseModel):
    trusted: bool


class _Metrics(BaseModel):
    """The fields read from metrics.json (written by evaluation/report/contents.py)."""

    format: int
    extractor: str
    dataset: str
    comparable: bool
    rows: tuple[Row, ...]
    labeller: _Labeller | None = None


class _CardMetric(BaseModel):
    type: str
    value: FiniteFloat
    name: str


class _CardData(BaseModel):
    name: str


class _CardResult(BaseModel):
    dataset: _CardData
    metrics: tuple[_CardMetric, ...]


class _CardModel(BaseModel):
    name: str
    results: tuple[_CardResult, ...]


def tables_of(folder: Path, model: str) -> list[Table]:
    """Return what the reports in a folder contain about a model: of `viceversa evaluate` or `compare`, of `viceversa drift`, or of
    both.

    Args:
        folder: folder with metrics.json, model-index.yaml, or both.
        model: name of the model in the reports.

    Raises:
        UsageError: If there is no report, it is damaged, or it has no numbers of the model.
    """
    tables = []
    if (file := folder / METRICS).is_file():
        tables.append(_evaluated(file, model))
    if (file := folder / DRIFT).is_file():
        tables += _drifted(file, model)
    if not tables:
        raise UsageError(f"{str(folder)!r} holds no report: it has neither {METRICS} nor {DRIFT}.")
    return tables


def _evaluated(file: Path, model: str) -> Table:
    """Return the drift table: each direction after 0, 1, ... earlier translations through 8-bit images."""
    found: _Metrics = _read(file, TypeAdapter(_Metrics))
    if found.format != FORMAT:
        raise UsageError(f"{str(file)!r} has format {found.format}; this version of viceversa reads format {FORMAT}.")
    rows = [row for row in found.rows if row.model == model and row.chain == "8bit" and row.direction in ("inv", "rec")]
    _check_there(rows, model, [row.model for row in found.rows], file)
    if found.labeller and not found.labeller.trusted:
        rows = [without_labels(row) for row in rows]
    columns = [column for column in defined(COLUMNS, rows) if not column.detail]
    lead = f"{rows[0].samples} test images of {found.dataset}, features of {found.extractor}"
    doubt = "" if found.comparable else " (not comparable with other results: the test images are not those of this version)"
    return Table(
        found.dataset,
        f"{lead}{doubt}. k: number of earlier translations; inv: to the opposite label or the other space; rec: back",
        ["", "k", *(called(column.title, found.extractor) for column in columns)],
        [[row.direction, str(row.cycles), *(column.text(row) for column in columns)] for row in rows],
        [*_metrics(rows, columns, found.extractor)],
    )


def _metrics(rows: Sequence[Row], columns: Sequence[Column], extractor: str) -> Iterator[Metric]:
    """Yield the numbers for which higher or lower is better, without interim measures."""
    for row in rows:
        for column in columns:
            value = row.value(column.measure)
            if value is not None and column.better != "neither":
                name = f"{called(column.title, extractor)}, {row.direction}, k = {row.cycles}"
                yield Metric(column.measure, name, round(value * column.factor, 4))


def _drifted(file: Path, model: str) -> list[Table]:
    """Return the tables of a drift report, one for each data set."""
    index: dict[str, tuple[_CardModel, ...]] = _read(file, TypeAdapter(dict[str, tuple[_CardModel, ...]]))
    models = index.get("model-index", ())
    chosen = [each for each in models if each.name == model]
    _check_there(chosen, model, [each.name for each in models], file)
    return [
        Table(
            result.dataset.name,
            f"Drift under repeated edits of {result.dataset.name}",
            ["measure", "value"],
            [[each.name, f"{each.value:.4g}"] for each in result.metrics],
            [Metric(each.type, each.name, each.value) for each in result.metrics],
        )
        for result in chosen[0].results
    ]


def _check_there(found: Sequence[object], model: str, others: Sequence[str], file: Path) -> None:
    if not found:
        names = ", ".join(map(quoted, dict.fromkeys(others))) or "nothing"
        raise UsageError(f"{str(file)!r} has no numbers of {quoted(model)}: it measured {names}.")


def _read(file: Path, kind: TypeAdapter[Any]) -> Any:
    """Read and validate a report's file. Raises UsageError if it is damaged."""
    try:
        return kind.validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(f"{str(file)!r} is damaged, or no report of viceversa: {place}: {first['msg']}.") from None
