"""The tab Translate: an image, controls drawn from the model's space, and the result beside the source."""

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
from viceversa.serving.studio.choosing import Chosen, image_chooser, needed, picture_of
from viceversa.serving.studio.controls import painted_mask, reading, translated, wanted
from viceversa.serving.studio.library import Library

CANVAS = 320
"""Pixels of the longer side of the picture that a mask is painted on: a small image is enlarged for it."""
_BRUSH = "#d55e00"


@dataclass(frozen=True, eq=False)
class TranslateTab:
    """What the tab Stylize needs of this one. chosen: a State with the image; paint: the button that takes it there."""

    chosen: gr.State
    paint: gr.Button


def translate_tab(library: Library, folder: Path, page: gr.Blocks) -> TranslateTab:
    """Lay out the tab and connect its parts. folder: where files of the page are written."""
    known = gr.State(None)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            model = gr.Dropdown(library.models, value=library.models[0], label="Model", elem_id="translate-model")
            chooser = image_chooser(library, model, folder, page)
            notice = gr.HTML(elem_id="notice")
            with gr.Row(visible=False) as remedies:
                another = gr.Button("Take a test image", size="sm")
                paint = gr.Button("Paint it in a style instead", size="sm")
        with gr.Column(scale=2, min_width=300):
            gr.render(inputs=[known])(lambda state: _lay_out(state))
            full_size = gr.Checkbox(label="Full size: keep the image's own size, transparency and color profile")
            with gr.Accordion("Change only a part: paint it", open=False):
                painting = gr.ImageEditor(
                    label="Mask", sources=(), transforms=(), layers=False, image_mode="RGBA", format="png",
                    brush=gr.Brush(default_size=24, colors=[_BRUSH], color_mode="fixed"), buttons=[], interactive=True,
                    height=CANVAS + 100,
                )  # fmt: skip
        with gr.Column(scale=3, min_width=300):
            slider = gr.ImageSlider(
                label="Source and translation",
                format="png",
                interactive=False,
                height=400,
                elem_classes="pixels",
                elem_id="compared",
            )
            told = gr.HTML(elem_id="told")
            changed = gr.Image(label="Difference", interactive=False, format="png", height=220, buttons=[], elem_classes="pixels")
            download = gr.DownloadButton("Download the translation", interactive=False)
    results = [slider, changed, told, download]

    def look(name: str, chosen: Chosen | None) -> list[Any]:
        found = None if chosen is None else reading(library.open(name), chosen.file)
        warning = f'<p class="warning" role="alert">This image {escaped(found.doubt)}.</p>' if found and found.doubt else ""
        canvas = None if chosen is None else _canvas(chosen.file)
        state = {"model": name, "looked": found is not None, "read": None if found is None else found.values}
        return [state, warning, gr.update(visible=bool(warning)), canvas, None, None, "", gr.update(value=None, interactive=False)]

    def translate(state: Mapping[str, Any], values: Mapping[str, Any], chosen: Chosen | None, paint: Any, whole: bool) -> list[Any]:
        model, file = library.open(state["model"]), needed(chosen).file
        asked = wanted(model, state["read"], values)
        mask = painted_mask((paint or {}).get("layers") or [], file)
        manner = replace(asked.manner, full_size=whole, region=None if mask is None else Region(mask))
        pair = translated(model, file, replace(asked, manner=manner))
        pictures = picture_of(pair.before), picture_of(pair.after)
        said = asked.to if isinstance(asked.to, str) else ", ".join(f"{name}={_word(value)}" for name, value in asked.to.items())
        saved = _saved(pair.after, folder, Path(file).stem)
        return [
            pictures,
            _difference(pair.before, pair.after),
            f"<p>Translated: {escaped(said)}.</p>",
            gr.update(value=saved, interactive=True),
        ]

    def _lay_out(state: Mapping[str, Any] | None) -> None:
        if state is None or not state["looked"]:
            gr.HTML("<p>Choose an image to see what can be changed.</p>")
            return
        parts = lay_out_controls(library.open(state["model"]), state["read"])
        button = gr.Button("Translate", variant="primary", elem_id="translate")

        def press(chosen: Chosen | None, paint: Any, whole: bool, *values: Any) -> list[Any]:
            return translate(state, dict(zip(parts, values, strict=True)), chosen, paint, whole)

        button.click(
            action(press), [chooser.chosen, painting, full_size, *parts.values()], results, show_progress_on=told, **NETWORKS
        )

    looked = {
        "fn": action(look), "inputs": [model, chooser.chosen], "outputs": [known, notice, remedies, painting, *results],
        "show_progress": "hidden", **NETWORKS,
    }  # fmt: skip
    page.load(lambda: gr.update(choices=library.models), None, model, show_progress="hidden")
    model.change(**looked)
    chooser.chosen.change(**looked)
    another.click(action(chooser.first), model, [chooser.chosen, chooser.file], show_progress="hidden")
    return TranslateTab(chooser.chosen, paint)


def _word(value: Any) -> str:
    """A control's value as `translate` takes it."""
    return ("no", "yes")[value] if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _canvas(file: str) -> dict[str, Any]:
    """What a mask is painted on: the image, enlarged or reduced to a usual size."""
    picture = picture_of(layers_of(file))
    scale = CANVAS / max(picture.size)
    background = picture.resize([max(round(side * scale), 1) for side in picture.size])
    return {"background": background, "layers": [], "composite": background}


def _difference(before: Layers, after: Layers) -> Image.Image | None:
    """What changed, white on black; None between images of other channels."""
    if before.colors.shape != after.colors.shape or before.colors.dtype != after.colors.dtype:
        return None
    return Image.fromarray(np.asarray(shown(difference(before.colors, after.colors)))[..., 0])


def _saved(made: Layers, folder: Path, stem: str) -> str:
    """The file of a translation, with all that is in it."""
    path = folder / "translations" / f"{stem}-translated{made.suffix}"
    path.parent.mkdir(exist_ok=True)
    write_layers(made, path)
    return str(path)
