"""The service from Python."""

from __future__ import annotations

import importlib.util
import math
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from viceversa.errors import UsageError
from viceversa.progress import say
from viceversa.serving.api.limits import DEFAULTS, Limits
from viceversa.serving.loopback import LOOPBACK

if TYPE_CHECKING:
    from viceversa.device import Device

HOST, PORT = "127.0.0.1", 8000
_PACKAGES = ("fastapi", "uvicorn", "multipart", "prometheus_client")


def serve(
    models: Sequence[str | Path],
    *,
    host: str = HOST,
    port: int = PORT,
    device: Device = "auto",
    workers: int = 1,
    token: str = "",
    limits: Limits = DEFAULTS,
    quiet: bool = False,
) -> None:
    """Answer requests over HTTP for translations, chains and paintings, until SIGINT (Ctrl-C) or SIGTERM.

    Requests in flight are finished then, and paintings are stopped. Workers are processes, so a script that calls this needs
    `if __name__ == "__main__":`.

    Args:
        models: as `load` takes them; a request names them by their folder, or by their file without the suffix.
        host: address to listen on. Only this machine can reach the service unless another address is given.
        port: its number; 0 takes a free one.
        device: where networks compute, as in `load`.
        workers: number of processes that compute; each one loads all models, and they share the threads of PyTorch.
        token: that clients must send as `Authorization: Bearer TOKEN`; empty: none.
        limits: sizes, times, and the number of requests at a time.
        quiet: print no line for each batch.

    Raises UsageError for a model that cannot be loaded, an address that cannot be used, and without the extra `serve`.
    """
    if not 0 <= port <= 65_535:
        raise UsageError(f"`port={port}`: give a number from 0 to 65535.")
    if workers < 1:
        raise UsageError(f"`workers={workers}`: give 1 or more.")
    runs = named([str(each) for each in models])
    if any(importlib.util.find_spec(package) is None for package in _PACKAGES):
        raise UsageError("the service needs more packages: pip install 'viceversa[serve]'.")
    import uvicorn

    from viceversa.serving.api.application import application
    from viceversa.serving.api.service import Service

    service = Service(runs, device, workers, limits, quiet=quiet)
    local = host in LOOPBACK
    with _listening(host, port) as listener:
        app, grace = application(service, token, local=local), math.ceil(limits.seconds)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=grace)
        server = uvicorn.Server(config)
        service.failed = lambda: setattr(server, "should_exit", True)
        place = f"[{host}]" if ":" in host else host
        say(f"the service is at http://{place}:{listener.getsockname()[1]}/ (Ctrl-C ends it); it is ready when /readyz says so.")
        if not (local or token):
            say("others can reach it, and it asks for no token.")
        server.run([listener])
    if service.failure is not None:
        raise service.failure


def named(runs: Sequence[str]) -> dict[str, str]:
    """Return the name of each model in requests, and where it is: the name of its folder, or of its file without the suffix.

    Raises UsageError for none, and for two of the same name.
    """
    if not runs:
        raise UsageError("name a model to serve: `avatars`, `icons`, a run's folder, or an exported file.")
    found: dict[str, str] = {}
    for run in runs:
        path = Path(run)
        name = path.stem if path.suffix.lower() == ".onnx" else path.resolve().name
        if name in found:
            raise UsageError(f"{found[name]!r} and {run!r} would both be called {name!r}: rename one of them.")
        found[name] = run
    return found


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises UsageError for an address that cannot be used."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"`host={host!r}`, `port={port}`: cannot listen there ({reason}): choose others.") from None
