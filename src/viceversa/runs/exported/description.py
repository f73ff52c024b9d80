"""What an exported ONNX file says of itself, as JSON in its metadata: inputs, attributes, sizes, and the run's record."""

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
"""Keys of the metadata: the description, and the card of a model that has one."""
FORMAT = 1
StyleInput = Literal["code", "reference"]
FileName = Annotated[str, Field(pattern=r"^[^/\\]+\.onnx$")]


class Columns(BaseModel):
    """An attribute, the values that it can have, and its columns of a label, from 0."""

    model_config = FROZEN

    name: str
    values: tuple[str, ...]
    columns: tuple[int, ...]


class Description(BaseModel):
    """What the metadata of an exported file holds.

    name: of the run. step: how many steps it was trained.
    source, target: the spaces that the file translates between; among labels, both are the one space.
    inputs, outputs: by name, with type, shape and meaning in words.
    attributes: what the columns of a label mean.
    multiple: sides of images are padded to multiples of it inside the graph; None: the graph takes the trained size only.
    weight: bytes for each pixel that the network's numbers take at the peak.
    files: target space -> file, for all directions and sets of the run. styles: files that make styles of codes and of reference
    images. All lie in the same folder. latent: the codes.
    labeller: accuracy of the labeller inside, if there is one.
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
    """Return what an ONNX file says of itself.

    Raises UsageError for a file that cannot be opened, one that this package did not export, and a damaged description.
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
    """Whether it is an ONNX file that this package exported."""
    path = Path(run)
    if path.suffix.lower() != ".onnx" or not path.is_file():
        return False
    with suppress(UsageError):  # whoever opens it next says what is wrong
        return KEY in opened(path, quickly=True).get_modelmeta().custom_metadata_map
    return False


def is_run(run: str | Path) -> bool:
    """Whether it can be loaded: the folder of a run, a packaged model, or an exported file. A name on the hub is taken as it is."""
    return is_on_hub(run) or (run_folder(run) / "recipe.json").exists() or is_exported(run)


def record_of(run: str | Path) -> Record:
    """Return the record of what `is_run` knows. Raises UsageError."""
    return described(Path(run)).record if is_exported(run) else read_record(run_folder(run))
