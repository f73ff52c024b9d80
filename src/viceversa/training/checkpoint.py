"""Checkpoints: a folder for each, complete or not there. Weights as safetensors, the rest of the state loaded as data only.

    RUN/checkpoints/00001000/networks.safetensors   the weights that train
                             averages.safetensors   the moving averages of averaged networks, with which to translate
                             training.pt            step, optimizers, and the method's memory (image pools)
                             manifest.json          size and SHA-256 of the others

A checkpoint whose files are not as its manifest has them is damaged, and the one before it is used. The schedule and the
sampler's position are functions of the step.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from pydantic import TypeAdapter, ValidationError

from viceversa.errors import UsageError
from viceversa.files import write_atomically
from viceversa.method import Method
from viceversa.training.step import Trainee

KEPT = 2
MANIFEST = "manifest.json"
_SEALS = TypeAdapter(dict[str, tuple[int, str]])
"""By the name of a file: its size in bytes and its SHA-256."""


def save_checkpoint(run: Path, step: int, trainee: Trainee, averages: Method) -> Path:
    """Writes the state after `step` steps beside the previous ones, of which the last is kept.

    Raises UsageError where it cannot be written, as on a full disk; the previous checkpoint is then as it was.
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
    contents = {
        "networks.safetensors": safetensors.torch.save(_flat(trainee.method)),
        "averages.safetensors": safetensors.torch.save(_flat(averages, trainee.method.averaged)),
        "training.pt": buffer.getvalue(),
    }
    seals = {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in contents.items()}
    contents[MANIFEST] = (json.dumps(seals, indent=2) + "\n").encode()
    partial = None
    try:
        folder.mkdir(exist_ok=True)  # without parents: where the run's folder has vanished, it stays away
        partial = Path(tempfile.mkdtemp(dir=folder, prefix=".partial-"))
        for name, content in contents.items():
            write_atomically(partial / name, content)
        if final.exists():
            shutil.rmtree(final)
        partial.rename(final)
    except OSError as error:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
        last, _ = _last_whole(run)
        rest = f"the checkpoint of step {int(last.name)} is intact" if last else "there is no earlier one"
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(f"cannot write the checkpoint of step {step} to {str(folder)!r}: {reason}; {rest}.") from error
    kept = [path for path in _checkpoints(run) if path.name <= final.name][-KEPT:]  # later ones were found damaged
    for old in [*(path for path in _checkpoints(run) if path not in kept), *folder.glob(".partial-*")]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def latest_checkpoint(run: Path, *, quiet: bool = False) -> Path | None:
    """The folder of the last whole checkpoint of a run; None where there is none at all.

    Damaged files of later ones are named on standard error, unless quiet. Raises UsageError where all are damaged.
    """
    whole, damaged = _last_whole(run)
    for file in damaged:
        if whole is None:
            raise UsageError(f"no checkpoint of {str(run)!r} is whole: {str(file)!r} is missing or damaged. Train it anew.")
        if not quiet:
            rest = f"taking the checkpoint of step {int(whole.name)}, which is whole"
            print(f"viceversa: {str(file)!r} is missing or damaged: {rest}.", file=sys.stderr)
    return whole


def restore_training(checkpoint: Path, trainee: Trainee, averages: Method) -> int:
    """Brings a training to a checkpoint's state and returns how many steps it had. Raises UsageError."""
    restore_weights(checkpoint, trainee.method)
    _load(checkpoint / "averages.safetensors", averages)
    state = _training_state(checkpoint / "training.pt")
    _same_names(checkpoint, "optimizers", state["optimizers"], trainee.optimizers)
    _same_names(checkpoint, "memory", state["memory"], trainee.method.memory)
    for name, optimizer in trainee.optimizers.items():
        optimizer.load_state_dict(state["optimizers"][name])
    device = next(trainee.method.networks.parameters()).device
    for name, memory in trainee.method.memory.items():
        memory.load_state_dict({key: value.to(device) for key, value in state["memory"][name].items()})
    return int(state["step"])


def restore_weights(checkpoint: Path, method: Method, *, averaged: bool = False) -> None:
    """Loads a checkpoint's weights into a method; averaged: the moving averages where there are some. Raises UsageError."""
    _load(checkpoint / "networks.safetensors", method)
    if averaged:
        _load(checkpoint / "averages.safetensors", method)


def _checkpoints(run: Path) -> list[Path]:
    folder = run / "checkpoints"
    return sorted(path for path in folder.iterdir() if path.name.isdigit()) if folder.is_dir() else []


def _last_whole(run: Path) -> tuple[Path | None, list[Path]]:
    """The last checkpoint that is whole, and a damaged file of each later one."""
    damaged: list[Path] = []
    for checkpoint in reversed(_checkpoints(run)):
        file = _damaged(checkpoint)
        if file is None:
            return checkpoint, damaged
        damaged.append(file)
    return None, damaged


def _damaged(checkpoint: Path) -> Path | None:
    """The first file of a checkpoint that is not as the manifest has it, if there is one."""
    file = checkpoint / MANIFEST
    try:
        for name, seal in _SEALS.validate_json(file.read_bytes()).items():
            file = checkpoint / name
            with file.open("rb") as stream:
                if (file.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()) != seal:
                    return file
    except (OSError, ValidationError):
        return file
    return None


def _flat(method: Method, only: tuple[str, ...] | None = None) -> dict[str, torch.Tensor]:
    """The state of the networks by "network.parameter", copied to the CPU."""
    state = method.networks.state_dict()
    return {
        name: value.detach().to("cpu").contiguous().clone()
        for name, value in state.items()
        if only is None or name.split(".")[0] in only
    }


def _load(file: Path, method: Method) -> None:
    """Loads the tensors that a file holds; every one of them must have its place and shape."""
    try:
        stored = safetensors.torch.load_file(file)
    except (OSError, safetensors.SafetensorError) as error:
        raise UsageError(f"cannot read the checkpoint file {str(file)!r}: {error}.") from error
    own = method.networks.state_dict()
    for name, value in stored.items():
        if name not in own or own[name].shape != value.shape:
            odd = f"{name} {tuple(value.shape)} has no place in this one"
            raise UsageError(f"{str(file)!r} is the checkpoint of another method: {odd}.")
    if file.name.startswith("networks") and (missing := own.keys() - stored.keys()):
        raise UsageError(f"{str(file)!r} is the checkpoint of another method: it lacks {sorted(missing)[0]}.")
    method.networks.load_state_dict(stored, strict=False)


def _training_state(file: Path) -> dict[str, Any]:
    """The step, the optimizers and the memory that were saved, read as data only."""
    try:
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise UsageError(f"cannot read the checkpoint file {str(file)!r}: it is missing or damaged.") from error
    return state


def _same_names(checkpoint: Path, what: str, stored: dict[str, Any], own: Any) -> None:
    if stored.keys() != own.keys():
        raise UsageError(f"{str(checkpoint)!r} is of another method: its {what} are {sorted(stored)}, not {sorted(own)}.")
