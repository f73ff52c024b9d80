"""recipe.json: the complete description of a run, with the resolved settings, the space of its data, and device and precision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError, model_validator

from viceversa.core.space import Space
from viceversa.errors import UsageError
from viceversa.files import write_atomically
from viceversa.recipes.builders import Settings, with_kind
from viceversa.recipes.settings import FROZEN, Recipe

FORMAT = 1
LARGEST_RECIPE = 2**22
"""Maximum size of a recipe.json in bytes. A label with 10,000 choices takes a fifth of it."""


class Record(BaseModel):
    """Contents of `recipe.json`.

    Args:
        format: version of this file and of the checkpoints.
        recipe: settings.
        dataset: name of the data set, with its version.
        space: space of the data.
        build: name of the function that builds a custom method.
        device, precision: what the settings resolved to.
        changes: changes of settings when the run was continued, such as "step 200: training.steps 200 -> 300".
    """

    model_config = FROZEN

    format: int = FORMAT
    recipe: Recipe[Settings | None]
    dataset: str
    space: Space
    build: str | None = None
    device: str
    precision: str
    changes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Title of the run: the recipe, with its method if the name differs, such as "multicyclic (stargan)"; or the custom
        method."""
        name, kind = self.build or self.recipe.name, self.recipe.method.kind if self.recipe.method else ""
        return f"{name} ({kind})" if kind and kind != name else name

    @model_validator(mode="before")
    @classmethod
    def _of_any_age(cls, values: Any) -> Any:
        match values:
            case {"recipe": {"method": dict(method), **others}, **rest}:
                return {**rest, "recipe": {**others, "method": with_kind(method)}}
            case _:
                return values


def write_record(run: Path, record: Record) -> None:
    """Write RUN/recipe.json."""
    write_atomically(run / "recipe.json", (record.model_dump_json(indent=2) + "\n").encode())


def read_record(run: Path) -> Record:
    """Read RUN/recipe.json. Raises UsageError if the run is missing, is of another version, or has a damaged file."""
    path = run / "recipe.json"
    if not path.is_file():
        raise UsageError(f"there is no run in {str(run)!r}: it has no recipe.json.")
    if path.stat().st_size > LARGEST_RECIPE:
        raise UsageError(f"{str(path)!r} is damaged: it has {path.stat().st_size:,} bytes, and the most is {LARGEST_RECIPE:,}.")
    text = path.read_bytes()
    try:
        _check_format(text, path)
        return Record.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        broken = f"{str(path)!r} is damaged, or from another version of viceversa"
        raise UsageError(f"{broken}: {place}: {first['msg']}.") from None


class _Format(BaseModel):
    format: int


def _check_format(text: bytes, path: Path) -> None:
    """Check the format before anything else, because another format may have other fields."""
    found = _Format.model_validate_json(text).format
    if found != FORMAT:
        raise UsageError(f"{str(path)!r} has format {found}; this version of viceversa reads format {FORMAT}.")


def changed_settings(settings: BaseModel, others: BaseModel) -> Iterator[tuple[str, Any, Any]]:
    """Yield the dotted names of settings that differ, with both values."""
    one, other = (dict(dotted(each.model_dump())) for each in (settings, others))
    yield from ((name, one.get(name), other.get(name)) for name in one | other if one.get(name) != other.get(name))


def dotted(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each setting with its dotted name, such as "training.steps", and its value."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from dotted(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
