"""Checks before the application: the token, the size of a body, and the number of open requests."""

from __future__ import annotations

import hmac
import time
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viceversa.serving.api.limits import Limits
from viceversa.serving.api.metrics import Metrics
from viceversa.serving.api.problems import Problem, answer
from viceversa.serving.loopback import names_loopback

PROBES = frozenset({"/healthz", "/readyz"})
"""Paths that need no token and are always answered."""
RETRY = 1
"""Seconds after which a refused client may try again."""


class Guard:
    """ASGI middleware that refuses requests, and counts and times all of them.

    It answers with 400 for a foreign host on the loopback interface, 401 without the token, 413 if a body is too large, and 429 if
    too many requests are open.

    Args:
        app: the application.
        limits: limits of the service.
        metrics: metrics of the service.
        token: token that a client must send as `Authorization: Bearer TOKEN`; empty for none.
        local: whether the service listens on the loopback interface. Then the header Host must name it, so that pages of other
            sites whose name resolves to this machine have no access.
    """

    def __init__(self, app: ASGIApp, limits: Limits, metrics: Metrics, token: str, local: bool) -> None:
        self.app, self.limits, self.metrics, self.token, self.local = app, limits, metrics, token, local
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, began = HTTPStatus.INTERNAL_SERVER_ERROR.value, time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        probe = scope["path"] in PROBES
        self.open += not probe
        self.metrics.open.set(self.open)
        try:
            await self._answered(scope, receive, noted)
        finally:
            self.open -= not probe
            self.metrics.open.set(self.open)
            path = getattr(scope.get("route"), "path", "other")
            self.metrics.requests.labels(path, status).inc()
            self.metrics.seconds.labels(path).observe(time.perf_counter() - began)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(Request(scope))
        if refusal is not None:
            await answer(*refusal)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limits.most_bytes:
                raise Problem(*self._too_large)
            return message

        await self.app(scope, counted, send)

    def _refusal(self, request: Request) -> tuple[int, str] | tuple[int, str, int] | None:
        """Return status, reason and seconds to wait for a refused request; None if it is accepted."""
        if self.local and not names_loopback(request.headers.get("host", "")):
            return 400, "this service answers on this machine only: use http://127.0.0.1."
        if request.url.path in PROBES:
            return None
        if self.token and not hmac.compare_digest(
            request.headers.get("authorization", "").encode(), f"Bearer {self.token}".encode()
        ):
            return 401, "send the token of this service as `Authorization: Bearer TOKEN`."
        if self.open > self.limits.requests:
            return 429, f"{self.limits.requests} requests are open already: try again.", RETRY
        length = request.headers.get("content-length", "")
        return self._too_large if length.isdecimal() and int(length) > self.limits.most_bytes else None

    @property
    def _too_large(self) -> tuple[int, str]:
        return 413, f"the body has more than {self.limits.megabytes:g} MiB: send a smaller image."
