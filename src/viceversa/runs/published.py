"""A model in a form to be passed on: a folder with the networks that translate, and nothing that only training needs.

FOLDER/ recipe.json             as in a run's folder
        model.safetensors       weights by "network.parameter"; the metadata holds how many steps the model was trained
        labeller.safetensors    as in a run's folder, if the model has a labeller
        familiarity.safetensors as in a run's folder, if it is known what the training images are like

Packaged models are such folders, and so are repositories on the Hugging Face Hub. Only JSON and safetensors are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from viceversa.core.method import Method
from viceversa.errors import UsageError
from viceversa.files import write_atomically
from viceversa.metrics.labeller import FILE
from viceversa.runs.record import LARGEST_RECIPE
from viceversa.runs.weights import flat, place, tensors_of

RECIPE, WEIGHTS, LABELLER, FAMILIARITY = "recipe.json", "model.safetensors", FILE, "familiarity.safetensors"
FILES = (RECIPE, WEIGHTS, LABELLER, FAMILIARITY)
"""All that is read of such a folder."""
_LARGEST = {RECIPE: LARGEST_RECIPE, LABELLER: 2**26, FAMILIARITY: 2**26}
"""Bytes of a file, at most; weights are compared with the shapes that the recipe asks for before they are read."""


def is_published(folder: Path) -> bool:
    """Return whether a folder has a model in this form."""
    return (folder / WEIGHTS).is_file()


def passed_on(method: Method) -> tuple[str, ...]:
    """Return the networks that a translation can need: all but those that learn in phases of their own, as discriminators do."""
    translating = method.translating
    together = {name for phase in method.phases if translating.intersection(phase.learns) for name in phase.learns}
    alone = {name for phase in method.phases for name in phase.learns} - together - translating - {*method.averaged}
    return tuple(name for name in method.networks if name not in alone)


def write_weights(method: Method, steps: int, path: Path, *, half: bool = False) -> None:
    """Write the networks that a translation can need.

    Args:
        method: a trained method.
        steps: how many steps it was trained.
        path: the file.
        half: in half precision.

    Raises:
        OSError: the file cannot be written.
    """
    weights = flat(method, passed_on(method))
    stored = {name: value.half() if half and value.is_floating_point() else value for name, value in weights.items()}
    write_atomically(path, safetensors.torch.save(stored, {"steps": str(steps)}))


def restored(file: Path, method: Method) -> tuple[Method, int]:
    """Load weights that `write_weights` wrote into a method of the same recipe.

    Returns:
        The method with the networks that the file has, without what only training needs, and how many steps it was trained.

    Raises:
        UsageError: the file cannot be read, or is of another method.
    """
    stored = {name: value.float() if value.dtype == torch.float16 else value for name, value in tensors_of(file).items()}
    there = {name.split(".")[0] for name in stored}
    place(stored, method, there | method.translating, file)
    kept = nn.ModuleDict({name: network for name, network in method.networks.items() if name in there})
    return replace(method, networks=kept, optimizers={}, phases=(), memory={}, averaged=(), discriminate=None), _steps(file)


def check_sizes(sizes: Mapping[str, int], place: str) -> None:
    """Raise UsageError for a file that is larger than any of its kind.

    Args:
        sizes: bytes by the name of a file.
        place: what holds the files, for the message.
    """
    for name, most in _LARGEST.items():
        if sizes.get(name, 0) > most:
            raise UsageError(f"{name} of {place!r} has {sizes[name]:,} bytes, and no model of viceversa needs more than {most:,}.")


def _steps(file: Path) -> int:
    with safetensors.safe_open(file, "pt") as opened:
        text = (opened.metadata() or {}).get("steps", "")
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise UsageError(f"{str(file)!r} does not say how many steps its model was trained: it is not a model of viceversa.")
    return int(text)
