"""The golden record: what six steps of every recipe leave behind on tiny networks, to the last bit.

    python -m golden.record        (in tests/) writes the record anew, after a change that is meant to change results

A change of layout or names must leave it as it is. Names of state dicts hold on every machine; bits only where the processor
and PyTorch are those of the record.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor

from contracts.case import ALIKE, DOMAINS, LINES, PHOTOS, UNALIKE, batch_for
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.core.space import Space
from viceversa.recipes import RECIPES, builder, recipe_named
from viceversa.recipes.settings import Recipe
from viceversa.training.averages import learned_at, update_averages
from viceversa.training.step import Trainee, train_step

RECORD = Path(__file__).with_name("record.json")
STEPS = 6
SMALL = {
    "width": 4, "blocks": 1, "critic_width": 4, "critic_layers": 1, "pool": 3, "projection": 6, "most": 8, "style": 4,
    "latent": 3, "hidden": 6, "encoder_width": 4, "critic_steps": 3,
}  # fmt: skip
SPACES = {
    "stargan": PHOTOS, "fixed-point": PHOTOS, "relgan": PHOTOS, "stgan": PHOTOS, "icgan": PHOTOS, "stargan2": DOMAINS,
    "cyclegan": ALIKE, "better-cycles": ALIKE, "discogan": ALIKE, "cut": ALIKE, "diat": ALIKE, "johnson": ALIKE,
    "augmented-cyclegan": LINES, "pix2pix": LINES,
}  # fmt: skip
"""By the kind of settings."""


def small(recipe: Recipe[Any]) -> Recipe[Any]:
    """The recipe with tiny networks, and with every phase in the first six steps."""
    return recipe.model_copy(update={"method": _shrunk(recipe.method)})


def _shrunk(settings: BaseModel) -> BaseModel:
    changed: dict[str, Any] = {name: SMALL[name] for name, value in settings if name in SMALL and value}  # 0 means by the size
    nested = {name: _shrunk(value) for name, value in settings if isinstance(value, BaseModel)}
    return settings.model_copy(update=changed | nested)


def space_of(recipe: Recipe[Any]) -> Space:
    return UNALIKE if recipe.name == "digits" else SPACES[recipe.method.kind]


def trained(name: str) -> tuple[Trainee, Method, set[str]]:
    """Six steps of a recipe on its tiny networks: the trainee, the averages, and the phases that ran."""
    recipe = small(recipe_named(name))
    space = space_of(recipe)
    build = builder(recipe)
    torch.manual_seed(0)
    trainee = Trainee(build(space))
    averages = build(space)
    ran = set()
    for step in range(STEPS):
        progress = Progress(step, STEPS)
        losses = train_step(trainee, batch_for(trainee.method, space, seed=step), Draws(0, step), progress)
        update_averages(averages, trainee.method, 0.5, learned_at(trainee.method, progress))
        ran |= {loss.partition("/")[0] for loss in losses}
    return trainee, averages, ran


def record(name: str) -> dict[str, str]:
    """The hash of the names and shapes of all that a checkpoint of the recipe holds, and that of its bits.

    Raises ValueError where a phase had no turn.
    """
    trainee, averages, ran = trained(name)
    if idle := {phase.name for phase in trainee.method.phases} - ran:
        raise ValueError(f"{name}: these phases had no turn in {STEPS} steps: {', '.join(sorted(idle))}.")
    state = {
        "networks": trainee.method.networks.state_dict(),
        "averages": {each: averages.networks[each].state_dict() for each in averages.averaged},
        "optimizers": {each: optimizer.state_dict() for each, optimizer in trainee.optimizers.items()},
        "memory": {each: memory.state_dict() for each, memory in trainee.method.memory.items()},
    }
    names, bits = hashlib.sha256(), hashlib.sha256()
    _feed(state, "", names, bits)
    return {"names": names.hexdigest(), "bits": bits.hexdigest()}


def _feed(value: Any, where: str, names: Any, bits: Any) -> None:
    if isinstance(value, Tensor):
        names.update(f"{where} {tuple(value.shape)} {value.dtype};".encode())
        bits.update(value.detach().contiguous().numpy().tobytes())
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            _feed(value[key], f"{where}/{key}", names, bits)
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            _feed(each, f"{where}/{place}", names, bits)
    else:
        names.update(f"{where};".encode())
        bits.update(repr(value).encode())


def machine() -> str:
    """What bits depend on, beside the code."""
    processor = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.processor()
    )
    return f"{processor}, {torch.backends.cpu.get_cpu_capability()}, PyTorch {torch.__version__}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


if __name__ == "__main__":
    torch.set_num_threads(1)
    rows = {name: record(name) for name in RECIPES}
    RECORD.write_text(json.dumps({"format": 1, "machine": machine(), "recipes": rows}, indent=1) + "\n")
    print(f"{RECORD}: {len(rows)} recipes")
