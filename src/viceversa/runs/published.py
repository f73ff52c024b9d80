"""A model for publication: a folder with the networks that translate, without what only training needs.

FOLDER/ recipe.json             as in a run's folder
        model.safetensors       weights by "network.parameter"; the metadata holds the number of training steps
        labeller.safetensors    as in a run's folder, if the model has a labeller
        familiarity.safetensors as in a run's folder, if statistics of the training images are known

Packaged models and repositories on the Hugging Face Hub are such folders. Only JSON and safetensors files are read.
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
"""All files that are read of such a folder."""
_LARGEST = {RECIPE: LARGEST_RECIPE, LABELLER: 2**26, FAMILIARITY: 2**26}
"""Maximum size of a file in bytes. Weights are instead compared with the shapes in the recipe before they are read."""


def is_published(folder: Path) -> bool:
    """Return whether a folder has a model in this form."""
    return (folder / WEIGHTS).is_file()


def passed_on(method: Method) -> tuple[str, ...]:
    """Return the networks that a translation can need: all except those with training phases of their own, such as
    discriminators."""
    translating = method.translating
    together = {name for phase in method.phases if translating.intersection(phase.learns) for name in phase.learns}
    alone = {name for phase in method.phases for name in phase.learns} - together - translating - {*method.averaged}
    return tuple(name for name in method.networks if name not in alone)


def write_weights(method: Method, steps: int, path: Path, *, half: bool = False) -> None:
    """Write the networks that a translation can need.

    Args:
        method: trained method.
        steps: number of training steps.
        path: file to write.
        half: whether to store half precision.

    Raises:
        OSError: If the file cannot be written.
    """
    weights = flat(method, passed_on(method))
    stored = {name: value.half() if half and value.is_floating_point() else value for name, value in weights.items()}
    write_atomically(path, safetensors.torch.save(stored, {"steps": str(steps)}))


def restored(file: Path, method: Method) -> tuple[Method, int]:
    """Load weights that `write_weights` wrote into a method of the same recipe.

    Returns:
        The method, with the networks in the file and without what only training needs; and the number of training steps.

    Raises:
        UsageError: If the file cannot be read, or belongs to another method.
    """
    stored = {name: value.float() if value.dtype == torch.float16 else value for name, value in tensors_of(file).items()}
    there = {name.split(".")[0] for name in stored}
    place(stored, method, there | method.translating, file)
    kept = nn.ModuleDict({name: network for name, network in method.networks.items() if name in there})
    return replace(method, networks=kept, optimizers={}, phases=(), memory={}, averaged=(), discriminate=None), _steps(file)


def check_sizes(sizes: Mapping[str, int], place: str) -> None:
    """Raise UsageError for a file that is larger than any valid file of its kind.

    Args:
        sizes: size in bytes by file name.
        place: what contains the files, for the message.
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
