"""The tab Runs: trainings below the folders, live while they train; comparison of two; reports of evaluations."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from viceversa.errors import UsageError
from viceversa.pages.document import escaped
from viceversa.serving.studio.actions import action
from viceversa.serving.studio.choosing import NONE
from viceversa.serving.studio.library import Library
from viceversa.serving.studio.trainings import differences_markup, report_markup, run_markup, sample_files, stamp

SECONDS = 2.0
"""Seconds between two checks of the files of the runs that are shown."""
_HIDDEN: dict[str, Any] = {"show_progress": "hidden"}


def runs_tab(library: Library, page: gr.Blocks) -> None:
    """Lay out the tab and connect its parts."""
    timer = gr.Timer(SECONDS)
    find = gr.Button("Look for new runs and reports", size="sm")
    with gr.Row():
        first = _run(library, timer, "Run", "run")
        second = _run(library, timer, "Second run, for comparison", "second-run")
    settings = gr.HTML(elem_id="settings", elem_classes="report")
    report = gr.Dropdown([], label="Report of an evaluation", elem_id="report")
    frame = gr.HTML(elem_id="report-frame")

    def found() -> list[Any]:
        runs = list(library.runs)
        return [
            gr.update(choices=runs, value=runs[0] if runs else None),
            gr.update(choices=[NONE, *runs], value=NONE[1]),
            gr.update(choices=[NONE, *library.reports], value=NONE[1]),
        ]

    def compared(*names: str | None) -> str:
        try:
            return differences_markup([library.run(name) for name in names if name]) if all(names) else ""
        except UsageError:  # each run shows its own error
            return ""

    page.load(action(found), None, [first, second, report], **_HIDDEN)
    find.click(action(found), None, [first, second, report], **_HIDDEN)
    for picked in (first, second):
        picked.change(action(compared), [first, second], settings, **_HIDDEN)
    report.change(action(lambda name: report_markup(library.report(name)) if name else ""), report, frame, **_HIDDEN)


def _run(library: Library, timer: gr.Timer, label: str, name: str) -> gr.Dropdown:
    """Lay out what is shown of one run, and check its files at intervals. Return the list that chooses the run."""
    with gr.Column(min_width=300):
        picked = gr.Dropdown([], label=label, elem_id=name)
        curves = gr.HTML(elem_id=f"{name}-curves", elem_classes="report")
        samples = gr.Gallery(
            label="Sample pictures, newest first", columns=1, height=360, object_fit="contain", format="png", visible=False,
            buttons=["fullscreen"], elem_classes="samples",
        )  # fmt: skip
    seen = gr.State(None)

    def look(chosen: str | None, before: Any) -> list[Any]:
        try:
            run = library.run(chosen) if chosen else None
            now = (chosen, run and stamp(run))
            if now == before:
                return [gr.skip()] * 3
            pictures = [_picture(path) for path in sample_files(run)] if run else []
            return [run_markup(run) if run else "", gr.update(value=pictures, visible=bool(pictures)), now]
        except UsageError as error:  # it stays on the page, and is not repeated every two seconds
            return [f'<p class="warning" role="alert">{escaped(str(error))}</p>', gr.update(value=[], visible=False), None]

    for event in (picked.change, timer.tick):
        event(action(look), [picked, seen], [curves, samples, seen], **_HIDDEN)
    return picked


def _picture(path: Any) -> tuple[Image.Image, str]:
    with Image.open(path) as picture:
        return picture.convert("RGB"), f"step {int(path.stem):,}"
