"""First lines of a training: method, data, device, and place of the files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from viceversa.core.space import ImageSpec
from viceversa.data.dataset import Dataset
from viceversa.runs.folder import LOG
from viceversa.training.page import PAGE


def first_lines(run: Path, dataset: Dataset, name: str, networks: nn.ModuleDict, device: str, how: str) -> dict[str, str]:
    """Return the lines by name. A fifth line, the time, is known only after the first steps.

    Args:
        run: folder of the run.
        dataset: the data set.
        name: name of the recipe, or of the custom method.
        networks: networks of the method.
        device: the device in words.
        how: precision and batch size in words.
    """
    counts = {each: sum(weight.numel() for weight in network.parameters()) for each, network in networks.items()}
    parts = ", ".join(f"{each} {count:,}" for each, count in counts.items())
    return {
        "data": _data_line(dataset),
        "model": f"{name}: {sum(counts.values()):,} parameters ({parts})",
        "device": f"{device}, {how}",
        "files": f"pictures and curves in {run / PAGE}, log in {run / LOG}, for TensorBoard {run / 'events'}",
    }


def _data_line(dataset: Dataset) -> str:
    """Return the data set's name, and for each space the number of images in each split and their size."""
    spaces = [
        f"{name} {', '.join(f'{len(images[name]):,} {split}' for split, images in dataset.splits.items())}, {_form(spec)}"
        for name, spec in dataset.space.images.items()
    ]
    return f"{dataset.name}: {'; '.join(spaces)}"


def spoken(lines: Mapping[str, str]) -> list[str]:
    """Return the lines as printed, one below the other."""
    return [f"{name + ':':<8}{line}" for name, line in lines.items()]


def _form(spec: ImageSpec) -> str:
    channels = {1: "gray", 3: "RGB"}.get(spec.channels, f"{spec.channels} channels")
    return f"{spec.width}x{spec.height} {channels}"
