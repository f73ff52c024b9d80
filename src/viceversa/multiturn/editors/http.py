"""Editors behind HTTP: a server of your own that speaks JSON, and servers with OpenAI's form of image edits.

JSON: the editor posts

    {"image": PNG in base64, "instruction": text, "source": {attribute: value}, "target": {attribute: value}, "seed": integer}

and the server answers {"image": an image file in base64}. Source and target are empty for images without labels.

OpenAI's form: the editor posts `image`, `prompt`, `model` and `n=1` as multipart/form-data to BASE_URL/images/edits. The server
answers {"data": [{"b64_json": ...}]} or {"data": [{"url": ...}]}. The editor does not send `response_format`, because newer models
reject it. The form has no seed, so the same request may have different answers.
"""

from __future__ import annotations

import base64
import importlib
import io
import ipaddress
import json
import math
import os
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from PIL import Image

from viceversa.errors import UsageError, quoted
from viceversa.multiturn.editors.answers import in_short, opened
from viceversa.multiturn.editors.editor import Edit, Editor

MOST_BYTES = 64 * 2**20
"""Maximum size of an answer in bytes."""
MOST_WAIT = 300.0
"""Maximum wait in seconds that a server may ask for; the editor gives up at longer ones."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before the first retry, doubled with each one, and their maximum."""

_OPENAI_KEY = "OPENAI_API_KEY"
_JITTER = random.SystemRandom()  # leaves the seeded generators alone


@dataclass(frozen=True)
class Endpoint:
    """Settings of the requests to a server.

    Args:
        model: name of the model, for OpenAI's form.
        key_env: environment variable with the key, which is sent as a Bearer token. If empty: OPENAI_API_KEY, if it is set, for
            OpenAI's form, and no key for JSON.
        per_minute: maximum number of requests per minute; None for no limit.
        retries: number of further attempts after status 429 or 5xx, a lost connection, or a time-out.
        timeout: maximum seconds for a request.

    Raises:
        UsageError: If a number is out of range.
    """

    model: str = ""
    key_env: str = ""
    per_minute: float | None = None
    retries: int = 5
    timeout: float = 120.0

    def __post_init__(self) -> None:
        if self.per_minute is not None and not 0 < self.per_minute < math.inf:
            raise UsageError(f"`per_minute={self.per_minute}`: give a number above 0.")
        if self.retries < 0:
            raise UsageError(f"`retries={self.retries}`: give 0 or more.")
        if not 0 < self.timeout < math.inf:
            raise UsageError(f"`timeout={self.timeout}`: give a number of seconds above 0.")


DEFAULTS = Endpoint()


