"""Privacy of the studio: no telemetry, only the loopback interface, and actions only from its own page."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from viceversa.serving.loopback import names_loopback

HOST = "127.0.0.1"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'self'"
)
"""Content-Security-Policy: the browser loads nothing from other hosts."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def set_environment(folder: Path) -> None:
    """Turn off telemetry, and let Gradio keep its files in that folder. Call it before Gradio is imported."""
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_DISABLE_TELEMETRY="1", GRADIO_TEMP_DIR=str(folder))


def refusal(method: str, path: str, host: str, origin: str) -> str:
    """Return why a request is refused, in one line; empty if it is accepted.

    Args:
        method: HTTP method.
        path: decoded path of the request.
        host, origin: headers of these names; a browser sends the origin with every action.
    """
    if not names_loopback(host):
        return "the studio answers on this machine only: open it as http://127.0.0.1."
    if method not in _SAFE and origin != f"http://{host}":
        return "actions must come from the studio's own page."
    if re.search("https?:/", path):
        return "the studio fetches nothing from other addresses."
    return ""


class OwnPage:
    """ASGI middleware that answers refused requests with status 403, and sends the policy with every answer."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        reason = refusal(scope["method"], scope["path"], headers.get("host", ""), headers.get("origin", ""))
        if reason:
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": reason.encode()})
            return

        async def send_with_policy(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"content-security-policy", _POLICY.encode())]
            await send(message)

        await self.app(scope, receive, send_with_policy)
