"""The tab Translate: an image, controls for the model's space, and the result next to the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from viceversa.images.fitting import shown
from viceversa.images.layers import Layers, write_layers
from viceversa.images.load import layers_of
from viceversa.images.pictures import difference
from viceversa.inference.masks import Region
from viceversa.pages.document import escaped
from viceversa.serving.studio.actions import NETWORKS, action
from viceversa.serving.studio.attributes import lay_out_controls
from viceversa.serving.studio.choosing import Chosen, image_chooser, picture_of
from viceversa.serving.studio.controls import Values, painted_mask, reading, translated, wanted
from viceversa.serving.studio.library import Library

CANVAS = 320
"""Length in pixels of the longer side of the picture on which a mask is painted; small images are enlarged."""
_BRUSH = "#d55e00"


@dataclass(frozen=True, eq=False)
class TranslateTab:
    """What the tab Stylize needs of this tab.

    Args:
        chosen: State with the image.
        paint: button that sends the image there.
    """

    chosen: gr.State
    paint: gr.Button


@dataclass(frozen=True, eq=False)
class Seen:
    """An image that a model has examined; the page draws new controls for each.

    Args:
        model: name of the model.
        file: the image.
        read: attributes that the labeller recognized; None if it recognized none.
    """

    model: str
    file: str
    read: Values | None


def translate_tab(library: Library, folder: Path, page: gr.Blocks, tabs: gr.Tabs) -> TranslateTab:
    """Lay out the tab and connect its parts.

    Args:
        library: models to offer.
        folder: folder for files of the page.
        page: the page.
        tabs: its tabs.
    """
    seen = gr.State(None)

    def controls(now: Seen | None) -> None:
        if now is None:
            gr.HTML("<p>Choose an image to see what can be changed.</p>")
            return
        parts = lay_out_controls(library.open(now.model), now.read)

        def press(painted: Any, whole: bool, *values: Any) -> list[Any]:
            return _made(library, folder, now, dict(zip(parts, values, strict=True)), painted, whole)

        button = gr.Button("Translate", variant="primary", elem_id="translate")
        button.click(action(press), [mask, full_size, *parts.values()], results, show_progress_on=told, **NETWORKS)

    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            model = gr.Dropdown(library.models, value=library.models[0], label="Model", elem_id="translate-model")
            chooser = image_chooser(library, model, folder, page)
            notice = gr.HTML(elem_id="notice")
            with gr.Row(visible=False) as remedies:
                another = gr.Button("Take a test image", size="sm")
                paint = gr.Button("Paint it in a style instead", size="sm")
        with gr.Column(scale=2, min_width=300):
            gr.render(inputs=[seen])(controls)
            full_size = gr.Checkbox(label="Full size: keep the image's own size, transparency and color profile")
            mask = _mask()
        with gr.Column(scale=3, min_width=300):
            _, told, *_ = results = _results()

    def look(name: str, chosen: Chosen | None) -> list[Any]:
        return [*_looked(library, name, chosen), *_NO_RESULTS]

    looked = {
        "fn": action(look), "inputs": [model, chooser.chosen], "outputs": [seen, notice, remedies, mask, *results],
        "show_progress": "hidden", **NETWORKS,
    }  # fmt: skip
    gr.on([page.load, tabs.select], lambda: gr.update(choices=library.models), None, model, show_progress="hidden")
    model.change(**looked)
    chooser.chosen.change(**looked)
    another.click(action(chooser.first), model, chooser.chosen, show_progress="hidden")
    return TranslateTab(chooser.chosen, paint)


def _mask() -> gr.ImageEditor:
    """Lay out the brush and its canvas."""
    with gr.Accordion("Change only a part: paint it", open=False):
        return gr.ImageEditor(
            label="Mask", sources=(), transforms=(), layers=False, image_mode="RGBA", format="png", buttons=[], interactive=True,
            brush=gr.Brush(default_size=24, colors=[_BRUSH], color_mode="fixed"), height=CANVAS + 100,
        )  # fmt: skip


def _results() -> list[gr.Component]:
    """Lay out the result of a translation: a slider, a line about it, the difference, and the file."""
    slider = gr.ImageSlider(
        label="Source and translation", format="png", interactive=False, height=400, elem_classes="pixels", elem_id="compared"
    )
    told = gr.HTML(elem_id="told")
    changed = gr.Image(label="Difference", interactive=False, format="png", height=220, buttons=[], elem_classes="pixels")
    return [slider, told, changed, gr.DownloadButton("Download the translation", interactive=False)]


_NO_RESULTS = (None, "", None, gr.update(value=None, interactive=False))
"""Values of `_results` before a translation."""


def _looked(library: Library, name: str, chosen: Chosen | None) -> list[Any]:
    """Return what is known of an image before its translation: values of the State, the notice, the remedies and the mask."""
    if chosen is None:
        return [None, "", gr.update(visible=False), None]
    found = reading(library.open(name), chosen.file)
    notice = f'<p class="warning" role="alert">This image {escaped(found.doubt)}.</p>' if found.doubt else ""
    return [Seen(name, chosen.file, found.values), notice, gr.update(visible=bool(found.doubt)), _canvas(chosen.file)]


def _made(library: Library, folder: Path, seen: Seen, values: Mapping[str, Any], painted: Any, whole: bool) -> list[Any]:
    """Translate an image as the controls ask for, and return the values of `_results`. Raises UsageError.

    painted: value of the mask's editor. whole: whether to keep the full size.
    """
    model = library.open(seen.model)
    asked = wanted(model, seen.read, values)
    mask = painted_mask((painted or {}).get("layers") or [], seen.file)
    manner = replace(asked.manner, full_size=whole, region=None if mask is None else Region(mask))
    pair = translated(model, seen.file, replace(asked, manner=manner))
    to = asked.to if isinstance(asked.to, str) else ", ".join(f"{name}={_word(value)}" for name, value in asked.to.items())
    return [
        (picture_of(pair.before), picture_of(pair.after)),
        f"<p>Translated: {escaped(to)}.</p>",
        _difference(pair.before, pair.after),
        gr.update(value=_saved(pair.after, folder, Path(seen.file).stem), interactive=True),
    ]


def _word(value: Any) -> str:
    """Return a control's value as `translate` takes it."""
    return ("no", "yes")[value] if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _canvas(file: str) -> dict[str, Any]:
    """Return what a mask is painted on: the image, enlarged or reduced to a standard size."""
    picture = picture_of(layers_of(file))
    scale = CANVAS / max(picture.size)
    background = picture.resize([max(round(side * scale), 1) for side in picture.size])
    return {"background": background, "layers": [], "composite": background}


def _difference(before: Layers, after: Layers) -> Image.Image | None:
    """Return the change, white on black; None if the images differ in shape or depth."""
    if before.colors.shape != after.colors.shape or before.colors.dtype != after.colors.dtype:
        return None
    return Image.fromarray(np.asarray(shown(difference(before.colors, after.colors)))[..., 0])


def _saved(made: Layers, folder: Path, stem: str) -> str:
    """Return the file of a translation, written with all of its layers."""
    path = folder / "translations" / f"{stem}-translated{made.suffix}"
    path.parent.mkdir(exist_ok=True)
    write_layers(made, path)
    return str(path)
