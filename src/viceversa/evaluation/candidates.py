"""Whatever translates images, as a candidate for an evaluation: a run, an ONNX file, a Python function, a folder of answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from torch import Tensor

from viceversa.data.dataset import Dataset
from viceversa.data.sources import open_dataset
from viceversa.domains import Domain
from viceversa.errors import UsageError, quoted
from viceversa.evaluation.answers import answers
from viceversa.evaluation.chains import LINKS, Candidate, translating
from viceversa.evaluation.functions import by_function
from viceversa.evaluation.onnx import by_onnx
from viceversa.evaluation.rows import BOUNDS
from viceversa.pretrained import located
from viceversa.recipes import dataset_of
from viceversa.recipes.record import read_record
from viceversa.training.selection import Checkpoint
from viceversa.translate import Model, load

Kind = Literal["run", "onnx", "answers", "function"]


@dataclass(frozen=True)
class Named:
    """Models by their names in a report; groups: a method's name -> the names of its models, where it has several."""

    models: Mapping[str, str]
    groups: Mapping[str, Sequence[str]]


def kind_of(spec: str) -> Kind:
    """What a model is. Raises UsageError for what is none."""
    path = Path(spec)
    if (located(path) / "recipe.json").exists():
        return "run"
    if path.suffix.lower() == ".onnx":
        return "onnx"
    if any((path / link).is_dir() for link in LINKS):
        return "answers"
    module, colon, name = spec.partition(":")
    if colon and module.replace(".", "").isidentifier() and name.isidentifier():
        return "function"
    kinds = "a Python function, as in module:function, an ONNX file, nor a folder with answers in 8bit/ or float/"
    raise UsageError(f"{quoted(spec)} is neither the folder of a run, {kinds}.")


def candidate(spec: str, dataset: Dataset, checkpoint: Checkpoint = "best") -> Candidate:
    """A model, to be measured on a data set; of a run that checkpoint. Raises UsageError for one that does not fit it."""
    match kind_of(spec):
        case "run":
            return of_run(load(spec, checkpoint=checkpoint), spec, dataset)
        case "onnx":
            return translating(by_onnx(Path(spec), dataset.space))
        case "answers":
            return answers(Path(spec))
        case "function":
            return translating(by_function(spec, dataset.space))


def of_run(model: Model, run: str, dataset: Dataset) -> Candidate:
    """A loaded run; of one that learned from several labeled sets, on images of one. Raises UsageError for a data set of other
    attributes or spaces."""
    for name in model.space.known:
        part = model.space.part(name)
        if part.attributes == dataset.space.attributes and [*part.images.values()] == [*dataset.space.images.values()]:
            return replace(translating(partial(_within, model, name)), training=model.candidate.training)
    if model.space != dataset.space:
        trained = model.record.dataset
        raise UsageError(f"{run!r} was trained on {trained}, which has other attributes or spaces than {dataset.name}.")
    return model.candidate


def _within(model: Model, name: str, images: Tensor, source: Domain, target: Domain) -> Tensor:
    """Translates among the labels of one of the model's sets."""
    assert source.label is not None and target.label is not None
    here, there = (Domain(name, model.space.widened(label, name)) for label in (source.label, target.label))
    return model.translate_images(images, here, there)


def data_of(models: Iterable[str], data: str | None, size: int | None) -> Dataset:
    """What models are measured on: `data`, prepared as that of the first run among them, or that run's own data.

    size: of the images in pixels where there is no run, 32 if not given. Raises UsageError.
    """
    kinds = {model: kind_of(model) for model in models}
    first = next((model for model, kind in kinds.items() if kind == "run"), None)
    if first is not None:
        record = read_record(located(first))
        return dataset_of(record.recipe, data, trained=record.space)
    if data is None:
        raise UsageError("no model is a run, which knows its data: say with --data what to measure on, as in --data avatars.")
    return open_dataset(data, 32 if size is None else size)


def named(given: Sequence[str]) -> Named:
    """What is given as MODEL, NAME=MODEL, or NAME=MODEL,MODEL,... for several trainings of one method. Raises UsageError.

    A MODEL alone is called as its file or folder, or in full where two would be called the same. A path that exists is one
    MODEL, whatever is in its name.
    """
    alone = [each for each in given if "=" not in each or Path(each).exists()]
    short = [own_name(each) for each in alone]
    called = dict(zip(alone, short if len(set(short)) == len(short) else alone, strict=True))
    pairs: list[tuple[str, str]] = []
    groups: dict[str, list[str]] = {}
    for each in given:
        if each in called:
            pairs.append((called[each], each))
            continue
        name, _, several = each.partition("=")
        models = [several] if Path(several).exists() else several.split(",")
        if not name.strip() or not all(models):
            raise UsageError(f"{quoted(each)} is not of the form NAME=MODEL or NAME=MODEL,MODEL.")
        names = [name] if len(models) == 1 else [f"{name} {number}" for number in range(1, len(models) + 1)]
        pairs += zip(names, models, strict=True)
        groups |= {} if len(models) == 1 else {name: names}
    _check_names([*groups, *(name for name, _ in pairs)])
    return Named(dict(pairs), groups)


def own_name(spec: str) -> str:
    """What a model is called of which no name is given."""
    return Path(spec).resolve().name if Path(spec).exists() else spec


def _check_names(names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise UsageError(f"{quoted(name)} is named twice: give each model a name of its own, as in NAME=MODEL.")
        if name in BOUNDS:
            raise UsageError(f"no model can be called {quoted(name)}, which is a row of the report: name it, as in NAME=MODEL.")
