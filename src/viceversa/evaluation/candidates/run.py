"""Runs as candidates of an evaluation."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from viceversa.core.attributes import OneOf
from viceversa.core.domains import Domain
from viceversa.core.space import Space
from viceversa.data.dataset import Dataset
from viceversa.errors import UsageError
from viceversa.evaluation.trainings import training_of
from viceversa.images.normalizing import normalized
from viceversa.images.pixels import Pixels
from viceversa.inference.enlarged import made_at_full_size
from viceversa.inference.model import Model
from viceversa.metrics.chain_protocol import Candidate, translating


def candidate_of(model: Model) -> Candidate:
    """Return a model as a candidate of an evaluation."""
    read = partial(_read, model) if model.method.discriminate else None
    measured = translating(model.translate_images, read, returns=model.method.returns)
    return replace(measured, full_size=partial(made_at_full_size, model.method), training=training_of(model.record, model.step))


@torch.no_grad()
def _read(model: Model, pixels: Pixels) -> Tensor:
    """Predict labels with the model's own discriminator: (N, H, W, C) -> (N, K)."""
    assert model.method.discriminate is not None
    images = normalized(torch.tensor(pixels).to(model.device))
    logits = model.method.discriminate(images, Domain(model.routing.departure())).logits
    assert logits is not None
    return model.space.read(logits.float().cpu())


def of_run(model: Model, run: str, dataset: Dataset) -> Candidate:
    """Return a loaded run as a candidate for a data set.

    The data set may be one of several labeled sets that the run learned from, or lack choices that the run knows. Raises UsageError
    for other attributes or spaces.
    """
    for name, part in model.routing.sets.items():
        if part.attributes == dataset.space.attributes and [*part.images.values()] == [*dataset.space.images.values()]:
            return replace(translating(partial(_within, model, name)), training=training_of(model.record, model.step))
    if model.space != dataset.space:
        if (columns := _columns(model.space, dataset.space)) is not None:
            return replace(translating(partial(_widened, model, columns)), training=training_of(model.record, model.step))
        trained = model.record.dataset
        raise UsageError(f"{run!r} was trained on {trained}, which has other attributes or spaces than {dataset.name}.")
    return candidate_of(model)


def _columns(trained: Space, given: Space) -> Tensor | None:
    """Return the matrix (K of the data, K of the run) that maps labels of data that lack some of the run's choices to its labels.

    None if the data differ in more than that.
    """
    names = [[attribute.name for attribute in space.attributes] for space in (trained, given)]
    if trained.images != given.images or names[0] != names[1]:
        return None
    blocks = []
    for own, other in zip(trained.attributes, given.attributes, strict=True):
        if own == other:
            blocks.append(torch.eye(own.width))
        elif isinstance(own, OneOf) and isinstance(other, OneOf) and set(other.choices) <= set(own.choices):
            blocks.append(torch.tensor([own.parse(choice) for choice in other.choices]))
        else:
            return None
    columns: Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
    return columns


def _widened(model: Model, columns: Tensor, images: Tensor, source: Domain, target: Domain) -> Tensor:
    """Translate for labels of data that lack choices."""
    assert source.label is not None and target.label is not None
    here, there = (replace(domain, label=label @ columns) for domain, label in ((source, source.label), (target, target.label)))
    return model.translate_images(images, here, there)


def _within(model: Model, name: str, images: Tensor, source: Domain, target: Domain) -> Tensor:
    """Translate among the labels of one of the model's sets."""
    assert source.label is not None and target.label is not None
    here, there = (Domain(name, model.space.widened(label, name)) for label in (source.label, target.label))
    return model.translate_images(images, here, there)
