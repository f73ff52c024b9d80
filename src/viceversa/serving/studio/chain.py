"""The tab Chain: a sequence of edits, one after the other, by one model or by two."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from viceversa.errors import UsageError
from viceversa.evaluation.report.strips import strips_markup
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.pages.figures import svg
from viceversa.serving.studio.actions import NETWORKS, action
from viceversa.serving.studio.choosing import NONE, Chosen, image_chooser, needed
from viceversa.serving.studio.controls import chain_of, edits_of
from viceversa.serving.studio.examples import examples_of
from viceversa.serving.studio.library import Library
from viceversa.serving.studio.walking import draw_drift, strip_of, walk


def chain_tab(library: Library, folder: Path, page: gr.Blocks, tabs: gr.Tabs) -> None:
    """Lay out the tab and connect its parts.

    Args:
        library: models to offer.
        folder: folder for files of the page.
        page: the page.
        tabs: its tabs.
    """
    names = library.models
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            model = gr.Dropdown(names, value=names[0], label="Model", elem_id="chain-model")
            other = gr.Dropdown([NONE, *names], value=NONE[1], label="Second model, for comparison", elem_id="chain-second")
            chooser = image_chooser(library, model, folder, page)
        with gr.Column(scale=1, min_width=300):
            edit = gr.Dropdown([], label="Edit", elem_id="chain-edit")
            add = gr.Button("Add to the chain", elem_id="chain-add")
            chain = gr.Textbox(label="Chain: one edit on each line, from top to bottom", lines=6, elem_id="chain-edits")
            with gr.Row():
                run = gr.Button("Run the chain", variant="primary", elem_id="chain-run")
                clear = gr.Button("Clear")
    strip = gr.HTML(elem_id="chain-strip", elem_classes="report")

    def listed() -> list[Any]:
        return [gr.update(choices=library.models), gr.update(choices=[NONE, *library.models])]

    def offer(name: str) -> list[Any]:
        edits = edits_of(library.open(name).routing)
        return [gr.update(choices=edits, value=edits[0] if edits else None), ""]

    def go(name: str, second: str, chosen: Chosen | None, text: str) -> str:
        models = {each: library.open(each) for each in dict.fromkeys([name, *([second] if second else [])])}
        return chain_markup(models, needed(chosen), chain_of(text))

    gr.on([page.load, tabs.select], listed, None, [model, other], show_progress="hidden")
    page.load(action(offer), model, [edit, chain], show_progress="hidden", **NETWORKS)
    model.change(action(offer), model, [edit, chain], show_progress="hidden", **NETWORKS)
    add.click(lambda text, line: f"{text.rstrip()}\n{line}".strip(), [chain, edit], chain)
    clear.click(lambda: ("", ""), None, [chain, strip])
    run.click(action(go), [model, other, chooser.chosen, chain], strip, show_progress="minimal", **NETWORKS)


def chain_markup(models: dict[str, Model], chosen: Chosen, edits: Sequence[str]) -> str:
    """Return the pictures of a chain by one or several models, and a figure of its drift, as HTML. Raises UsageError."""
    first = next(iter(models.values()))
    truths: Sequence[Pixels | None] = [None] * len(edits)
    examples = examples_of(first) if chosen.position is not None else None
    if examples is not None and chosen.position is not None:
        truths = examples.truths(first, chosen.position, edits)
    walks = {}
    for name, model in models.items():
        try:
            walks[name] = walk(model, chosen.file, edits, truths)
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from error
    figure = svg("Drift of the chain", partial(draw_drift, walks))
    return f'{strips_markup([strip_of(walks, edits, truths)])}<figure class="drift">{figure}</figure>'
