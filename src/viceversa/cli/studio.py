"""`viceversa studio`: serve a local page for the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from viceversa.cli.parsing import parsed
from viceversa.serving.studio.launch import PORT, studio


@dataclass(frozen=True)
class Studio:
    """Open a local page in the browser: translate images, chain edits, paint styles, and watch trainings. Only this machine can
    open it. It needs the extra `studio`."""

    places: Annotated[Positional[tuple[Path, ...]], arg(metavar="[RUN|FOLDER|FILE.onnx ...]", help_behavior_hint="")] = ()
    """runs, folders with runs and reports, exported models, hf:USER/NAME; the packaged models are always there"""
    port: Annotated[int, arg(metavar="N")] = PORT
    """port of the page's address, http://127.0.0.1:N/"""
    device: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "auto"
    """auto (default), cpu, cuda, cuda:1 or mps"""


def run(arguments: Sequence[str]) -> None:
    """Serve the page until Ctrl-C."""
    asked = parsed(Studio, arguments, "studio")
    studio(asked.places, port=asked.port, device=asked.device)
