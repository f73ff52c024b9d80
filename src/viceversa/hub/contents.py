"""Write the files of a repository: what a translation needs, and nothing about the machine that trained the model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.space import Space
from viceversa.data.sources import is_everywhere
from viceversa.errors import UsageError
from viceversa.files import write_atomically
from viceversa.inference.familiarity import write_familiarity
from viceversa.inference.model import Model
from viceversa.metrics.labeller import write_labeller
from viceversa.runs.published import FAMILIARITY, LABELLER, WEIGHTS, write_weights
from viceversa.runs.record import Record, write_record

SAMPLES = "samples.png"

Leg = tuple[Domain, Domain]


def write_contents(model: Model, folder: Path, *, samples: bool) -> None:
    """Write the files of a repository into an empty folder.

    Args:
        model: loaded model. Its labeller is written if its training is finished or it is accurate enough.
        folder: folder for the files.
        samples: whether to add samples.png, the last sample picture of the training, which shows validation images.

    Raises:
        OSError: If a file cannot be written.
    """
    write_record(folder, anywhere(model.record))
    write_weights(model.method, model.step, folder / WEIGHTS)
    if model.labeller is not None and (model.labeller.finished or model.labeller.trusted):
        write_labeller(model.labeller, folder / LABELLER)
    if model.familiarity is not None:
        write_familiarity(model.familiarity, folder / FAMILIARITY)
    if samples and (picture := _samples(model)) is not None:
        write_atomically(folder / SAMPLES, picture.read_bytes())


def anywhere(record: Record) -> Record:
    """Return a record without paths: local data has no meaning on other machines, and changes name local files."""
    data = record.recipe.data if is_everywhere(record.recipe.data) else ""
    recipe = record.recipe.model_copy(update={"data": data, "images": None, "init": None, "init_only": ()})
    return record.model_copy(update={"recipe": recipe, "changes": ()})


def check_same(model: Model, again: Model) -> None:
    """Raise UsageError if a model translates differently after it was written and loaded again."""
    for here, there in model.routing.choose(labels=_among_labels, spaces=_between_spaces, sets=_among_sets)(model):
        spec = model.space.images[here.space]
        noise = 2 * torch.rand(1, spec.channels, spec.height, spec.width, generator=seeded("push")) - 1
        if not torch.equal(*(each.translate_images(noise, here, there) for each in (model, again))):
            reason = "its method translates with a network that learns in a phase of its own"
            raise UsageError(f"{model.name!r} cannot be pushed, because {reason}: name that network in Method.averaged.")


def _samples(model: Model) -> Path | None:
    """Return the last sample picture made until the model's step, or the first one if all are later."""
    pictures = sorted((model.run / "samples").glob("*.png")) if model.run else []
    pictures = [path for path in pictures if path.stem.isascii() and path.stem.isdigit()]
    return next((path for path in reversed(pictures) if int(path.stem) <= model.step), next(iter(pictures), None))


def _among_labels(model: Model) -> Iterator[Leg]:
    yield _drawn(model.space, model.space.only)


def _among_sets(model: Model) -> Iterator[Leg]:
    for name in model.routing.sets:
        yield _drawn(model.space, name)


def _between_spaces(model: Model) -> Iterator[Leg]:
    first, second = map(Domain, model.space.pair)
    yield first, second
    if model.method.returns:
        yield second, first


def _drawn(space: Space, name: str) -> Leg:
    """Return a translation from one drawn label to another."""
    part = space.part(name)
    here, there = (Domain(name, space.widened(part.draw(1, seeded("push", number)), name)) for number in range(2))
    return here, there
