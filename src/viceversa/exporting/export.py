"""Write a run as ONNX files: `vv.export`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from viceversa.core.method import Builder
from viceversa.errors import UsageError
from viceversa.exporting.conversion import check_packages
from viceversa.exporting.files import contents
from viceversa.exporting.names import names_of
from viceversa.exporting.parity import Parity, parity
from viceversa.files import write_atomically
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.metrics.labeller import Labeller
from viceversa.runs.exported.description import described
from viceversa.runs.pretrained import run_folder
from viceversa.runs.selection import Checkpoint


@dataclass(frozen=True)
class Exported:
    """Result of an export.

    Args:
        files: the files written.
        takes: which images each translation takes, in words.
        parity: agreement with PyTorch.
    """

    files: tuple[Path, ...]
    takes: Mapping[Path, str]
    parity: Parity


def export(
    run: str | Path,
    out: str | Path,
    *,
    labeller: bool = False,
    build: Builder | None = None,
    checkpoint: Checkpoint = "best",
    overwrite: bool = False,
) -> Exported:
    """Write a run as ONNX files, which take and return images uint8 (N, H, W, C) (docs/export.md).

    Most runs become one file. A method that translates to several spaces becomes one file for each, NAME-TARGET.onnx: CycleGAN in
    both directions, and StarGAN on several labeled sets. StarGAN v2 also has NAME-style.onnx and NAME-reference.onnx.

    Args:
        run: folder of a run, or a packaged model.
        out: name of the file, such as "model.onnx".
        labeller: include the run's labeller, which predicts attributes whose columns are NaN.
        build: function that builds the method, if the run was trained with a custom one.
        checkpoint: "best" or "last".
        overwrite: replace existing files.

    Raises:
        UsageError: If a package is missing, the run cannot be loaded, files exist, or the graphs differ from PyTorch. Nothing is
            written then.
    """
    check_packages()
    out = Path(out)
    if out.suffix != ".onnx":
        raise UsageError(f"`out={str(out)!r}`: give the name of a file that ends in .onnx.")
    if Path(run).suffix == ".onnx":
        raise UsageError(f"{str(run)!r} is an ONNX file already: give the folder of a run.")
    model = load(run, build=build, checkpoint=checkpoint, device="cpu")
    reader = _reader(model) if labeller else None
    names = names_of(model, out)
    files = tuple(out.with_name(name) for name in names.all)
    if not overwrite and (there := [path for path in files if path.exists()]):
        raise UsageError(f"{str(there[0])!r} exists already: choose another name with `out`, or replace it with `overwrite=True`.")
    card = run_folder(run) / "card.md"
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    with tempfile.TemporaryDirectory() as folder:
        drafts = [Path(folder) / path.name for path in files]
        for name, content in contents(model, names, reader, text):
            (Path(folder) / name).write_bytes(content)
        found = parity(model, load(drafts[0], device="cpu"), [*names.files])
        found.check()
        takes = {path: described(draft).takes for path, draft in zip(files[: len(names.files)], drafts, strict=False)}
        for path, draft in zip(files, drafts, strict=True):
            write_atomically(path, draft.read_bytes())
    return Exported(files, takes, found)


def _reader(model: Model) -> Labeller:
    """Return the labeller of a model. Raises UsageError if it has none."""
    if model.reader is None or not model.routing.described:
        raise UsageError(f"{model.name!r} has no labeller that reads attributes: leave out `labeller`.")
    return model.reader
