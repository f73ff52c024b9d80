"""Metadata of an exported ONNX file, as JSON: inputs, attributes, sizes, and the record of the run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError

from viceversa.core.method import Latent
from viceversa.core.space import Space
from viceversa.errors import UsageError, quoted
from viceversa.recipes.settings import FROZEN
from viceversa.runs.exported.session import opened
from viceversa.runs.hub import is_on_hub
from viceversa.runs.pretrained import run_folder
from viceversa.runs.record import Record, read_record

KEY, CARD = "viceversa", "card"
"""Keys of the metadata: the description, and the model card if there is one."""
FORMAT = 1
StyleInput = Literal["code", "reference"]
FileName = Annotated[str, Field(pattern=r"^[^/\\]+\.onnx$")]


class Columns(BaseModel):
    """An attribute of a label: its name, the values it can have, and the indices of its columns, from 0."""

    model_config = FROZEN

    name: str
    values: tuple[str, ...]
    columns: tuple[int, ...]


class Description(BaseModel):
    """Metadata of an exported file.

    Args:
        format: version of the description.
        name: name of the run.
        step: number of training steps.
        source, target: spaces between which the file translates; with labels, both are the one space.
        inputs, outputs: type, shape and meaning of each input and output, by name.
        attributes: meaning of the label's columns.
        multiple: the graph pads sides of images to multiples of this number; None if it takes only the trained size.
        weight: peak memory of the network in bytes per pixel.
        files: files of all translations of the run, by target space.
        styles: files that compute styles from codes and from reference images.
        latent: the latent codes.
        labeller: accuracy of the labeller inside, if there is one.
        record: record of the run. All files lie in the same folder.
    """

    model_config = FROZEN

    format: int = FORMAT
    name: str
    step: int
    source: str
    target: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    attributes: tuple[Columns, ...]
    multiple: int | None = Field(gt=0)
    weight: float = Field(ge=0)
    files: Mapping[str, FileName]
    styles: Mapping[StyleInput, FileName]
    latent: Latent | None
    labeller: float | None
    record: Record

    @property
    def takes(self) -> str:
        """The images that the file takes, in words."""
        spec = self.record.space.images[self.source]
        only = f"images of {spec.width}x{spec.height} pixels only, because the network is built for that size"
        return only if self.multiple is None else "images of any size"


def columns_of(space: Space) -> tuple[Columns, ...]:
    """Return the attributes of a space with their columns."""
    found, first = [], 0
    for attribute in space.attributes:
        found.append(Columns(name=attribute.name, values=attribute.values, columns=range(first, first + attribute.width)))
        first += attribute.width
    return tuple(found)


def described(path: Path) -> Description:
    """Return the metadata of an exported ONNX file.

    Raises UsageError if the file cannot be opened, was not exported by this package, or has a damaged description.
    """
    text = opened(path, quickly=True).get_modelmeta().custom_metadata_map.get(KEY)
    if text is None:
        raise UsageError(f"{quoted(str(path))} was not exported by viceversa: it can be measured, but not loaded.")
    try:
        return Description.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or KEY
        broken = f"{quoted(str(path))} has damaged metadata, or is from another version of viceversa"
        raise UsageError(f"{broken}: {place}: {first['msg']}.") from None


def is_exported(run: str | Path) -> bool:
    """Return whether the path is an ONNX file that this package exported."""
    path = Path(run)
    if path.suffix.lower() != ".onnx" or not path.is_file():
        return False
    with suppress(UsageError):  # the error is reported when the file is opened
        return KEY in opened(path, quickly=True).get_modelmeta().custom_metadata_map
    return False


def is_run(run: str | Path) -> bool:
    """Return whether the name can be loaded: the folder of a run, a packaged model, or an exported file. A name on the hub is
    accepted without asking the hub."""
    return is_on_hub(run) or (run_folder(run) / "recipe.json").exists() or is_exported(run)


def record_of(run: str | Path) -> Record:
    """Return the record of a run or an exported file. Raises UsageError."""
    return described(Path(run)).record if is_exported(run) else read_record(run_folder(run))
