"""The model card: README.md of a repository, with metadata that the hub reads."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any

from viceversa.core.space import Space
from viceversa.data.joined_spaces import parts_of
from viceversa.hub.contents import SAMPLES
from viceversa.hub.results import Table
from viceversa.inference.model import Model
from viceversa.recipes.builders import BUILDERS
from viceversa.runs.hub import PREFIX, hub_client
from viceversa.runs.published import FAMILIARITY, LABELLER, RECIPE, WEIGHTS
from viceversa.runs.record import Record

SOURCES = {
    "avatars": "`avatars` are faces that viceversa draws in DiceBear's *avataaars* style (by Pablo Stanley, free for personal and "
    "commercial use). No photographs, no real people.",
    "toons": "`toons` are faces that viceversa draws in DiceBear's *toon-head* style (by Johan Melin, CC BY 4.0).",
    "icons": "`icons` are drawn from the font Phosphor 1.3 (by Tobias Fried and Helena Zhang, MIT License) in the package "
    "qtawesome (MIT License).",
    "sketches": '`sketches` are drawings of OpenMoji ("All emojis designed by OpenMoji, the open-source emoji and icon project", '
    "CC BY-SA 4.0). What is made of them is under that license too.",
    "handwritten": "`handwritten` are the digits of scikit-learn (BSD License).",
    "street-digits": "`street-digits` are digits that viceversa draws in fonts that come with matplotlib.",
}
"""Descriptions of the packaged data sets, with their licenses."""


def card_of(model: Model, original: Record, repository: str, license: str, tables: Sequence[Table], files: Sequence[str]) -> Any:
    """Return the card of a model, as a huggingface_hub.ModelCard.

    Args:
        model: the model as stored in the repository.
        original: record of the run, which still names its data.
        repository: USER/NAME.
        license: identifier of the model's license.
        tables: measurements; if there are none, the card says so.
        files: names of the files in the repository.
    """
    hub = hub_client()
    name = repository.partition("/")[2]
    results = {"model_name": name, "eval_results": [*_results(hub, tables)]} if tables else {}
    data = hub.ModelCardData(
        license=license, library_name="viceversa", pipeline_tag="image-to-image", tags=_tags(model.record),
        datasets=_datasets(model.record.recipe.data) or None, **results,
    )  # fmt: skip
    body = "\n\n".join(_body(model, original, repository, license, tables, files))
    return hub.ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body}\n")


def _tags(record: Record) -> list[str]:
    """Return the tags of the model on the hub."""
    kind = record.recipe.method.kind if record.recipe.method else "own"
    return ["viceversa", *([kind] if kind != "own" else []), *(["multicyclic"] if record.recipe.multicycle.extra else [])]


def _datasets(data: str) -> list[str]:
    """Return the hub's data sets among the training data."""
    names = [spec.removeprefix(PREFIX).partition(":")[0] for spec in parts_of(data).values() or [data] if spec.startswith(PREFIX)]
    return [*dict.fromkeys(names)]


def _results(hub: Any, tables: Sequence[Table]) -> Iterator[Any]:
    """Yield each number as an EvalResult. The hub accepts letters, digits, points and hyphens in the identifier of a data set."""
    for table in tables:
        identifier = re.sub(r"[^\w.-]+", "-", table.data, flags=re.ASCII)
        for metric in table.metrics:
            yield hub.EvalResult(
                task_type="image-to-image", dataset_type=identifier, dataset_name=table.data, dataset_split="test",
                metric_type=metric.kind, metric_name=metric.name, metric_value=metric.value,
            )  # fmt: skip


def _body(
    model: Model, original: Record, repository: str, license: str, tables: Sequence[Table], files: Sequence[str]
) -> Iterator[str]:
    yield f"# {repository.partition('/')[2]}"
    yield f"An image-to-image translator, trained with Viceversa: {_plain(model.space.in_words)}."
    if SAMPLES in files:
        yield f"![Validation images and what the model makes of them]({SAMPLES})"
    yield "## Use"
    yield _use(model, repository)
    yield "## Data"
    yield "\n".join(_data(original, model.space))
    yield "## Method"
    yield "\n".join(_method(model))
    yield "## Measured"
    yield from map(_table, tables)
    if not tables:
        yield "This model has not been evaluated."
    yield "## Files"
    yield "\n".join(f"* `{name}`: {words}" for name, words in _FILES.items() if name in files)
    yield "No file holds code, and none is run when the model is loaded."
    yield "## License"
    yield f"Of the weights: {license}. Of the data: see Data."


_FILES = {
    WEIGHTS: "the networks that translate",
    RECIPE: "all settings of the training, and the images and attributes that the model knows",
    LABELLER: "a classifier that reads the attributes of an image",
    FAMILIARITY: "what training images are like, to warn of others",
    SAMPLES: "a picture from the training",
}


def _use(model: Model, repository: str) -> str:
    own = ", build=FUNCTION" if model.record.build else ""
    routing = model.routing
    source = f", source={routing.example_source!r}" if routing.described and model.labeller is None else ""
    lines = [
        "```python", "import viceversa as vv", "",
        f'model = vv.load("{PREFIX}{repository}"{own})',
        f'image = model.translate("image.png", {routing.example_target!r}{source})', "```",
        "", f"On the command line, `{PREFIX}{repository}` stands wherever a run can.",
    ]  # fmt: skip
    if own:
        lines.append(f"The method is a custom one, `{_plain(model.record.build or '')}`; its code is not here.")
    return "\n".join(lines)


def _data(record: Record, space: Space) -> Iterator[str]:
    sizes = ", ".join(f"{_plain(name)} {spec.width} x {spec.height} px" for name, spec in space.images.items())
    yield f"* {_plain(record.dataset)}: {sizes}."
    specs = parts_of(record.recipe.data).values() or [record.recipe.data]
    sources = dict.fromkeys(SOURCES.get(spec.partition(":")[0], "") for spec in specs)
    yield from (f"* {words}" for words in sources if words)
    if "" in sources:
        yield "* Viceversa does not record the license of data that it does not draw. Ask the owner of this repository."


def _method(model: Model) -> Iterator[str]:
    recipe, record = model.record.recipe, model.record
    weights = sum(weight.numel() for weight in model.method.networks.parameters())
    yield f"* {_plain(record.title)}, {weights:,} weights."
    yield f"* {model.step:,} steps of batches of {recipe.training.batch}, in {record.precision}, seed {recipe.training.seed}."
    if recipe.multicycle.extra:
        yield f"* Multicyclic loss with extra cycles of weight {', '.join(f'{weight:g}' for weight in recipe.multicycle.extra)}."
    if paper := _paper(record):
        yield f"\n```bibtex\n{paper}\n```"


def _paper(record: Record) -> str:
    """Return the reference at the end of the method's file; empty for a custom method."""
    build = BUILDERS.get(type(record.recipe.method)) if record.recipe.method else None
    file = inspect.getmodule(build)
    _, at, reference = ((file and file.__doc__) or "").partition("@")
    return (at + reference).strip()


def _table(table: Table) -> str:
    rows = [table.head, ["---"] * len(table.head), *table.rows]
    return f"{_plain(table.caption)}.\n\n" + "\n".join(f"| {' | '.join(map(_plain, row))} |" for row in rows)


def _plain(text: str) -> str:
    """Return the text on one line, with special characters of Markdown and HTML escaped."""
    return re.sub(r"([\\`*\[\]<>|])", r"\\\1", " ".join(text.split()))
