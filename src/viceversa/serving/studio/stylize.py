"""The tab Stylize: a picture with the content of one image and the style of others, shown while it is painted."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gradio as gr

from viceversa.errors import UsageError
from viceversa.images.pictures import save_png
from viceversa.serving.studio.actions import NETWORKS, action
from viceversa.serving.studio.choosing import FILE_TYPES
from viceversa.serving.studio.library import Library
from viceversa.serving.studio.painter import painted
from viceversa.serving.studio.translate import TranslateTab
from viceversa.style.stylize import Stylize

TAB = "stylize"
USUAL, MOST = 10.0, 100.0
"""Weight of the style: that of the preset, and the largest offered."""


def stylize_tab(library: Library, folder: Path, translating: TranslateTab, tabs: gr.Tabs) -> None:
    """Lay out the tab and connect its parts.

    Args:
        library: source of the device.
        folder: folder for files of the page.
        translating: the tab Translate, which can send its image here.
        tabs: the tabs of the page.
    """
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            content = gr.File(label="Content", file_types=FILE_TYPES, height=140, elem_id="content")
            styles = gr.File(
                label="Styles, one or several", file_types=FILE_TYPES, file_count="multiple", height=140, elem_id="styles"
            )
            strength = gr.Slider(0, MOST, value=USUAL, step=1, label="Strength of the style")
            size = gr.Slider(64, 512, value=256, step=32, label="Long side of the picture, in pixels")
            evaluations = gr.Slider(10, 400, value=120, step=10, label="Evaluations: more of them take longer")
            colors = gr.Checkbox(label="Keep the colors of the content")
            with gr.Row():
                run = gr.Button("Paint", variant="primary", elem_id="paint")
                cancel = gr.Button("Cancel", variant="stop", elem_id="cancel")
        with gr.Column(scale=3, min_width=300):
            picture = gr.Image(
                label="Picture", interactive=False, format="png", height=460, buttons=["fullscreen"], elem_id="painting",
                elem_classes="whole",
            )  # fmt: skip
            told = gr.HTML(elem_id="painted")
            download = gr.DownloadButton("Download the picture", interactive=False)

    unwanted: dict[str | None, threading.Event] = defaultdict(threading.Event)  # one for each open page

    def go(request: gr.Request, file: str | None, painters: list[str] | None, *values: Any) -> Iterator[list[Any]]:
        if not file or not painters:
            raise UsageError("give an image as content, and one or more as styles.")
        weight, side, count, keep = values
        stop = unwanted[request.session_hash] = threading.Event()
        settings = Stylize(style=float(weight), size=int(side), evaluations=int(count), keep_colors=bool(keep))
        yield [gr.skip(), "<p>Looking at the images.</p>", gr.update(interactive=False)]
        with closing(painted(file, painters, settings, library.device, stop)) as views:
            for view in views:
                yield [view.image, f"<p>{view.done} of {view.total} evaluations.</p>", gr.skip()]
        if stop.is_set():
            yield [gr.skip(), "<p>Cancelled.</p>", gr.skip()]
            return
        path = folder / "translations" / f"{Path(file).stem}-stylized.png"
        save_png(view.image, path)
        yield [gr.skip(), f"<p>Done: {view.total} evaluations.</p>", gr.update(value=str(path), interactive=True)]

    def cancelled(request: gr.Request) -> None:
        unwanted[request.session_hash].set()

    values = [content, styles, strength, size, evaluations, colors]
    run.click(action(go), values, [picture, told, download], show_progress_on=told, **NETWORKS)
    cancel.click(cancelled, show_progress="hidden", queue=False)
    translating.paint.click(
        lambda chosen: [gr.Tabs(selected=TAB), chosen and chosen.file], translating.chosen, [tabs, content], show_progress="hidden"
    )
