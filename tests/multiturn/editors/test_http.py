"""Editors behind HTTP, against a real server: what is sent, what is tried again, what is refused, and that the key stays secret."""

from __future__ import annotations

import base64
import io
import socket
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np
import pytest
from PIL import Image

from multiturn.editors.stand_in import Answer, StandIn, noise, png, says, stand_in, text
from viceversa.errors import UsageError
from viceversa.multiturn.editors import http
from viceversa.multiturn.editors.editor import Edit
from viceversa.multiturn.editors.http import Endpoint, by_json, by_openai
from viceversa.multiturn.editors.named import editor_named

KEY = "sk-0123456789abcdef"
EDIT = Edit("put on glasses", {"glasses": "no"}, {"glasses": "yes"})
GOOD = says(200, {"image": text(noise())})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with stand_in() as told:
        yield told


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.mode == other.mode and np.array_equal(np.asarray(one), np.asarray(other))


def refusal(url: str, endpoint: Endpoint = http.DEFAULTS, form: Any = by_json) -> str:
    """The one line of an edit that fails, which starts with the address."""
    with pytest.raises(UsageError) as error:
        form(url, endpoint)(noise(), EDIT, 0)
    said = str(error.value)
    assert "\n" not in said and said.startswith(url) and len(said) < 600
    assert error.value.__suppress_context__ or error.value.__context__ is None  # a traceback would show the request
    return said


