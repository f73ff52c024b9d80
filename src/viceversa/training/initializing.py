"""Fine-tuning: initialize a method with the weights of a run, and freeze networks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from viceversa.core.attributes import OneOf
from viceversa.core.method import Builder, Method
from viceversa.core.space import Space
from viceversa.errors import UsageError, unknown
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.networks.slots import Slots, Widening

ARCHITECTURE = ("generator", "width", "blocks", "critic", "critic_width", "critic_layers", "critic_size")


def initialize(
    method: Method, space: Space, run: Path, *, only: Collection[str] = (), build: Builder | None = None
) -> tuple[str, ...]:
    """Copy a run's weights, or its moving averages if it has them, into a new method for `space`.

    Label columns are matched by the names of attributes and choices. New columns get zero weights at a generator's input, so that
    the generator is unchanged at first; at the output of a class head they keep their initialization. The translator must fit.
    Other networks are copied if they fit.

    Args:
        method: the new method.
        space: its space.
        run: run with the weights.
        only: names of the networks to copy, which must fit; by default all that fit.
        build: function that builds the method of the run, if it is a custom one.

    Returns:
        Names of the copied networks.

    Raises:
        UsageError: If the run cannot be read, or a network does not fit.
    """
    model = load(run, build=build, checkpoint="last")
    if missing := set(only) - method.networks.keys():
        raise unknown("network", sorted(missing)[0], method.networks)
    columns = tuple(_columns(model.space)), tuple(_columns(space))
    if lost := [name for name in columns[0] if name not in columns[1]]:
        rule = "a new training can add attributes, but cannot remove them"
        raise UsageError(f"{str(run)!r} has {lost[0]}, but the data does not: {rule}.")
    if len(space.images) > 1 and model.space.images.keys() != space.images.keys():
        theirs, ours = (", ".join(images) for images in (model.space.images, space.images))
        raise UsageError(f"{str(run)!r} translates between {theirs}, but the data has the spaces {ours}.")
    stored, own = model.method.networks.state_dict(), method.networks.state_dict()
    required = only or method.translating
    taken: dict[str, Tensor] = {}
    names = []
    for network in only or method.networks:
        fitted, odd = _fitted(network, stored, own, dict(_slots(method)), columns)
        if odd and network in required:
            raise UsageError(f"the {network} of {str(run)!r} has another architecture: {odd}.{_remedy(model)}")
        if not odd:
            taken |= fitted
            names.append(network)
    method.networks.load_state_dict(taken, strict=False)
    return tuple(names)


def frozen(method: Method, names: Collection[str]) -> Method:
    """Return the method with these networks frozen. Phases without other networks are dropped. Raises UsageError."""
    if not names:
        return method
    if missing := set(names) - method.networks.keys():
        raise unknown("network to freeze", sorted(missing)[0], method.networks)
    left = [replace(phase, learns=tuple(name for name in phase.learns if name not in names)) for phase in method.phases]
    phases = tuple(phase for phase in left if phase.learns)
    if not phases:
        raise UsageError(f"the frozen networks ({', '.join(sorted(names))}) leave no network to train.")
    learn = {name: optimizer for name, optimizer in method.optimizers.items() if name not in names}
    return replace(method, phases=phases, optimizers=learn)


def _columns(space: Space) -> Iterator[str]:
    """Yield a name for each label column. It includes the attribute's kind, because attributes of different kinds do not match."""
    for attribute in space.attributes:
        if isinstance(attribute, OneOf):
            yield from (f"{attribute.name}={choice}" for choice in attribute.choices)
        else:
            yield f"{attribute.name} ({attribute.kind})"


def _slots(method: Method) -> Iterator[tuple[str, Slots]]:
    """Yield the weights with slots for label columns, by name."""
    for name, module in method.networks.named_modules():
        if isinstance(module, Widening):
            yield from ((f"{name}.{weight}", slots) for weight, slots in module.label_slots.items())


def _fitted(
    network: str,
    stored: Mapping[str, Tensor],
    own: Mapping[str, Tensor],
    slots: Mapping[str, Slots],
    columns: tuple[tuple[str, ...], tuple[str, ...]],
) -> tuple[dict[str, Tensor], str]:
    """Return a network's stored weights in the shapes of its own, and what does not fit; empty if all fits."""
    wanted, there = (_of(network, state) for state in (own, stored))
    if odd := sorted(wanted.keys() ^ there.keys()):
        return {}, f"{odd[0]} is only in {'it' if odd[0] in there else 'the new one'}"
    fitted = {}
    for name, value in wanted.items():
        fits = _replaced(value, there[name], slots[name], columns) if name in slots else there[name]
        if fits is None or fits.shape != value.shape:
            return {}, f"{name} is {tuple(there[name].shape)} in it and {tuple(value.shape)} in the new one"
        fitted[name] = fits
    return fitted, ""


def _of(network: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if name.startswith(f"{network}.")}


def _replaced(own: Tensor, stored: Tensor, slots: Slots, columns: tuple[tuple[str, ...], tuple[str, ...]]) -> Tensor | None:
    """Return the stored weight with its label columns in the order of the new label; None if its other dimensions differ."""
    dimension, each = slots
    before, after = columns
    rest = own.shape[dimension] - each * len(after)
    if stored.shape[dimension] - each * len(before) != rest or _others(own, dimension) != _others(stored, dimension):
        return None
    result = own.cpu().clone()
    if dimension == 1:
        result.narrow(1, rest, each * len(after)).zero_()
    result.narrow(dimension, 0, rest).copy_(stored.narrow(dimension, 0, rest))
    for place, name in enumerate(before):
        new = rest + each * after.index(name)
        result.narrow(dimension, new, each).copy_(stored.narrow(dimension, rest + each * place, each))
    return result


def _others(weight: Tensor, dimension: int) -> torch.Size:
    return weight.shape[:dimension] + weight.shape[dimension + 1 :]


def _remedy(model: Model) -> str:
    """Return the settings that would fit, if the run has any."""
    settings = model.record.recipe.method
    has = {} if settings is None else settings.model_dump(include=set(ARCHITECTURE))
    options = " ".join(f"`method.{name}={has[name]!r}`" for name in ARCHITECTURE if name in has)
    return f" Train with {options}." if options else ""
