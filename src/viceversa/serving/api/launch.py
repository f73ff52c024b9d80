"""Start the service from Python."""

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
    """Answer HTTP requests for translations, chains and paintings, until SIGINT (Ctrl-C) or SIGTERM.

    At the end, open requests are finished and paintings are stopped. Workers are processes, so a script that calls this function
    needs `if __name__ == "__main__":`.

    Args:
        models: models, as `load` takes them. A request names them by their folder, or by their file without the suffix.
        host: address to listen on. By default only this machine can reach the service.
        port: port to listen on; 0 takes a free one.
        device: device of the networks, as in `load`.
        workers: number of processes that compute. Each loads all models, and they share the threads of PyTorch.
        token: token that clients must send as `Authorization: Bearer TOKEN`; empty for none.
        limits: limits of sizes, times, and the number of open requests.
        quiet: whether to omit the line for each batch.

    Raises:
        UsageError: If a model cannot be loaded, the address cannot be used, or the extra `serve` is missing.
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
    """Return the name of each model in requests -> its place. The name is that of its folder, or of its file without the suffix.

    Raises UsageError if there is no model, and for two models of the same name.
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
    """Return a listening socket. Raises UsageError if the address cannot be used."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"`host={host!r}`, `port={port}`: cannot listen there ({reason}): choose others.") from None
