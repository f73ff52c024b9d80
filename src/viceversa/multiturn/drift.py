"""Measure the drift of editors from folders of images: `vv.drift`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from viceversa.core.routing import routing_of
from viceversa.data.sources import is_built_in, open_dataset
from viceversa.device import Device, device_named
from viceversa.errors import UsageError, quoted
from viceversa.images.fitting import fitted
from viceversa.images.pixels import Pixels
from viceversa.metrics.clock import Clock
from viceversa.metrics.labeller_training import independent_labeller
from viceversa.metrics.perceptual import PerceptualNetwork, lite0_at, vgg16_at
from viceversa.multiturn.curves import Curves, differences
from viceversa.multiturn.layouts import read_turns
from viceversa.multiturn.measures import MEASURES, Measure
from viceversa.multiturn.measuring import Judges, Reads
from viceversa.multiturn.report import PAGE, VALUES, DriftReport
from viceversa.multiturn.stored import measure_turns
from viceversa.multiturn.strips import strips
from viceversa.multiturn.turns import Turns
from viceversa.multiturn.verdict import verdict
from viceversa.progress import say

SIDE = 256
"""Height and width in pixels to which images are resized for perceptual distances."""


def drift(
    folders: str | Path | Sequence[str | Path] | Mapping[str, str | Path],
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    weights: str | Path | None = None,
    side: int = SIDE,
    device: Device = "auto",
    quiet: bool = False,
) -> DriftReport:
    """Measure what repeated editing does to images (docs/drift.md). Needs no model and no labels.

    Args:
        folders: images of each editor: a folder of `<id>/turn0.png, turn1.png, ...`, a table (CSV: id, turn, file), or another
            layout listed in docs/drift.md. Several editors are compared with the first one, paired by id. An editor is named by the
            key of a mapping, by the text before "=" in "NAME=FOLDER", or by its folder.
        out: folder for drift.html, drift.json and model-index.yaml. Measurements are stored there and not repeated.
        overwrite: replace an existing report.
        weights: safetensors file of VGG-16, for a second perceptual distance.
        side: height and width in pixels to which images are resized for perceptual distances.
        device: device of the networks, as in `load`.
        quiet: show no progress.

    Raises:
        UsageError: If a folder has no chains, two editors have the same name, or a report exists already.
    """
    clock = Clock()
    if out is not None and not overwrite and (Path(out) / PAGE).exists():
        raise UsageError(f"{quoted(str(out))} holds a report already: choose another folder with `out`, or add `overwrite=True`.")
    if not isinstance(side, int) or not 32 <= side <= 1024:
        raise UsageError(f"side = {side}: give 32 to 1024 pixels.")
    chosen = device_named(device)
    read = [read_turns(Path(folder), name) for name, folder in named(folders)]
    check_names([turns.name for turns in read])
    networks = [lite0_at(side, chosen), *([vgg16_at(side, Path(weights), chosen)] if weights else [])]
    readers: dict[tuple[str, int | None] | None, Reads | None] = {}
    editors = []
    with clock.part("measuring"):
        for turns in read:
            data = labels_of(turns)
            if data not in readers:
                readers[data] = reader(*data, chosen, quiet) if data else None
            judges = Judges(networks, _key(networks, side, weights, data), readers[data])
            values = measure_turns(turns, judges, None if out is None else Path(out) / VALUES, quiet=quiet)
            editors.append(Curves(turns.name, values, turns.problems, turns.facts))
    if not any(editor.last for editor in editors):
        first = next((line for editor in editors for chain in editor.chains for line in chain.problems), "")
        raise UsageError(f"nothing could be measured: {first or 'there is no image after a source.'}")
    measures = [each for each in MEASURES if any(each in taken for editor in editors for taken in _taken(editor))]
    found = differences(editors, measures)
    with clock.part("pictures"):
        pictures = strips(read, editors)
    report = DriftReport(editors, measures, found, verdict(editors, found), pictures, _facts(editors, networks, side, clock))
    if out is not None:
        report.save(out)
    return report


def named(folders: str | Path | Sequence[str | Path] | Mapping[str, str | Path]) -> list[tuple[str | None, str | Path]]:
    """Return each folder with the given name of its editor, if there is one. Raises UsageError."""
    if isinstance(folders, Mapping):
        pairs: list[tuple[str | None, str | Path]] = [*folders.items()]
    elif isinstance(folders, str | Path):
        pairs = [_pair(folders)]
    else:
        pairs = [*map(_pair, folders)] if isinstance(folders, list | tuple) else []
    if not pairs or not all(isinstance(folder, str | Path) and str(folder).strip() for _, folder in pairs):
        raise UsageError("there is no folder to measure: give at least one, as a path.")
    return pairs


def check_names(names: Sequence[str]) -> None:
    """Raise UsageError if two editors have the same name."""
    for number, name in enumerate(names):
        if name in names[:number]:
            raise UsageError(f"two editors are called {quoted(name)}: give each a name of its own, as in NAME=FOLDER.")


def _pair(folder: str | Path) -> tuple[str | None, str | Path]:
    name, equals, place = str(folder).partition("=")
    if not isinstance(folder, str) or not equals or Path(folder).exists():
        return None, folder
    if not name.strip() or not place:
        raise UsageError(f"{quoted(folder)} is not of the form NAME=FOLDER.")
    return name, place


def labels_of(turns: Turns) -> tuple[str, int | None] | None:
    """Return the built-in data set, and its size, to which the requests of the turns refer; None if there is none.

    A folder may be untrusted, so its run.json never leads to other files.
    """
    data, size = turns.facts.get("data", ""), turns.facts.get("size", "")
    asked = any(turn.asked for chain in turns.chains for turn in chain.turns.values())
    return (data, int(size) if size.isdecimal() else None) if asked and is_built_in(data) else None


def reader(data: str, size: int | None, device: torch.device, quiet: bool) -> Reads | None:
    """Return a function that says by a labeller whether an image shows the requested attributes; None if the labeller is not
    accurate.

    The labeller is trained at its first use, which takes minutes, and then kept in the cache.

    Args:
        data: name of the data set.
        size: size of its images.
        device: device of the labeller.
        quiet: show no progress.
    """
    say(f"a labeller of {data} reads whether attributes are as asked; it is trained the first time", quiet=quiet)
    dataset = open_dataset(data, size)
    if not routing_of(dataset.space).question:
        return None
    labeller = independent_labeller(dataset, device=device, quiet=quiet)
    if not labeller.trusted:
        return None
    spec = next(iter(labeller.space.images.values()))  # with two spaces, a labeller exists only if both have the same size

    def reads(image: Pixels, asked: str) -> bool:
        flat = fitted(image, (spec.height, spec.width))
        flat = flat[..., :1] if spec.channels == 1 else flat.repeat(3, 2) if flat.shape[2] == 1 else flat
        found = labeller.read(flat[None])
        return bool(labeller.space.agrees(found, labeller.space.edited(found, asked)).all())

    return reads


def _key(networks: Sequence[PerceptualNetwork], side: int, weights: str | Path | None, data: object) -> str:
    """Return what values depend on, besides the images."""
    digest = hashlib.sha256(Path(weights).read_bytes()).hexdigest() if weights else ""
    return f"{[network.name for network in networks]} {side} {digest} {data}"


def _taken(editor: Curves) -> list[Mapping[Measure, float]]:
    return [taken for chain in editor.chains for turn in chain.turns.values() for taken in turn.distances.values()]


def _facts(editors: Sequence[Curves], networks: Sequence[PerceptualNetwork], side: int, clock: Clock) -> dict[str, str]:
    facts = {}
    for editor in editors:
        said = "".join(f"; {name} {value}" for name, value in (editor.facts or {}).items())
        facts[f"images of {editor.name}"] = f"{len(editor.chains)} chains of up to {editor.last} turns{said}"
        if editor.resized:
            rule = (
                "such images are cut to the source's proportions in the middle and resized to it (bicubic) before they are compared"
            )
            facts[f"sizes of {editor.name}"] = f"{editor.resized} chains change their size; {rule}"
    facts["pixels"] = "all images upright, 8 bits, first frame; what is transparent lies on white"
    facts["perceptual distances"] = f"{', '.join(network.name for network in networks)}; images resized to {side} x {side} px"
    facts["intervals"] = "95 %, by the bootstrap over chains; they do not cover other seeds of an editor"
    return facts | {"time": clock.in_words()}
