"""Candidates by name: a run, an ONNX file, a Python function, or a folder of results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from viceversa.data.dataset import Dataset
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError, quoted
from viceversa.evaluation.candidates.external import external
from viceversa.evaluation.candidates.function import Function, by_function, function_name
from viceversa.evaluation.candidates.onnx import by_onnx
from viceversa.evaluation.candidates.run import of_run
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.metrics.chain_protocol import LINKS, Candidate, translating
from viceversa.metrics.rows import BOUNDS
from viceversa.recipes import dataset_of
from viceversa.recipes.user_functions import is_named
from viceversa.runs.exported.description import is_run, record_of
from viceversa.runs.selection import Checkpoint

CandidateKind = Literal["run", "onnx", "answers", "function"]


Measured = Model | Function | str | Path
"""Anything that can be measured: a model, a function, or a text or path that leads to one (see `kind_of`)."""


@dataclass(frozen=True)
class Named:
    """Models by name in a report. groups: name of a method with several models -> their names."""

    models: Mapping[str, Measured]
    groups: Mapping[str, Sequence[str]]


def kind_of(model: Measured) -> CandidateKind:
    """Return the kind of a model. Raises UsageError for anything else."""
    if isinstance(model, Model):
        return "run"
    if callable(model):
        return "function"
    if not isinstance(model, str | Path):
        raise _no_model(model)
    path = Path(model)
    if is_run(path):
        return "run"
    if path.suffix.lower() == ".onnx":
        return "onnx"
    if any((path / link).is_dir() for link in LINKS):
        return "answers"
    if is_named(str(model)):
        return "function"
    kinds = "a Python function, as in module:function, an ONNX file, nor a folder with answers in 8bit/ or float/"
    raise UsageError(f"{quoted(str(model))} is neither the folder of a run, {kinds}.")


def candidate(model: Measured, dataset: Dataset, checkpoint: Checkpoint = "best") -> Candidate:
    """Return a model as a candidate for a data set. Raises UsageError if it does not fit. checkpoint: used for runs only."""
    if isinstance(model, Model):
        return of_run(model, model.name, dataset)
    match kind_of(model):
        case "run":
            return of_run(load(str(model), checkpoint=checkpoint), str(model), dataset)
        case "onnx":
            return translating(by_onnx(Path(str(model)), dataset.space))
        case "answers":
            return external(Path(str(model)))
        case "function":
            return translating(by_function(model if callable(model) else str(model), dataset.space))


def data_of(models: Iterable[Measured], data: str | None, size: int | None, images: str | Path | None = None) -> Dataset:
    """Return the test data: `data`, prepared as for the first run among the models, or by default the data of that run.

    Args:
        images: folder of the images that a table names, if it is not the table's own folder.
        size: height and width of the images in pixels, if no model is a run; by default a size that fits the images.

    Raises:
        UsageError: there is no data, or it cannot be opened.
    """
    kinds = [(model, kind_of(model)) for model in models]
    first = next((model for model, kind in kinds if kind == "run"), None)
    if first is not None:
        record = first.record if isinstance(first, Model) else record_of(str(first))
        return dataset_of(record.recipe, data, images=images, trained=record.space)
    if data is None:
        raise UsageError("only a run has data of its own: name the test data, as in `data='avatars'`.")
    return open_dataset(data, size, images=images)


def models_by_name(given: Sequence[Measured] | Mapping[str, Measured | Sequence[Measured]]) -> Named:
    """Return models by name.

    Args:
        given: name -> a model, or a list of several trainings of one method. Or a list of models, in which a text may be NAME=MODEL
            or NAME=MODEL,MODEL,... A model without a name gets the name of its file or folder, or its full path if that name is not
            unique. A path that exists is one model, even if it contains "=".

    Raises:
        UsageError: two models have one name, or a name has no model.
    """
    if isinstance(given, str | Path | Model) or callable(given):
        raise UsageError("models must be a list, or a dictionary such as {'name': model}.")
    pairs: list[tuple[str, Measured]] = []
    groups: dict[str, list[str]] = {}
    for name, models in _by_name(given.items()) if isinstance(given, Mapping) else _listed(given):
        names = [name] if len(models) == 1 else [f"{name} {number}" for number in range(1, len(models) + 1)]
        pairs += zip(names, models, strict=True)
        groups |= {} if len(models) == 1 else {name: names}
    if not pairs:
        raise UsageError("there is no model to measure: give at least one.")
    _check_names([*groups, *(name for name, _ in pairs)])
    return Named(dict(pairs), groups)


def _by_name(given: Iterable[tuple[str, Measured | Sequence[Measured]]]) -> Iterator[tuple[str, Sequence[Measured]]]:
    """Yield each name with its models. Raises UsageError for a name without any."""
    for name, models in given:
        if not isinstance(models, list | tuple):
            yield name, [models]  # type: ignore[list-item]  # Path, a function or a Model
        elif models:
            yield name, models
        else:
            raise UsageError(f"{quoted(name)} has no model: give at least one.")


def _listed(given: Sequence[Measured]) -> Iterator[tuple[str, Sequence[Measured]]]:
    """Yield each name with its models, for a list in which some texts contain names. Raises UsageError."""
    alone = [each for each in given if not _says_name(each)]
    short = [own_name(each) for each in alone]
    names = iter(short if len(set(short)) == len(short) else map(str, alone))
    for each in given:
        if not _says_name(each):
            yield next(names), [each]
            continue
        name, _, several = str(each).partition("=")
        models = [several] if Path(several).exists() else several.split(",")
        if not name.strip() or not all(models):
            raise UsageError(f"{quoted(str(each))} is not of the form NAME=MODEL or NAME=MODEL,MODEL.")
        yield name, models


def _says_name(model: Measured) -> bool:
    return isinstance(model, str) and "=" in model and not Path(model).exists()


def own_name(model: Measured) -> str:
    """Return the name of a model for which no name is given."""
    if isinstance(model, Model):
        return model.name
    if callable(model):
        return function_name(model)
    if not isinstance(model, str | Path):
        raise _no_model(model)
    return Path(model).resolve().name if Path(model).exists() else str(model)


def _no_model(given: object) -> UsageError:
    return UsageError(f"{quoted(str(given))} is not a model: give a Model, a function, or a path.")


def _check_names(names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise UsageError(f"{quoted(name)} is named twice: give each model a name of its own, as in NAME=MODEL.")
        if name in BOUNDS:
            reserved = f"the report reserves the name {quoted(name)}"
            raise UsageError(f"{reserved}: give the model another name, as in NAME=MODEL.")
