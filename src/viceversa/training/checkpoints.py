"""Checkpoints of a training: weights, averages, optimizers and the method's memory.

The state is loaded as data only; no code in it is run. The schedule and the position in the data follow from the step.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from viceversa.core.method import Method
from viceversa.errors import UsageError, is_out_of_memory
from viceversa.runs.weights import FILES, flat, keep_only, last_whole, numbered, restore_weights, write_sealed
from viceversa.training.step import Trainee

KEPT = 2


def save_checkpoint(run: Path, step: int, trainee: Trainee, averages: Method) -> Path:
    """Write the state after `step` steps. The previous checkpoint is kept, older ones are removed.

    Raises UsageError if it cannot be written, as on a full disk; the previous checkpoint is then unchanged.
    """
    folder = run / "checkpoints"
    final = folder / f"{step:08d}"
    state = {
        "step": step,
        "optimizers": {name: optimizer.state_dict() for name, optimizer in trainee.optimizers.items()},
        "memory": {name: memory.state_dict() for name, memory in trainee.method.memory.items()},
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    weights = flat(trainee.method), flat(averages, trainee.method.averaged)
    contents = dict(zip(FILES, [*map(safetensors.torch.save, weights), buffer.getvalue()], strict=True))
    try:
        write_sealed(final, contents)
    except OSError as error:
        last, _ = last_whole(run)
        rest = f"the checkpoint of step {int(last.name)} is intact" if last else "there is no earlier one"
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(f"cannot write the checkpoint of step {step} to {str(folder)!r}: {reason}; {rest}.") from error
    keep_only(folder, [path for path in numbered(folder) if path.name <= final.name][-KEPT:])  # later checkpoints are damaged
    return final


def restore_training(checkpoint: Path, trainee: Trainee, averages: Method) -> int:
    """Restore a training from a checkpoint, and return its step. Raises UsageError."""
    restore_weights(checkpoint, trainee.method)
    restore_weights(checkpoint, averages, averaged=True)
    file = checkpoint / "training.pt"
    state = _training_state(file)
    _same_names(checkpoint, "optimizers", state["optimizers"], trainee.optimizers)
    _same_names(checkpoint, "memory", state["memory"], trainee.method.memory)
    device = next(trainee.method.networks.parameters()).device
    try:
        for name, optimizer in trainee.optimizers.items():
            _restore_optimizer(optimizer, state["optimizers"][name])
        for name, memory in trainee.method.memory.items():
            memory.load_state_dict({key: value.detach().to(device) for key, value in state["memory"][name].items()})
    except Exception as error:  # what is in the file may be anything
        if is_out_of_memory(error):
            raise
        raise UsageError(f"{str(file)!r} is of another training: its {name} does not fit this one.") from error
    return int(state["step"])


def _training_state(file: Path) -> dict[str, Any]:
    """Return the saved step, optimizers and memory, read as data only: code in the file is never run."""
    try:
        with warnings.catch_warnings(action="ignore"):
            state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # what is in the file may be anything
        raise UsageError(f"cannot read the checkpoint file {str(file)!r}: it is missing or damaged.") from error
    match state:
        case {"step": int(step), "optimizers": dict(), "memory": dict()} if step == int(file.parent.name):
            return dict(state)
        case _:
            raise UsageError(f"{str(file)!r} is not the state of a training after step {int(file.parent.name)}.")


def _same_names(checkpoint: Path, what: str, stored: dict[Any, Any], own: Mapping[str, Any]) -> None:
    if stored.keys() != own.keys():
        theirs = sorted(map(str, stored))
        raise UsageError(f"{str(checkpoint)!r} is of another method: its {what} are {theirs}, not {sorted(own)}.")


def _restore_optimizer(optimizer: torch.optim.Optimizer, stored: dict[str, Any]) -> None:
    """Load an optimizer's state. Adam's settings stay those of the method. Raises ValueError and others."""
    if type(optimizer) is not torch.optim.Adam:
        optimizer.load_state_dict(stored)
        return
    optimizer.load_state_dict({"state": stored["state"], "param_groups": optimizer.state_dict()["param_groups"]})
    moments = {weight: _moments(weight, group["amsgrad"]) for group in optimizer.param_groups for weight in group["params"]}
    for weight, state in optimizer.state.items():
        for name, value in state.items():
            state[name] = value.detach().clone()  # tensors in the file may share memory
        if {name: (value.shape, value.dtype, value.layout) for name, value in state.items()} != moments[weight]:
            raise ValueError(f"the moments of a weight of {tuple(weight.shape)} have other shapes or types")


def _moments(weight: torch.Tensor, amsgrad: bool) -> dict[str, tuple[tuple[int, ...], torch.dtype, torch.layout]]:
    """Return names, shapes and types of what Adam stores for a weight."""
    names = ("exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if amsgrad else []))
    return {"step": ((), torch.float32, torch.strided)} | dict.fromkeys(names, (weight.shape, weight.dtype, torch.strided))
