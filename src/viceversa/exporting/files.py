"""The files of an export and their contents."""

from __future__ import annotations

from collections.abc import Iterator

from viceversa.exporting.conversion import converted
from viceversa.exporting.names import Names
from viceversa.exporting.traced import Traced, style, translation
from viceversa.inference.model import Model
from viceversa.metrics.labeller import Labeller
from viceversa.runs.exported.description import CARD, KEY, Description, columns_of


def contents(model: Model, names: Names, labeller: Labeller | None = None, card: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each file.

    Args:
        model: model to export.
        names: names of the files.
        labeller: labeller to include in the translations.
        card: text about the model, for the metadata.

    Raises:
        UsageError: If a labeller is given, but no label is needed.
    """
    styled = f"made by {' or '.join(names.styles.values())}" if names.styles else "normal random numbers"
    graphs = {name: translation(model, target, labeller, styled) for target, name in names.files.items()}
    graphs |= {name: style(model, made_of) for made_of, name in names.styles.items()}
    for name, traced in graphs.items():
        description = _description(model, names, labeller, traced).model_dump_json()
        metadata = {KEY: description, CARD: card} if card else {KEY: description}
        yield name, converted(traced.module, traced.examples, [*traced.outputs], metadata, any_size=traced.field is not None)


def _description(model: Model, names: Names, labeller: Labeller | None, traced: Traced) -> Description:
    field = traced.field
    return Description(
        name=model.name, step=model.step, source=traced.source, target=traced.target, inputs=traced.inputs, outputs=traced.outputs,
        attributes=columns_of(model.space), multiple=field.multiple if field else None, weight=field.weight if field else 0,
        files=names.files, styles=names.styles, latent=model.method.latent, labeller=labeller.accuracy if labeller else None,
        record=model.record,
    )  # fmt: skip