def by_json(url: str, endpoint: Endpoint = DEFAULTS) -> Editor:
    """Return an editor that posts JSON to a URL.

    The editor raises UsageError if the server refuses a request, if no attempt succeeds, and for an answer that is no image.

    Args:
        url: of the server, with http or https.
        endpoint: how it is called. It has no model.

    Raises UsageError for a bad URL, a model, a key that cannot be sent, and a missing package.
    """
    if endpoint.model:
        raise UsageError(f"`model={endpoint.model!r}` is for openai:BASE_URL: {address(url)} takes none.")
    server = _server(_url(url), endpoint, endpoint.key_env)

    def edited(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        asked = {
            "image": base64.b64encode(_png(image)).decode(),
            "instruction": edit.instruction,
            "source": dict(edit.source),
            "target": dict(edit.target),
            "seed": seed,
        }
        return server.image(server.post(json=asked).get("image"))

    return edited


def by_openai(base_url: str, endpoint: Endpoint = DEFAULTS) -> Editor:
    """Return an editor that calls the image edits of OpenAI, or of a server with the same form.

    The editor raises UsageError as that of `by_json` does.

    Args:
        base_url: as "https://api.openai.com/v1"; the editor appends "/images/edits".
        endpoint: how it is called.

    Raises UsageError for a bad URL, a key that cannot be sent, and a missing package.
    """
    base = _url(base_url)
    key_env = endpoint.key_env or (_OPENAI_KEY if os.environ.get(_OPENAI_KEY, "").strip() else "")
    server = _server(base.copy_with(path=f"{base.path.rstrip('/')}/images/edits"), endpoint, key_env)

    def edited(image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        asked = {"prompt": edit.instruction, "n": "1"} | ({"model": endpoint.model} if endpoint.model else {})
        file = ("image.png", _png(image.convert("RGB")), "image/png")
        answer = server.post(data=asked, files={"image": file}).get("data")
        first = answer[0] if isinstance(answer, list) and answer else None
        made: Mapping[str, object] = first if isinstance(first, dict) else {}
        link = made.get("url")
        if made.get("b64_json") is None and isinstance(link, str):
            return opened(server.fetched(link), address(link))
        return server.image(made.get("b64_json"))

    return edited


def address(url: str) -> str:
    """Return a URL for messages and reports, without user, password and query, which may be secret. Raises UsageError."""
    parsed = _url(url)
    return str(parsed.copy_with(userinfo=b"", query=None, fragment=None))


class _Pace:
    """Rate limit: spaces requests evenly, over all threads. per_minute: maximum number of requests per minute; None for no
    limit."""

    def __init__(self, per_minute: float | None) -> None:
        self._interval = 60 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait until the next request may start."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._interval
        time.sleep(start - now)


@dataclass(frozen=True)
class _Server:
    """A server and its settings. The key is not stored: it is read from the environment for each request."""

    url: str
    endpoint: Endpoint
    key_env: str
    client: Any
    pace: _Pace

    @property
    def name(self) -> str:
        return address(self.url)

    def headers(self) -> dict[str, str]:
        """Return the header with the key. Raises UsageError if the key is missing or cannot be sent safely."""
        if not self.key_env:
            return {}
        key = self._key()
        if not key:
            raise UsageError(f"{self.name} needs a key, and the environment variable {self.key_env} has none: set it.")
        if not (key.isascii() and key.isprintable()):
            raise UsageError(f"the key in the environment variable {self.key_env} has characters that HTTP cannot send.")
        parsed = _url(self.url)
        if parsed.scheme == "http" and not _is_this_machine(parsed.host):
            remedy = f"use https, or unset {self.key_env} if the server needs no key"
            raise UsageError(f"{self.name} would receive the key in {self.key_env} without encryption: {remedy}.")
        return {"Authorization": f"Bearer {key}"}

    def post(self, **content: Any) -> dict[str, Any]:
        """Post a request, and return the JSON object in the answer. Raises UsageError."""
        answer = self._sent("POST", self.url, headers=self.headers(), **content)
        try:
            said = json.loads(answer)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise UsageError(f"{self.name} answered with no JSON object: {self._quoted(answer)}.")
        return said

    def fetched(self, url: str) -> bytes:
        """Return the content of a link, fetched without the key. Raises UsageError."""
        return self._sent("GET", url, follow_redirects=True)

    def image(self, content: object) -> Image.Image:
        """Return the image in a text in base64. Raises UsageError for anything else."""
        if not isinstance(content, str):
            raise UsageError(f"{self.name} answered with no image.")
        try:
            file = base64.b64decode("".join(content.split()), validate=True)
        except ValueError:
            raise UsageError(f"{self.name} answered with no image in base64: {self._quoted(content.encode())}.") from None
        return opened(file, self.name)

    def _sent(self, method: str, url: str, **content: Any) -> bytes:
        """Return the body of the answer to a request, repeated if that may help. Raises UsageError."""
        httpx2 = _package(url)
        where, tries = address(url), self.endpoint.retries + 1
        for attempt in range(tries):
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt) * _JITTER.uniform(0.5, 1.5)
            self.pace.wait()
            try:
                status, headers, body = self._exchanged(method, url, **content)
            except (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError, httpx2.ProxyError) as error:
                failure = f"cannot be reached: {type(error).__name__}: {self._safe(str(error))}"
            except httpx2.HTTPError as error:
                raise UsageError(f"{where} cannot be used: {type(error).__name__}: {self._safe(str(error))}.") from None
            else:
                if 200 <= status < 300:
                    return body
                failure = f"answered with status {status}: {self._quoted(body)}"
                if status != 429 and status < 500:
                    raise UsageError(f"{where} {failure}{self._remedy(status)}.")
                pause = max(pause, asked) if (asked := _retry_after(headers.get("retry-after", ""))) is not None else pause
                if pause > MOST_WAIT:
                    raise UsageError(f"{where} {failure}, and asks to wait {pause:.0f} seconds: try again later.")
            if attempt + 1 < tries:
                time.sleep(pause)
        raise UsageError(f"{where} {failure} (attempts: {tries}).")

    def _exchanged(self, method: str, url: str, **content: Any) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request once; return status, headers and body. Raises UsageError for a body that is too long, and errors of
        httpx2."""
        end, body = time.monotonic() + self.endpoint.timeout, bytearray()
        with self.client.stream(method, url, **content) as response:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise UsageError(f"{address(url)} answered with more than {MOST_BYTES // 2**20} MiB, which no image needs.")
                if time.monotonic() > end:
                    raise _package(url).ReadTimeout("the answer takes too long")
        return response.status_code, response.headers, bytes(body)

    def _remedy(self, status: int) -> str:
        if status not in (401, 403):
            return ""
        return f"; check the key in {self.key_env}" if self.key_env else "; name the variable with the key with `key_env`"

    def _quoted(self, body: bytes) -> str:
        """Return the message of a server, for an error message."""
        return repr(self._safe(_said(body)))

    def _safe(self, text: str) -> str:
        """Return a text for a message: short, on one line, and without the key."""
        key = self._key()
        return in_short(text.replace(key, "***") if key else text)

    def _key(self) -> str:
        return os.environ.get(self.key_env, "").strip() if self.key_env else ""


def _server(url: Any, endpoint: Endpoint, key_env: str) -> _Server:
    """Return the server behind a URL. Raises UsageError if its key cannot be sent."""
    client = _package(str(url)).Client(timeout=endpoint.timeout)
    server = _Server(str(url), endpoint, key_env, client, _Pace(endpoint.per_minute))
    server.headers()
    return server


def _package(url: str) -> Any:
    try:
        return importlib.import_module("httpx2")
    except ImportError as error:
        raise UsageError(f"{quoted(url)} needs the package httpx2: pip install 'viceversa[editors]'.") from error


def _url(url: str) -> Any:
    """Return the parsed URL. Raises UsageError unless it has http or https and a host."""
    httpx2 = _package(url)
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host or (parsed.port or 0) > 65_535:
        raise UsageError(f"{quoted(url)} is not a URL: write one with http or https, as in https://example.com/edit.")
    return parsed


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _retry_after(text: str) -> float | None:
    """Return the seconds that a Retry-After header asks to wait: a number, or an HTTP date; None if it is neither."""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


def _said(body: bytes) -> str:
    """Return the message in the body of an error: that of JSON in the usual forms, otherwise the whole body."""
    text = body.decode(errors="replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    for name in ("error", "message", "detail"):
        found = found.get(name, found) if isinstance(found, dict) else found
    return found if isinstance(found, str) else text


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
