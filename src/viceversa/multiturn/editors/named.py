"""Editors by name: a run, an ONNX file, a pipeline, a server, a Python function, or a baseline."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from PIL import Image

from viceversa.core.space import Space
from viceversa.device import Device
from viceversa.errors import UsageError, quoted
from viceversa.evaluation.candidates.named import own_name
from viceversa.inference.load import load
from viceversa.multiturn.editors import http, pipelines
from viceversa.multiturn.editors.baselines import nothing, resaving, resizing
from viceversa.multiturn.editors.editor import Edit, Editor
from viceversa.multiturn.editors.function import by_named_function
from viceversa.multiturn.editors.http import Endpoint, address, by_json, by_openai
from viceversa.multiturn.editors.onnx import by_onnx_file
from viceversa.multiturn.editors.pipelines import Diffusion, by_pipeline
from viceversa.multiturn.editors.run import by_model
from viceversa.recipes.user_functions import is_named
from viceversa.runs.exported.description import is_run, record_of

EditorKind = Literal["run", "onnx", "diffusers", "http", "https", "openai", "function", "resave", "resize", "nothing"]

FORMS = (
    "the folder of a run, avatars, hf:USER/NAME, FILE.onnx, diffusers:FOLDER or diffusers:REPOSITORY, http://..., https://..., "
    "openai:BASE_URL, module:function, resave:jpeg:QUALITY, resave:webp:QUALITY, resize:FACTOR, or nothing"
)
"""Forms of names, for messages."""

_PREFIXES: tuple[EditorKind, ...] = ("diffusers", "http", "https", "openai", "resave", "resize")


@dataclass(frozen=True)
class NamedEditor:
    """An editor with the name that a report gives it. It is an editor itself."""

    name: str
    edit: Editor

    def __call__(self, image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        return self.edit(image, edit, seed)


def editor_named(
    spec: str,
    *,
    space: Space | None = None,
    full_size: bool = False,
    diffusion: Diffusion = pipelines.DEFAULTS,
    endpoint: Endpoint = http.DEFAULTS,
    device: Device = "auto",
) -> NamedEditor:
    """Return the editor with this name.

        editor_named("avatars")                                       a packaged model, the folder of a run, or hf:USER/NAME
        editor_named("model.onnx", space=dataset.space)               an ONNX file
        editor_named("diffusers:timbrooks/instruct-pix2pix")          a pipeline: a repository, or a folder
        editor_named("https://example.com/edit")                      a server that speaks JSON
        editor_named("openai:https://api.openai.com/v1")              a server with OpenAI's form of image edits
        editor_named("mine:edit")                                     edit(image, instruction, seed) of mine.py
        editor_named("resave:jpeg:75"), ("resize:2"), ("nothing")     baselines, which ignore the instruction

    Args:
        spec: name in one of these forms.
        space: space of the images, if they have attributes or two spaces; an ONNX file needs it.
        full_size: whether a run keeps the size of each image; otherwise its answers have the size of its training images.
        diffusion: settings of a pipeline.
        endpoint: settings of a server.
        device: device of a run or a pipeline, as in `load`; other editors do not use it.

    Raises:
        UsageError: If the name has none of these forms, it cannot be used, or an option does not apply to it.
    """
    kind, (_, _, rest) = _kind(spec), spec.partition(":")
    _check_options(spec, kind, full_size, diffusion, endpoint)
    match kind:
        case "run":
            return NamedEditor(own_name(spec), by_model(load(spec, device=device), full_size=full_size))
        case "onnx":
            return NamedEditor(own_name(spec), by_onnx_file(Path(spec), space))
        case "diffusers":
            return NamedEditor(own_name(rest), by_pipeline(rest, diffusion, device))
        case "http" | "https":
            return NamedEditor(address(spec), by_json(spec, endpoint))
        case "openai":
            return NamedEditor(endpoint.model or address(rest), by_openai(rest, endpoint))
        case "function":
            return NamedEditor(spec, by_named_function(spec))
        case "resave":
            return NamedEditor(spec, resaving(rest))
        case "resize":
            return NamedEditor(spec, resizing(rest))
        case "nothing":
            return NamedEditor(spec, nothing)


def size_of(spec: str) -> int | None:
    """Return the size in pixels of the images that a run was trained on; None for other editors. Raises UsageError."""
    return record_of(spec).recipe.size if _kind(spec) == "run" else None


def _kind(spec: str) -> EditorKind:
    """Return the kind of editor that a name stands for. Raises UsageError that lists the forms."""
    if spec == "nothing":
        return "nothing"
    if (prefix := next((each for each in _PREFIXES if spec.startswith(f"{each}:")), None)) is not None:
        return prefix
    if is_run(spec):
        return "run"
    if Path(spec).suffix.lower() == ".onnx":
        return "onnx"
    if is_named(spec):
        return "function"
    raise UsageError(f"{quoted(spec)} is no editor: name {FORMS}.")


def _check_options(spec: str, kind: EditorKind, full_size: bool, diffusion: Diffusion, endpoint: Endpoint) -> None:
    """Raise UsageError for an option that only other kinds of editors take."""
    unused = ["full_size=True"] if full_size and kind != "run" else []
    for options, defaults, kinds in (
        (diffusion, pipelines.DEFAULTS, ("diffusers",)),
        (endpoint, http.DEFAULTS, ("http", "https", "openai")),
    ):
        changed = [each.name for each in fields(options) if getattr(options, each.name) != getattr(defaults, each.name)]
        unused += [f"{name}={getattr(options, name)!r}" for name in changed if kind not in kinds]
    if unused:
        raise UsageError(f"{quoted(spec)} does not take `{unused[0]}`: leave it out.")
