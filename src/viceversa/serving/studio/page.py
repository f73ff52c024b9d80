"""The page of the studio: its tabs, its style, and its server."""

from __future__ import annotations

import threading
from importlib import resources
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from viceversa.errors import UsageError
from viceversa.progress import say
from viceversa.serving.studio.chain import chain_tab
from viceversa.serving.studio.guards import HOST, OwnPage
from viceversa.serving.studio.library import Library
from viceversa.serving.studio.runs import runs_tab
from viceversa.serving.studio.stylize import TAB, stylize_tab
from viceversa.serving.studio.translate import translate_tab

STYLE, SCRIPT = (
    resources.files("viceversa.serving.studio").joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "page.js")
)
THEME = gr.themes.Soft(font=("system-ui", "sans-serif"), font_mono=("ui-monospace", "monospace")).set(
    background_fill_primary="*neutral_50",  # its default: `set` would reset it
    checkbox_border_color="*neutral_400",
    checkbox_border_color_dark="*neutral_400",
)
_LARGEST = "256mb"
"""Maximum size of an uploaded file."""


def build_page(library: Library, folder: Path) -> gr.Blocks:
    """Return the page with all tabs.

    Args:
        library: models to offer.
        folder: folder for files of the page.
    """
    with gr.Blocks(title="Viceversa studio", analytics_enabled=False, fill_width=True) as page:
        gr.HTML("<h1>Viceversa studio</h1>", elem_id="head")
        with gr.Tabs() as tabs:
            with gr.Tab("Translate", id="translate"):
                translating = translate_tab(library, folder, page, tabs)
            with gr.Tab("Chain", id="chain"):
                chain_tab(library, folder, page, tabs)
            with gr.Tab("Stylize", id=TAB):
                stylize_tab(library, folder, translating, tabs)
            with gr.Tab("Runs", id="runs"):
                runs_tab(library, page)
    return page


def serve(library: Library, folder: Path, port: int, *, quiet: bool = False) -> None:
    """Serve the page on the loopback interface until the process is interrupted. Raises UsageError if the port is in use."""
    page = build_page(library, folder)
    try:
        page.launch(
            server_name=HOST, server_port=port, share=False, ssr_mode=False, prevent_thread_lock=True, inbrowser=False, quiet=True,
            app_kwargs={"middleware": [Middleware(OwnPage)]}, footer_links=[], run_history=False, enable_monitoring=False,
            mcp_server=False, num_workers=0, pwa=False, max_file_size=_LARGEST, theme=THEME, css=STYLE, js=SCRIPT,
        )  # fmt: skip
    except OSError:
        raise UsageError(f"`port={port}`: the port is in use, or is not yours to use: choose another one.") from None
    try:
        say(f"the studio is at http://{HOST}:{port}/ (Ctrl-C ends it)", quiet=quiet)
        threading.Event().wait()
    finally:
        page.close(verbose=False)
