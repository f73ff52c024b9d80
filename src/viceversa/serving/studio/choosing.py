"""Choosing an image: a dropped or opened file, or a test image of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from viceversa.errors import UsageError
from viceversa.images.fitting import shown
from viceversa.images.formats import Embedded
from viceversa.images.layers import Layers, read_layers, write_layers
from viceversa.images.load import layers_of
from viceversa.pages.document import escaped
from viceversa.serving.studio.actions import NETWORKS, action
from viceversa.serving.studio.examples import Examples, examples_of
from viceversa.serving.studio.library import Library

SHOWN = 6
"""Number of test images offered at a time."""
FILE_TYPES = ["image", ".tif", ".tiff", ".npy"]
NONE = ("(none)", "")
"""Entry of a list for no choice, and its value."""


@dataclass(frozen=True)
class Chosen:
    """An image that the user chose.

    Args:
        file: its file.
        position: position of a test image in the model's data; None for a file.
    """

    file: str
    position: int | None = None


@dataclass(frozen=True, eq=False)
class Chooser:
    """Parts of the page that choose an image.

    Args:
        chosen: State with a `Chosen` or None.
        first: function from a model's name to its first test image, for the output `chosen`.
    """

    chosen: gr.State
    first: Callable[[str], Chosen]


def image_chooser(library: Library, model: gr.Dropdown, folder: Path, page: gr.Blocks) -> Chooser:
    """Lay out the parts that choose an image, and connect them.

    Args:
        library: models to offer.
        model: list whose value is the name of the model whose test images are offered.
        folder: folder where test images are written, to be opened like other files.
        page: the page.
    """
    file = gr.File(label="Image", file_types=FILE_TYPES, height=140, elem_classes="drop")
    gallery = gr.Gallery(
        label="Test images", columns=SHOWN, rows=1, height=130, allow_preview=False, object_fit="contain", format="png", buttons=[],
        elem_classes="examples",
    )  # fmt: skip
    renew = gr.Button("Other test images", size="sm")
    preview = gr.Image(label="Chosen image", interactive=False, height=200, format="png", buttons=[], elem_classes="pixels")
    chosen, first = gr.State(None), gr.State(0)

    def offered(name: str, start: int) -> list[Any]:
        examples = examples_of(library.open(name))
        pictures = [] if examples is None else [picture_of(Layers(examples.images.pixels[row])) for row in rows(examples, start)]
        return [gr.update(value=pictures, visible=bool(pictures)), gr.update(visible=bool(pictures))]

    def taken(name: str, position: int) -> Chosen:
        examples = examples_of(library.open(name))
        if examples is None:
            raise UsageError(f"{name!r} was trained on other data than the package draws: give an image of your own.")
        return Chosen(str(written(examples, position, folder)), position)

    def begun(name: str) -> Chosen | None:
        return taken(name, 0) if examples_of(library.open(name)) else None

    def picked(name: str, start: int, event: gr.SelectData) -> Chosen:
        examples = examples_of(library.open(name))
        return taken(name, rows(examples, start)[int(event.index)] if examples else 0)

    begins: dict[str, Any] = {"show_progress": "hidden", **NETWORKS}
    listed = {"fn": action(offered), "inputs": [model, first], "outputs": [gallery, renew], **begins}
    page.load(**listed)
    model.change(lambda: 0, None, first).then(**listed)
    page.load(action(lambda name, now: gr.skip() if now else begun(name)), [model, chosen], chosen, **begins)
    model.change(action(begun), model, chosen, **begins)
    renew.click(lambda start: start + SHOWN, first, first).then(**listed)
    gallery.select(action(picked), [model, first], chosen, show_progress="hidden")
    file.upload(_uploaded, file, [chosen, file])
    chosen.change(action(_preview), chosen, preview, show_progress="hidden")
    return Chooser(chosen, lambda name: taken(name, 0))


def rows(examples: Examples, start: int) -> list[int]:
    """Return the positions of the test images to offer; they repeat after the last one."""
    count = len(examples.images)
    return [(start + number) % count for number in range(min(SHOWN, count))]


def written(examples: Examples, position: int, folder: Path) -> Path:
    """Return the file of a test image, written if needed."""
    layers = Layers(examples.images.pixels[position])
    path = folder / examples.dataset.name / examples.space / f"{position}{layers.suffix}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_layers(layers, path)
    return path


def picture_of(layers: Layers) -> Image.Image:
    """Return an image as a browser can show it: 8 bits, gray or color, on white where it is transparent."""
    pixels = shown(layers.flat(None, 255))
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")


def needed(chosen: Chosen | None) -> Chosen:
    """Return the chosen image. Raises UsageError if there is none."""
    if chosen is None:
        raise UsageError("choose an image first: drop a file, or take a test image.")
    return chosen


def _uploaded(path: str) -> list[Any]:
    """Return the image of a file, and None, so that another file can be dropped. A file that is no image gives a warning."""
    try:
        read_layers(Embedded(Path(path).name, Path(path).read_bytes()))
    except UsageError as error:
        gr.Warning(escaped(str(error)), duration=None)
        return [gr.skip(), None]
    return [Chosen(path), None]


def _preview(chosen: Chosen | None) -> Image.Image | None:
    return None if chosen is None else picture_of(layers_of(chosen.file))
