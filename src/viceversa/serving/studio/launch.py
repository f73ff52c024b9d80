"""Start the studio from Python."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path

from viceversa.device import Device, device_named
from viceversa.errors import UsageError
from viceversa.serving.studio.guards import set_environment
from viceversa.serving.studio.library import library_of

PORT = 7860


def studio(places: Sequence[str | Path] = (), *, port: int = PORT, device: Device = "auto", quiet: bool = False) -> None:
    """Serve a page for translating images, chaining edits, painting styles and watching trainings, until Ctrl-C.

    Only this machine can open the page, at http://127.0.0.1:PORT/. Uploads and results are deleted at the end.

    Args:
        places: runs, folders with runs and reports, and ONNX files of `export`. Packaged models are always offered. Nothing else
            is read.
        port: port to listen on, from 1 to 65535.
        device: device of the networks, as in `load`.
        quiet: whether to omit the address on standard error.

    Raises:
        UsageError: If a place is none of these, the port cannot be used, or the extra `studio` is missing.
    """
    if not 1 <= port <= 65_535:
        raise UsageError(f"`port={port}`: give a number from 1 to 65535.")
    library = library_of(places, device_named(device))
    if importlib.util.find_spec("gradio") is None:
        raise UsageError("the studio needs the package gradio: pip install 'viceversa[studio]'.")
    with tempfile.TemporaryDirectory(prefix="viceversa-studio-") as name:
        folder = Path(name).resolve()
        set_environment(folder)
        from viceversa.serving.studio.page import serve

        serve(library, folder, port, quiet=quiet)
