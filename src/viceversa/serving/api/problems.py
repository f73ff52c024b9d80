"""Error answers of the service as JSON (RFC 9457)."""

from __future__ import annotations

import json
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
SCHEMA = {
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {"title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"}},
}
"""Schema of such an answer, for OpenAPI."""


class Problem(Exception):  # noqa: N818
    """Error for a request that cannot be answered.

    Args:
        status: HTTP status.
        detail: one line that names the value and the remedy.
        retry: seconds after which another attempt may succeed.
    """

    def __init__(self, status: int, detail: str, retry: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.retry = status, " ".join(detail.split()), retry


def answer(status: int, detail: str, retry: int | None = None) -> Response:
    """Return the HTTP answer for a problem."""
    headers = {} if retry is None else {"Retry-After": str(retry)}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    content = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(json.dumps(content), status, headers, MEDIA_TYPE)


async def answered(request: Request, problem: Exception) -> Response:
    """Return the HTTP answer for a problem, as an exception handler of an application."""
    assert isinstance(problem, Problem)
    return answer(problem.status, problem.detail, problem.retry)
