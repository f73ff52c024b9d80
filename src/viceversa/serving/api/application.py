"""Endpoints of the HTTP service."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from viceversa import __version__
from viceversa.serving.api import problems
from viceversa.serving.api.asked import Body, ChainBody, StylizeBody, TranslateBody, read, schema_of
from viceversa.serving.api.guards import Guard
from viceversa.serving.api.messages import About, Ask, Made, Target
from viceversa.serving.api.paintings import Painting
from viceversa.serving.api.problems import Problem
from viceversa.serving.api.service import Service

IMAGES = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg"}
"""Formats of results, with their media types."""
JSON = "application/json"
WARNING = "X-Warning"
"""Header of the warning that an image is unlike the training images."""
_DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGM4EaABAAMkAUEdGZ/EAAAAAElFTkSuQmCC"
_PICTURE = {"schema": {"type": "string", "format": "binary"}}
_PNG: dict[int | str, dict[str, Any]] = {200: {"description": "the picture", "content": {IMAGES["png"]: _PICTURE}}}
_TRANSLATE = {"image": _DOT, "to": "glasses=yes"}
_CHAIN = {"image": _DOT, "to": ["glasses=yes", "hair=blond", {"glasses": "no"}]}
_STYLIZE = {"content": _DOT, "style": [_DOT], "size": 128, "evaluations": 50}


def application(service: Service, token: str = "", local: bool = True) -> FastAPI:
    """Return the application of a service. token, local: see `Guard`."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    guard = Middleware(Guard, limits=service.limits, metrics=service.metrics, token=token, local=local)
    app = FastAPI(
        title="Viceversa", version=__version__, summary="Translate images with trained models.",
        lifespan=lifespan, middleware=[guard],
        docs_url=None, redoc_url=None,  # these pages load scripts from other hosts
    )  # fmt: skip
    app.add_exception_handler(Problem, problems.answered)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(Exception, _fault)

    seconds = service.limits.seconds

    @app.post("/v1/translate", **_documented(TranslateBody, _TRANSLATE, 200, [*IMAGES.values(), JSON]))
    async def translate(request: Request) -> Response:
        """Translate an image. The answer is an image file, or JSON if the header Accept asks for it."""
        body = await read(request, TranslateBody, seconds)
        made = await service.translated(_ask(service, body, [body.to]))
        if JSON in request.headers.get("accept", ""):
            return _in_json(made, body.format)
        return Response(made.images[0], headers=_warning(made), media_type=IMAGES[body.format])

    @app.post("/v1/chain", **_documented(ChainBody, _CHAIN, 200, [JSON]))
    async def chain(request: Request) -> Response:
        """Translate an image to each target in turn. The answer has the image after each step, in base64."""
        body = await read(request, ChainBody, seconds)
        return _in_json(await service.translated(_ask(service, body, body.to)), body.format)

    @app.post("/v1/stylize", **_documented(StylizeBody, _STYLIZE, 202, [JSON]))
    async def stylize(request: Request) -> Response:
        """Paint an image in the style of others. The answer names the address of the painting's state."""
        painting = service.paintings.submit(await read(request, StylizeBody, seconds))
        return JSONResponse(_state(painting), 202, {"Location": _place(painting)})

    @app.get("/v1/stylize/{name}", responses=_refusals(401, 404))
    async def look(name: str) -> Response:
        """Progress of a painting."""
        return JSONResponse(_state(service.paintings.find(name)))

    @app.get("/v1/stylize/{name}/image", response_class=Response, responses=_PNG | _refusals(401, 404, 409))
    async def fetch(name: str) -> Response:
        """The painted picture as PNG, once it is finished."""
        painting = service.paintings.find(name)
        if painting.state != "done":
            raise Problem(409, f"the painting is {painting.state}.")
        return Response(painting.image, media_type=IMAGES["png"])

    @app.delete("/v1/stylize/{name}", responses=_refusals(401, 404))
    async def cancel(name: str) -> Response:
        """Stop a painting."""
        return JSONResponse(_state(service.paintings.cancel(name)))

    @app.get("/v1/models", responses=_refusals(401, 503))
    async def models() -> Response:
        """The served models, with their attributes, image sizes and cards."""
        return JSONResponse({"models": [_told(each) for each in service.known().values()]})

    @app.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> Response:
        """Liveness: the service answers."""
        return PlainTextResponse("ok")

    @app.get("/readyz", response_class=PlainTextResponse, responses=_refusals(503))
    async def readyz() -> Response:
        """Readiness: the models are loaded and a worker is ready."""
        if not service.ready:
            raise Problem(503, "no worker is ready.", 1)
        return PlainTextResponse("ok")

    @app.get("/metrics", response_class=PlainTextResponse, responses=_refusals(401))
    async def metrics() -> Response:
        """Counts and durations in the format of Prometheus."""
        return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def _ask(service: Service, body: TranslateBody | ChainBody, targets: Sequence[Target]) -> Ask:
    """Return the request to a worker. Raises Problem."""
    return Ask(
        service.named(body.model), body.image, tuple(targets), body.source, body.strength, body.seed, body.reference,
        body.full_size, body.format,
    )  # fmt: skip


def _in_json(made: Made, form: str) -> Response:
    images = [base64.b64encode(each).decode() for each in made.images]
    return JSONResponse({"images": images, "media_type": IMAGES[form], "warning": made.warning})


def _warning(made: Made) -> dict[str, str]:
    """Return the header with the warning. Characters other than ASCII are escaped, because headers cannot hold them."""
    return {WARNING: made.warning.encode("ascii", "backslashreplace").decode()} if made.warning else {}


def _told(about: About) -> dict[str, Any]:
    """Return what clients are told about a model."""
    return {name: value for name, value in asdict(about).items() if name != "by_target"}


def _state(painting: Painting) -> dict[str, Any]:
    """Return what clients are told about a painting."""
    state = {"name": painting.name, "state": painting.state, "done": painting.done, "total": painting.total}
    return state | ({"reason": painting.reason} if painting.reason else {}) | {"href": _place(painting)}


def _place(painting: Painting) -> str:
    return f"/v1/stylize/{painting.name}"


def _documented(body: type[Body], example: Mapping[str, Any], status: int, media: Sequence[str]) -> dict[str, Any]:
    """Return the OpenAPI description of an endpoint: its body with an example, and its answers."""
    schema = schema_of(body)
    schema["content"][JSON]["example"] = example
    content = {each: {"schema": {"type": "object"}} if each == JSON else _PICTURE for each in media}
    answers = {status: {"description": "done", "content": content}} | _refusals(400, 401, 404, 408, 413, 415, 422, 429, 503, 504)
    return {"openapi_extra": {"requestBody": schema}, "responses": answers, "status_code": status, "response_class": Response}


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problems that an endpoint may answer with, for OpenAPI."""
    content = {problems.MEDIA_TYPE: {"schema": problems.SCHEMA}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


async def _http_problem(request: Request, error: Exception) -> Response:
    """Answer an unknown path or method with a problem."""
    assert isinstance(error, HTTPException)
    response = problems.answer(error.status_code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _fault(request: Request, error: Exception) -> Response:
    """Answer an internal error with a problem; the server logs the details."""
    return problems.answer(500, "a fault of the service: its log says more.")
