"""Weights in a run's folder. Each checkpoint is a folder that is either complete or absent.

    RUN/checkpoints/00001000/networks.safetensors   the weights that are trained
                             averages.safetensors   the moving averages of averaged networks, used to translate
                             training.pt            step, optimizers, and the method's memory (training/checkpoints.py)
                             manifest.json          size and SHA-256 of the others

A checkpoint is damaged if its files differ from its manifest; then the checkpoint before it is used.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from math import prod
from pathlib import Path

import safetensors.torch
import torch
from pydantic import TypeAdapter, ValidationError

from viceversa.core.method import Builder, Method
from viceversa.core.space import Space
from viceversa.errors import UsageError
from viceversa.files import remove, write_atomically
from viceversa.progress import say

FILES = ("networks.safetensors", "averages.safetensors", "training.pt")
MANIFEST = "manifest.json"
_MOST_LACKING = 10**9
"""Maximum number of weights that a file may lack, such as the discriminators of a model that only translates."""
_SEALS = TypeAdapter(dict[str, tuple[int, str]])
"""Size in bytes and SHA-256 of each file, by name."""


def write_sealed(final: Path, contents: Mapping[str, bytes]) -> None:
    """Write a folder with these files and their manifest under a temporary name, then rename it. Raises OSError."""
    seals = {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in contents.items()}
    final.parent.mkdir(exist_ok=True)  # without parents: a run's folder that was removed is not made again
    partial = Path(tempfile.mkdtemp(dir=final.parent, prefix=".partial-"))
    try:
        for name, content in {**contents, MANIFEST: (json.dumps(seals, indent=2) + "\n").encode()}.items():
            write_atomically(partial / name, content)
        remove(final)
        partial.rename(final)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def keep_only(folder: Path, kept: Collection[Path]) -> None:
    """Remove the other sealed folders, and half-written ones."""
    for old in [*(path for path in numbered(folder) if path not in kept), *folder.glob(".partial-*")]:
        with suppress(OSError):
            remove(old)


def latest_checkpoint(run: Path, *, quiet: bool = False) -> Path | None:
    """Return the folder of a run's last complete checkpoint; None if there is no checkpoint.

    Unless quiet, damaged files of later checkpoints are reported on standard error. Raises UsageError if all are damaged.
    """
    whole, damaged = last_whole(run)
    for file in damaged:
        if whole is None:
            damage = f"{str(file)!r} is missing or damaged"
            raise UsageError(f"{str(run)!r} has no complete checkpoint: {damage}. Start a new training.")
        if not quiet:
            rest = f"taking the checkpoint of step {int(whole.name)}, which is complete"
            say(f"viceversa: {str(file)!r} is missing or damaged: {rest}.")
    return whole


def restore_weights(checkpoint: Path, method: Method, *, averaged: bool = False) -> None:
    """Load a checkpoint's weights into a method.

    Args:
        checkpoint: folder of the checkpoint.
        method: the method.
        averaged: whether to load moving averages where there are some.

    Raises:
        UsageError: If a file cannot be read or belongs to another method.
    """
    load_weights(checkpoint / "networks.safetensors", method)
    if averaged:
        load_weights(checkpoint / "averages.safetensors", method)


def check_shapes(file: Path, build: Builder, space: Space) -> None:
    """Raise UsageError if a packaged method's weights have other shapes than those in the file.

    This is checked before memory is allocated, because a recipe.json may ask for any amount.
    """
    with torch.device("meta"):
        own = {name: list(value.shape) for name, value in build(space).networks.state_dict().items()}
    try:
        with safetensors.safe_open(file, "pt") as stored:
            shapes = {name: stored.get_slice(name).get_shape() for name in stored.keys()}  # noqa: SIM118  (not a mapping)
    except Exception as error:  # what is in the file may be anything
        raise UsageError(f"cannot read the checkpoint file {str(file)!r}: {error}.") from error
    for name, shape in shapes.items():
        if own.get(name) != shape:
            lacks = f"this method has no weight {name} {tuple(shape)}"
            raise UsageError(f"{str(file)!r} is the checkpoint of another method: {lacks}.")
    lacking = sum(prod(shape) for name, shape in own.items() if name not in shapes)
    if lacking > _MOST_LACKING:
        raise UsageError(f"{str(file)!r} is the checkpoint of another method: it lacks {lacking:,} weights of this method.")


def numbered(folder: Path) -> list[Path]:
    """Return the entries of a folder that are named after a step, in the order of steps."""
    paths = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in paths if path.name.isascii() and path.name.isdigit())


def last_whole(run: Path) -> tuple[Path | None, list[Path]]:
    """Return the last complete checkpoint, and a damaged file of each later one."""
    damaged: list[Path] = []
    for checkpoint in reversed(numbered(run / "checkpoints")):
        file = damaged_file(checkpoint)
        if file is None:
            return checkpoint, damaged
        damaged.append(file)
    return None, damaged


def damaged_file(checkpoint: Path, files: Collection[str] = FILES) -> Path | None:
    """Return the first of a checkpoint's files that does not match its manifest; None if all match. Only regular files are
    opened."""
    file = manifest = checkpoint / MANIFEST
    try:
        seals = _SEALS.validate_json(manifest.read_bytes() if manifest.is_file() else b"")
        if seals.keys() != set(files):
            return manifest
        for name, (size, digest) in seals.items():
            file = checkpoint / name
            if not file.is_file() or file.stat().st_size != size:
                return file
            with file.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                    return file
    except (OSError, ValidationError):
        return file
    return None


def flat(method: Method, only: tuple[str, ...] | None = None) -> dict[str, torch.Tensor]:
    """Return the state of the networks by "network.parameter", copied to the CPU. only: names of the networks; None for all."""
    state = method.networks.state_dict()
    return {
        name: value.detach().to("cpu").contiguous().clone()
        for name, value in state.items()
        if only is None or name.split(".")[0] in only
    }


def load_weights(file: Path, method: Method) -> None:
    """Load the tensors of a file. Each must have its place, shape and type, and be finite. Raises UsageError otherwise.

    A file of averages may lack whole networks, of which no average was kept when the run was made.
    """
    stored = tensors_of(file)
    kept = {name.split(".")[0] for name in stored} if file.name.startswith("averages") else {*method.networks}
    place(stored, method, kept, file)


def tensors_of(file: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a safetensors file. Raises UsageError."""
    try:
        return safetensors.torch.load_file(file)
    except Exception as error:  # what is in the file may be anything
        raise UsageError(f"cannot read the checkpoint file {str(file)!r}: {error}.") from error


def place(stored: Mapping[str, torch.Tensor], method: Method, needed: Collection[str], file: Path) -> None:
    """Load tensors into a method's networks. Each must have its place, shape and type, and be finite.

    Args:
        stored: tensors by "network.parameter".
        method: method that receives them.
        needed: names of networks that must be complete.
        file: file of the tensors, for messages.

    Raises:
        UsageError: If a tensor does not fit or is missing.
    """
    own = method.networks.state_dict()
    for name, value in stored.items():
        if name not in own or own[name].shape != value.shape or own[name].dtype != value.dtype:
            odd = f"this method has no weight {name} {tuple(value.shape)} of {value.dtype}"
            raise UsageError(f"{str(file)!r} is the checkpoint of another method: {odd}.")
        if not value.isfinite().all():
            remedy = f"remove {str(file.parent)!r}, or start a new training"
            raise UsageError(f"{str(file)!r} has values in {name} that are not finite: {remedy}.")
    if missing := {name for name in own if name.split(".")[0] in needed} - stored.keys():
        raise UsageError(f"{str(file)!r} is the checkpoint of another method: it lacks {sorted(missing)[0]}.")
    method.networks.load_state_dict(stored, strict=False)