def test_json_holds_the_image_what_is_asked_and_the_seed(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.answers[:] = [GOOD]
    image = noise(5)
    editor = editor_named(f"{server.url}/edit?token=secret")
    assert editor.name == f"{server.url}/edit"
    assert same(editor(image, EDIT, 7), noise())
    (asked,) = server.asked
    assert asked.json == {
        "image": text(image),
        "instruction": "put on glasses",
        "source": {"glasses": "no"},
        "target": {"glasses": "yes"},
        "seed": 7,
    }
    assert (asked.method, asked.path) == ("POST", "/edit?token=secret")
    assert "authorization" not in asked.headers


@pytest.mark.parametrize("answer", [noise(9, 8), noise(3, 2, "L")], ids=["larger", "gray"])
def test_an_answer_keeps_its_size_and_mode(server: StandIn, answer: Image.Image) -> None:
    server.answers[:] = [says(200, {"image": text(answer)})]
    assert same(by_json(server.url)(noise(), EDIT, 0), answer)


def test_what_is_transparent_becomes_white(server: StandIn) -> None:
    server.answers[:] = [says(200, {"image": text(Image.new("RGBA", (2, 2), (10, 20, 30, 0)))})]
    assert same(by_json(server.url)(noise(), EDIT, 0), Image.new("RGB", (2, 2), "white"))


def test_base64_may_have_line_breaks(server: StandIn) -> None:
    server.answers[:] = [says(200, {"image": base64.encodebytes(png(noise(30, 30))).decode()})]
    assert same(by_json(server.url)(noise(), EDIT, 0), noise(30, 30))


def test_openais_form_is_multipart(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    server.answers[:] = [says(200, {"data": [{"b64_json": text(noise(9)), "url": None}]})]
    editor = editor_named(f"openai:{server.url}/v1/", endpoint=Endpoint(model="painter"))
    assert editor.name == "painter" and editor_named(f"openai:{server.url}/v1").name == f"{server.url}/v1"
    gray = noise(5, 4, "L")
    assert same(editor(gray, EDIT, 0), noise(9))
    (asked,) = server.asked
    assert asked.path == "/v1/images/edits" and asked.headers["authorization"] == f"Bearer {KEY}"
    form = asked.form
    assert same(Image.open(io.BytesIO(form.pop("image"))), gray.convert("RGB"))
    assert form == {"prompt": b"put on glasses", "n": b"1", "model": b"painter"}


def test_a_link_is_followed_without_the_key(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    link = {"data": [{"url": f"{server.url}/made?signature=secret"}]}
    server.answers[:] = [says(200, link), says(302, location="/made.png"), says(503), says(200, png(noise(9)))]
    assert same(by_openai(server.url)(noise(), EDIT, 0), noise(9))
    first, *others = server.asked
    assert "authorization" in first.headers
    signed = ("GET", "/made?signature=secret")
    assert [(each.method, each.path) for each in others] == [signed, ("GET", "/made.png"), signed]
    assert not any("authorization" in each.headers for each in others)
    server.answers[:] = [says(200, link), says(404, "gone")]
    server.asked.clear()
    with pytest.raises(UsageError) as error:
        by_openai(server.url)(noise(), EDIT, 0)
    assert str(error.value) == f"{server.url}/made answered with status 404: 'gone'."


@pytest.mark.parametrize("link", ["file:///etc/passwd", "ftp://127.0.0.1/x", "made.png"])
def test_a_link_to_anything_else_is_refused(server: StandIn, link: str) -> None:
    server.answers[:] = [says(200, {"data": [{"url": link}]})]
    with pytest.raises(UsageError, match=f"{link}' is not a URL"):
        by_openai(server.url)(noise(), EDIT, 0)


def test_a_server_that_needs_no_key_gets_none(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, ""):
        if value is not None:
            monkeypatch.setenv("OPENAI_API_KEY", value)
        server.answers[:] = [says(200, {"data": [{"b64_json": text(noise())}]})]
        by_openai(server.url)(noise(), EDIT, 0)
    assert len(server.asked) == 2 and not any("authorization" in each.headers for each in server.asked)


@pytest.mark.parametrize(
    "answer", [says(401, {"error": {"message": f"Incorrect key {KEY}"}}), says(400, f"<p>\n{KEY}</p>"), says(200, f"{KEY}!")]
)
def test_the_key_is_in_no_message(server: StandIn, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    server.answers[:] = [answer]
    said = refusal(server.url, Endpoint(key_env="MY_KEY"))
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in said and "***" in said
    assert ("check the key in MY_KEY" in said) == ("401" in said)
    editor = editor_named(server.url, endpoint=Endpoint(key_env="MY_KEY"))
    assert KEY not in repr(editor) + "".join(repr(cell.cell_contents) for cell in editor.edit.__closure__)  # type: ignore[attr-defined]


def test_a_key_that_cannot_be_sent_safely_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    endpoint = Endpoint(key_env="MY_KEY")
    with pytest.raises(UsageError, match="the environment variable MY_KEY has none: set it"):
        by_json("https://example.com", endpoint)
    for key, url, words in (
        ("sk-1\nX: y", "https://example.com", "has characters that HTTP cannot send"),
        ("sk-ä", "https://example.com", "has characters that HTTP cannot send"),
        (KEY, "http://example.com", "without encryption: use https"),
    ):
        monkeypatch.setenv("MY_KEY", key)
        with pytest.raises(UsageError, match=words) as error:
            by_json(url, endpoint)
        assert key not in str(error.value)
    by_json("https://example.com", endpoint)


def test_it_tries_again_until_it_is_answered(server: StandIn) -> None:
    def hangs_up(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True

    server.answers[:] = [says(500), hangs_up, says(429), says(503), GOOD]
    assert same(by_json(server.url, Endpoint(retries=4))(noise(), EDIT, 0), noise())
    assert len({each.body for each in server.asked}) == 1 and len(server.asked) == 5


def test_it_gives_up_with_what_the_server_said(server: StandIn) -> None:
    server.answers[:] = [says(500, {"error": {"message": "no\nGPU"}})]
    said = refusal(server.url, Endpoint(retries=2))
    assert said == f"{server.url} answered with status 500: 'no GPU' (attempts: 3)." and len(server.asked) == 3


@pytest.mark.parametrize(
    "body", [{"error": {"message": "no such model"}}, {"error": "no such model"}, {"detail": "no such model"}, "no such model"]
)
def test_a_refused_request_is_not_sent_again(server: StandIn, body: Any) -> None:
    server.answers[:] = [says(404, body), GOOD]
    assert refusal(server.url) == f"{server.url} answered with status 404: 'no such model'."
    assert len(server.asked) == 1


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_it_waits_as_long_as_it_is_asked(server: StandIn, as_date: bool) -> None:
    moment = datetime.now(UTC)
    date = format_datetime(moment.replace(microsecond=0) + timedelta(seconds=2), usegmt=True)
    server.answers[:] = [says(429, retry_after=date if as_date else "1"), GOOD]
    by_json(server.url)(noise(), EDIT, 0)
    waited = (datetime.now(UTC) - moment).total_seconds()
    assert 0.9 < waited < 60


def test_it_does_not_wait_for_hours(server: StandIn) -> None:
    server.answers[:] = [says(429, "slow down", retry_after="7200"), GOOD]
    said = refusal(server.url)
    assert said.endswith("answered with status 429: 'slow down', and asks to wait 7200 seconds: try again later.")
    assert len(server.asked) == 1


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "dripping"])
def test_a_request_may_not_take_longer_than_the_timeout(server: StandIn, drips: bool) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        if drips:
            handler.send_response(200)
            handler.end_headers()
        for _ in range(20):
            time.sleep(0.1)
            if drips:
                handler.wfile.write(b" ")

    server.answers[:] = [slow]
    start = time.monotonic()
    said = refusal(server.url, Endpoint(timeout=0.3, retries=1))
    assert "cannot be reached: ReadTimeout: " in said and len(server.asked) == 2 and time.monotonic() - start < 3.5  # not 2 s each


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    said = refusal(url, Endpoint(retries=1))
    assert "cannot be reached: ConnectError: " in said and said.endswith("(attempts: 2).")


ANSWERS = {
    "no JSON": (says(200, "<html>"), "answered with no JSON object: '<html>'."),
    "a list": (says(200, [1]), "answered with no JSON object: '[1]'."),
    "bytes": (says(200, b"\xff\x00"), "answered with no JSON object: '"),
    "no image": (says(200, {"picture": "x"}), "answered with no image."),
    "a number": (says(200, {"image": 1}), "answered with no image."),
    "no base64": (says(200, {"image": "data:image/png;base64,AAAA"}), "answered with no image in base64: 'data:image"),
    "a stray sign": (says(200, {"image": f"!{text(noise())}"}), "answered with no image in base64: '!"),
    "a text": (says(200, {"image": "aGVsbG8="}), "returned no usable image: cannot read the image"),
    "half an image": (says(200, {"image": text(noise(40, 40))[:2000]}), "returned no usable image: cannot read the image"),
    "a redirect": (says(307, location="http://127.0.0.1:9/"), "answered with status 307: ''."),
}


@pytest.mark.parametrize(("answer", "words"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_no_image(server: StandIn, answer: Answer, words: str) -> None:
    server.answers[:] = [answer]
    assert words in refusal(server.url)
    assert len(server.asked) == 1


@pytest.mark.parametrize("content", [{}, {"data": []}, {"data": {}}, {"data": ["x"]}, {"data": [{}]}, {"data": [{"url": 3}]}])
def test_an_answer_in_openais_form_without_an_image(server: StandIn, content: Any) -> None:
    server.answers[:] = [says(200, content)]
    assert refusal(server.url, form=by_openai) == f"{server.url}/images/edits answered with no image."


def test_an_answer_without_end_is_not_read_to_it(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_BYTES", 2**20)
    sent: list[int] = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(1000):
            sent.append(handler.wfile.write(bytes(2**16)))

    server.answers[:] = [endless]
    assert refusal(server.url).endswith("answered with more than 1 MiB, which no image needs.")
    assert sum(sent) < 30 * 2**20 and len(server.asked) == 1


def test_requests_are_spaced(server: StandIn) -> None:
    server.answers[:] = [GOOD, says(500), GOOD]
    editor = by_json(server.url, Endpoint(per_minute=200))
    start = time.monotonic()
    for seed in range(2):
        editor(noise(), EDIT, seed)
    assert len(server.asked) == 3 and time.monotonic() - start >= 0.6  # a retry is a request too


@pytest.mark.parametrize(
    "options", [{"per_minute": 0}, {"per_minute": float("nan")}, {"retries": -1}, {"timeout": 0}, {"timeout": float("inf")}]
)
def test_numbers_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=rf"^`{next(iter(options))}=.*`: give "):
        Endpoint(**options)


def test_what_is_no_url() -> None:
    for url in ("http:edit", "https://", "http://[::1", "http://127.0.0.1:99999"):
        with pytest.raises(UsageError, match="is not a URL: write one with http or https"):
            editor_named(url)
    with pytest.raises(UsageError, match=r"`model='painter'` is for openai:BASE_URL: https://example"):
        editor_named("https://example.com", endpoint=Endpoint(model="painter"))


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(UsageError, match=r"'https://example.com' needs the package httpx2: pip install 'viceversa\[editors\]'"):
        editor_named("https://example.com")
