"""`viceversa serve MODEL...`: answer requests for translations over HTTP."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from viceversa.cli.parsing import parsed
from viceversa.serving.api.launch import HOST, PORT, serve
from viceversa.serving.api.limits import Limits

TOKEN = "VICEVERSA_TOKEN"
"""Environment variable with the token. It is not an argument, because other users of the machine can read arguments."""
_NUMBER = arg(metavar="N")


@dataclass(frozen=True)
class Serve:
    """Answer HTTP requests for translations, chains and style transfer. If the environment variable VICEVERSA_TOKEN is set, clients
    must send it. It needs the extra `serve`."""

    models: Annotated[Positional[tuple[Path, ...]], arg(metavar="MODEL ...", help_behavior_hint="")]
    """`avatars`, `icons`, folders of runs, exported models"""
    host: Annotated[str, arg(metavar="ADDRESS")] = HOST
    """address to listen on; 0.0.0.0 lets other machines in"""
    port: Annotated[int, _NUMBER] = PORT
    """port to listen on; 0 takes a free one"""
    device: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "auto"
    """auto (default), cpu, cuda, cuda:1 or mps"""
    workers: Annotated[int, _NUMBER] = 1
    """processes that compute; each loads all models"""
    requests: Annotated[int, _NUMBER] = Limits.requests
    """open requests at a time; further ones get the status 429"""
    batch: Annotated[int, _NUMBER] = Limits.batch
    """most images that a network gets at once"""
    wait: Annotated[float, arg(metavar="MS")] = Limits.wait
    """milliseconds that the first image of a batch waits for others"""
    megabytes: Annotated[float, arg(metavar="X")] = Limits.megabytes
    """largest body of a request in MiB"""
    megapixels: Annotated[float, arg(metavar="X")] = Limits.megapixels
    """largest image in millions of pixels"""
    seconds: Annotated[float, arg(metavar="S")] = Limits.seconds
    """longest time of a request in seconds"""
    quiet: Annotated[bool, arg(help_behavior_hint="")] = False
    """print no line for each batch"""


def run(arguments: Sequence[str]) -> None:
    """Serve until Ctrl-C."""
    asked = parsed(Serve, arguments, "serve")
    limits = Limits(asked.requests, asked.batch, asked.wait, asked.megabytes, asked.megapixels, asked.seconds)
    serve(
        asked.models, host=asked.host, port=asked.port, device=asked.device, workers=asked.workers, token=os.environ.get(TOKEN, ""),
        limits=limits, quiet=asked.quiet,
    )  # fmt: skip
