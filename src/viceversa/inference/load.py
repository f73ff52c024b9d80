"""Load the model of a run, or of an exported ONNX file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

from torch import nn

from viceversa.core.method import Builder, Method
from viceversa.core.space import Space
from viceversa.device import Device, device_named
from viceversa.errors import UsageError, unknown
from viceversa.inference.familiarity import FILE, load_familiarity
from viceversa.inference.model import Model
from viceversa.inference.onnx_translator import Graph, OnnxReader, OnnxTranslator, destination_of
from viceversa.metrics.labeller import Labeller, load_labeller
from viceversa.recipes import builder
from viceversa.runs.exported.description import described
from viceversa.runs.pretrained import restore_generator, run_folder
from viceversa.runs.record import read_record
from viceversa.runs.selection import Checkpoint, best_checkpoint
from viceversa.runs.weights import check_shapes, latest_checkpoint, restore_weights


def load(run: str | Path, *, build: Builder | None = None, checkpoint: Checkpoint = "best", device: Device = "auto") -> Model:
    """The model of a run, with averaged weights where it has them; `avatars` or `icons`, which come with the package; or the model
    of an ONNX file that `viceversa export` wrote, which runs on the CPU.

    build: the function that the run was trained with, for a custom method. checkpoint: the "best" one, or the last where
    a run has none that was chosen; or the "last". device: where its networks compute: "auto" is CUDA, Apple's MPS or the CPU, the
    first that there is. Raises UsageError.
    """
    chosen = device_named(device)
    if Path(run).suffix.lower() == ".onnx" and not Path(run).is_dir():
        return _exported(Path(run)).to(chosen)
    folder = run_folder(run)
    if folder != Path(run):
        return _packaged(folder).to(chosen)
    record = read_record(folder)
    if record.build and build is None:
        own = f"{str(run)!r} was trained with a custom method, {record.build}"
        raise UsageError(f"{own}: load it in Python with viceversa.load(run, build=FUNCTION).")
    weights = _chosen(folder, checkpoint)
    if weights is None:
        raise UsageError(f"{str(run)!r} has no checkpoint yet.")
    if build is None:
        check_shapes(weights, builder(record.recipe), record.space)
    method = builder(record.recipe, build)(record.space)
    restore_weights(weights, method, averaged=record.recipe.training.average > 0)
    method.networks.eval().requires_grad_(False)
    labeller = _labeller(folder / "labeller.safetensors", record.space)
    familiarity = load_familiarity(folder / FILE)
    return Model(folder.resolve().name, method, record, labeller, int(weights.name), run=folder, familiarity=familiarity).to(chosen)


def _packaged(folder: Path) -> Model:
    """A model that comes with the package, without its discriminator."""
    record = read_record(folder)
    method = replace(builder(record.recipe)(record.space), discriminate=None)
    steps = restore_generator(folder, method)
    method.networks.eval().requires_grad_(False)
    labeller, familiarity = load_labeller(folder / "labeller.safetensors"), load_familiarity(folder / FILE)
    return Model(folder.name, method, record, labeller, steps, familiarity=familiarity)


def _exported(path: Path) -> Model:
    """The model of an exported file, with the files beside it for the other directions and for styles."""
    description = described(path)
    space = description.record.space
    graphs, styles = (
        {key: Graph(path.with_name(name)) for key, name in files.items()} for files in (description.files, description.styles)
    )
    method = Method(
        translator=OnnxTranslator(graphs),
        networks=nn.ModuleDict(),
        optimizers={},
        phases=(),
        destination=destination_of(description, styles),
        latent=description.latent,
        returns=next(iter(space.images)) in graphs,
    )
    accuracy = description.labeller
    reader = OnnxReader(graphs[description.target], space.label_width)
    labeller = None if accuracy is None else Labeller(reader, space, accuracy, None)
    return Model(path.name, method, description.record, labeller, description.step)


def _chosen(run: Path, checkpoint: Checkpoint) -> Path | None:
    """The folder of the checkpoint asked for; None where the run has none at all. Raises UsageError."""
    if checkpoint not in get_args(Checkpoint):
        raise unknown("checkpoint", checkpoint, get_args(Checkpoint))
    return (best_checkpoint(run) if checkpoint == "best" else None) or latest_checkpoint(run)


def _labeller(path: Path, space: Space) -> Labeller | None:
    """The labeller of a run for that space, if it has one."""
    if not path.exists():
        return None
    labeller = load_labeller(path)
    channels = [[spec.channels for spec in each.images.values()] for each in (labeller.space, space)]
    if labeller.space.attributes != space.attributes or channels[0] != channels[1]:
        raise UsageError(f"the labeller {str(path)!r} is for other attributes or other images than this run: remove it.")
    return labeller
