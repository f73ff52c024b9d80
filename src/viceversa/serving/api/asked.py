"""Bodies of requests: their fields, checks, and reading them from JSON or from a form."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from viceversa.serving.api.messages import Form
from viceversa.serving.api.problems import Problem

_MOST_FIELDS = 64
"""Maximum number of fields, and of files, in a form."""


def _decoded(value: Any) -> Any:
    """Decode a text in base64; return other values unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("an image in JSON must be a text in base64") from None


def _list(value: Any) -> Any:
    """Return a list with the value in it; a list is returned unchanged."""
    return value if isinstance(value, list | tuple) else [value]


File = Annotated[
    bytes,
    BeforeValidator(_decoded),
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "description": "content of an image file, in base64"}),
]
"""Content of an image file."""
Wished = Annotated[
    str | dict[str, str | bool | float],
    Field(
        description='attributes and their values, as "glasses=yes,hair=blond" or {"glasses": "yes"}, or the name of a space',
        examples=["glasses=yes"],
    ),
]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Body(BaseModel):
    """Body of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Translation(Body):
    """Fields that a translation and a chain have in common."""

    image: File
    model: str | None = Field(None, description="name of the model; by default the first one that is served")
    source: Wished = Field("", description="what the image shows, in the same form; the labeller predicts what it does not name")
    strength: Finite = Field(1.0, description="strength of an edit of attributes: 0 is no change, 1 is the full edit")
    seed: int = Field(0, ge=0, lt=2**63, description="seed of the random style, for methods with styles")
    reference: File | None = Field(None, description="an image whose style to copy, for methods with styles")
    full_size: bool = Field(False, description="keep the image's size, transparency and color profile")
    format: Form = Field("png", description="format of the result")


class TranslateBody(_Translation):
    """Translate an image to a target."""

    to: Wished


class ChainBody(_Translation):
    """Translate an image to each target in turn."""

    to: Annotated[list[Wished], BeforeValidator(_list), Field(min_length=1, max_length=32)]


class StylizeBody(Body):
    """Paint the content of an image in the style of others."""

    content: File
    style: Annotated[list[File], BeforeValidator(_list), Field(min_length=1, max_length=8)]
    strength: Finite | None = Field(None, ge=0, description="weight of the style; by default that of the preset")
    size: int = Field(256, ge=64, le=1024, description="long side of the picture in pixels")
    evaluations: int | None = Field(None, ge=1, le=2000, description="evaluations of the loss: more of them take longer")
    keep_colors: bool = Field(False, description="keep the colors of the content")


AnyBody = TypeVar("AnyBody", bound=Body)


async def read(request: Request, kind: type[AnyBody], seconds: float) -> AnyBody:
    """Read and check the body of a request.

    Raises Problem with status 400 if it cannot be parsed, 408 if it arrives too slowly, 415 for another type, and 422 for a bad
    value.

    Args:
        request: the request.
        kind: class of the body.
        seconds: time limit.
    """
    try:
        async with asyncio.timeout(seconds):
            values = await _values(request, kind)
    except TimeoutError:
        raise Problem(408, f"the body did not come in {seconds:g} s.") from None
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise Problem(422, "; ".join(f"{_place(each['loc'])}: {each['msg']}" for each in error.errors()[:3])) from None


async def _values(request: Request, kind: type[Body]) -> Any:
    """Return the fields of a body before they are checked. Raises Problem."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "application/json":
        return _json(await request.body())
    if media == "multipart/form-data":
        return await _form(request, kind)
    raise Problem(415, "send a body of the type application/json or multipart/form-data.")


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is no JSON.") from None


async def _form(request: Request, kind: type[Body]) -> dict[str, Any]:
    """Return the fields of a form by name. List fields may occur several times."""
    try:
        async with request.form(max_files=_MOST_FIELDS, max_fields=_MOST_FIELDS, max_part_size=2**20) as form:
            values: dict[str, Any] = {}
            for name, value in form.multi_items():
                values.setdefault(name, []).append(await value.read() if isinstance(value, UploadFile) else value)
    except (HTTPException, KeyError, ValueError, AssertionError) as error:
        raise Problem(400, f"the form cannot be read: {getattr(error, 'detail', error)}") from None
    many = {name for name, field in kind.model_fields.items() if _is_list(field.annotation)}
    twice = next((name for name, found in values.items() if len(found) > 1 and name not in many), None)
    if twice is not None:
        raise Problem(422, f"{twice}: give it once.")
    return {name: found if name in many else found[0] for name, found in values.items()}


def _is_list(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is list


def _place(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location if part != "str") or "body"


def schema_of(kind: type[Body]) -> dict[str, Any]:
    """Return the OpenAPI description of a body: as JSON, and as a form in which images are files."""
    schema = kind.model_json_schema()
    form = {**schema, "properties": {name: _as_files(each) for name, each in schema["properties"].items()}}
    return {"required": True, "content": {"application/json": {"schema": schema}, "multipart/form-data": {"schema": form}}}


def _as_files(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a field with files instead of texts in base64."""
    if schema.get("contentEncoding") == "base64":
        return {"type": "string", "format": "binary", "description": "an image file"}
    parts = {key: [_as_files(each) for each in schema[key]] for key in ("anyOf",) if key in schema}
    items = {"items": _as_files(schema["items"])} if "items" in schema else {}
    return {**schema, **parts, **items}
