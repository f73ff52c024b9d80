"""The first lines of a training: what is trained, on what, where, and where its files are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import nn

from viceversa.data.dataset import Dataset
from viceversa.domains import ImageSpec


def data_line(dataset: Dataset) -> str:
    """The data set's name, and each space's images: how many in each split, and of which size."""
    spaces = [
        f"{name} {', '.join(f'{len(images[name]):,} {split}' for split, images in dataset.splits.items())}, {_form(spec)}"
        for name, spec in dataset.space.images.items()
    ]
    return f"{dataset.name}: {'; '.join(spaces)}"


def model_line(name: str, networks: nn.ModuleDict) -> str:
    """The recipe, and how many parameters its networks have."""
    counts = {each: sum(weight.numel() for weight in network.parameters()) for each, network in networks.items()}
    parts = ", ".join(f"{each} {count:,}" for each, count in counts.items())
    return f"{name}: {sum(counts.values()):,} parameters ({parts})"


def device_line(accelerator: Accelerator, precision: str, batch: int) -> str:
    """The device, the number of processes, the precision, and the size of a batch."""
    device = accelerator.device
    where = f"{device.type} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type
    several = f", {accelerator.num_processes} processes" if accelerator.num_processes > 1 else ""
    return f"{where}{several}, {precision}, batches of {batch}"


def files_line(run: Path) -> str:
    """Where pictures and logs are."""
    return f"pictures and curves in {run / 'index.html'}, log in {run / 'train.log'}, TensorBoard's in {run / 'events'}"


def spoken(lines: Mapping[str, str]) -> list[str]:
    """The lines as they are printed, one below the other."""
    return [f"{name + ':':<8}{line}" for name, line in lines.items()]


def _form(spec: ImageSpec) -> str:
    channels = {1: "gray", 3: "RGB"}.get(spec.channels, f"{spec.channels} channels")
    return f"{spec.width}x{spec.height} {channels}"
