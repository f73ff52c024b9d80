"""Load the model of a run, of a repository on the Hugging Face Hub, or of an exported ONNX file."""

from __future__ import annotations

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
from viceversa.runs.hub import is_on_hub
from viceversa.runs.pretrained import run_folder
from viceversa.runs.published import FILES, WEIGHTS, check_sizes, is_published, restored
from viceversa.runs.record import Record, read_record
from viceversa.runs.selection import Checkpoint, best_checkpoint
from viceversa.runs.weights import check_shapes, latest_checkpoint, restore_weights


def load(run: str | Path, *, build: Builder | None = None, checkpoint: Checkpoint = "best", device: Device = "auto") -> Model:
    """Return the model of a run, with averaged weights where it has them.

    Args:
        run: the folder of a run; `avatars` or `icons`, which come with the package; hf:USER/NAME or hf:USER/NAME@REVISION, a
            repository that `viceversa push` wrote, or a copy of it in a folder; or an ONNX file that `viceversa export` wrote,
            which runs on the CPU. No code in any of them is run.
        build: the function that the run was trained with, for a custom method.
        checkpoint: of a run's folder: the "best" one, or the last where none was chosen; or the "last".
        device: where its networks compute: "auto" is CUDA, Apple's MPS or the CPU, the first that there is.

    Raises:
        UsageError: there is no such model, or it cannot be read.
    """
    chosen = device_named(device)
    if Path(run).suffix.lower() == ".onnx" and not (is_on_hub(run) or Path(run).is_dir()):
        return _exported(Path(run)).to(chosen)
    folder = run_folder(run)
    name = folder.resolve().name if folder == Path(run) else str(run)
    record = read_record(folder)
    if record.build and build is None:
        own = f"{str(run)!r} was trained with a custom method, {record.build}"
        raise UsageError(f"{own}: load it in Python with viceversa.load(run, build=FUNCTION).")
    if is_published(folder):
        return _published(folder, name, record, build).to(chosen)
    weights = _chosen(folder, checkpoint)
    if weights is None:
        raise UsageError(f"{str(run)!r} has no checkpoint yet.")
    if build is None:
        check_shapes(weights / "networks.safetensors", builder(record.recipe), record.space)
    method = builder(record.recipe, build)(record.space)
    restore_weights(weights, method, averaged=record.recipe.training.average > 0)
    method.networks.eval().requires_grad_(False)
    labeller = _labeller(folder / "labeller.safetensors", record.space)
    familiarity = load_familiarity(folder / FILE)
    return Model(name, method, record, labeller, int(weights.name), run=folder, familiarity=familiarity).to(chosen)


def _published(folder: Path, name: str, record: Record, build: Builder | None) -> Model:
    """Return the model of a published folder (runs/published.py)."""
    check_sizes({name: (folder / name).stat().st_size for name in FILES if (folder / name).is_file()}, str(folder))
    file, built = folder / WEIGHTS, builder(record.recipe, build)
    if build is None:
        check_shapes(file, built, record.space)
    method, steps = restored(file, built(record.space))
    method.networks.eval().requires_grad_(False)
    labeller = _labeller(folder / "labeller.safetensors", record.space)
    return Model(name, method, record, labeller, steps, familiarity=load_familiarity(folder / FILE))


def _exported(path: Path) -> Model:
    """Return the model of an exported file, with the files next to it for other directions and for styles."""
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
    """Return the folder of the requested checkpoint; None if the run has none at all. Raises UsageError."""
    if checkpoint not in get_args(Checkpoint):
        raise unknown("checkpoint", checkpoint, get_args(Checkpoint))
    return (best_checkpoint(run) if checkpoint == "best" else None) or latest_checkpoint(run)


def _labeller(path: Path, space: Space) -> Labeller | None:
    """Return the labeller of a run for that space, if it has one."""
    if not path.exists():
        return None
    labeller = load_labeller(path)
    channels = [[spec.channels for spec in each.images.values()] for each in (labeller.space, space)]
    if labeller.space.attributes != space.attributes or channels[0] != channels[1]:
        raise UsageError(f"the labeller {str(path)!r} is for other attributes or other images than this run: remove it.")
    return labeller
