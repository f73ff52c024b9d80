"""The service as its clients see it: a real server in a process of its own, on the loopback interface."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil
import pytest
from PIL import Image

import viceversa as vv
from benchmarks.serving import broken_images
from experiments.common import ROOT
from processes import environment
from viceversa.cli import main
from viceversa.data.sets.avatars import SPLITS, labels_of, render

TOKEN = "a secret"
PAGE = ROOT / "docs" / "serving.md"


class Server:
    """A running service. client: with its address and token."""

    def __init__(self, process: subprocess.Popen[str], address: str, token: str) -> None:
        self.process, self.address = process, address
        self.client = httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=60)

    @property
    def worker(self) -> psutil.Process:
        """The process that computes: the newest one, while nothing is painted."""
        return max(psutil.Process(self.process.pid).children(recursive=True), key=lambda child: child.create_time())

    def wait_until_ready(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while httpx2.get(f"{self.address}readyz", timeout=60).status_code != 200:
            assert time.monotonic() < end, "it is not ready"
            time.sleep(0.1)


@contextmanager
def served(*arguments: str, token: str = "") -> Iterator[Server]:
    command = [sys.executable, "-m", "viceversa", "serve", *arguments, "--port", "0", "--device", "cpu"]
    variables = {**environment(), "VICEVERSA_TOKEN": token}
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=variables) as process:
        assert process.stderr is not None
        address = re.search(r"http://\S+", process.stderr.readline())
        assert address is not None
        log = threading.Thread(target=process.stderr.read, daemon=True)
        log.start()
        try:
            yield Server(process, address[0], token)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served("avatars", "--requests", "8", "--megapixels", "1", "--megabytes", "2", "--wait", "50") as found:
        found.wait_until_ready()
        yield found


@pytest.fixture(scope="module")
def avatars() -> vv.Model:
    return vv.load("avatars", device="cpu")


@pytest.fixture(scope="module")
def face() -> bytes:
    persons = SPLITS["test"][:1]
    return content(Image.fromarray(render(persons, labels_of(persons), 64)[0]))


def content(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


def pixels(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB")).astype(int)


def post(server: Server, place: str, image: bytes, **fields: Any) -> httpx2.Response:
    return server.client.post(place, files={"image": ("../../etc/passwd", image)}, data=fields)


def in_base64(image: bytes) -> str:
    return base64.b64encode(image).decode()


def test_a_form_and_json_give_what_the_model_gives(server: Server, avatars: vv.Model, face: bytes) -> None:
    expected = np.asarray(avatars.translate(Image.open(io.BytesIO(face)), "glasses=yes")).astype(int)
    form = post(server, "/v1/translate", face, to="glasses=yes", model="avatars")
    assert (form.status_code, form.headers["content-type"]) == (200, "image/png")
    body = {"image": in_base64(face), "to": {"glasses": "yes"}}
    told = server.client.post("/v1/translate", json=body, headers={"Accept": "application/json"}).json()
    assert (told["media_type"], told["warning"], len(told["images"])) == ("image/png", "", 1)
    for made in (form.content, base64.b64decode(told["images"][0])):
        assert np.abs(pixels(made) - expected).max() <= 1
    assert np.abs(pixels(form.content) - pixels(face)).max() > 50


def test_a_chain_has_the_image_after_each_step(server: Server, avatars: vv.Model, face: bytes) -> None:
    steps = ["glasses=yes", "hair=blond", "glasses=no"]
    expected = avatars.chain(Image.open(io.BytesIO(face)), steps)
    found = server.client.post("/v1/chain", json={"image": in_base64(face), "to": steps, "format": "webp"}).json()
    form = server.client.post("/v1/chain", files={"image": face}, data={"to": steps}).json()
    assert found["media_type"] == "image/webp" and len(found["images"]) == 3
    for made, image in zip(form["images"], expected, strict=True):
        assert np.abs(pixels(base64.b64decode(made)) - np.asarray(image).astype(int)).max() <= 1


def test_requests_that_come_together_are_computed_together_and_answered_as_alone(server: Server, face: bytes) -> None:
    edits = ["glasses=yes", "glasses=no", "beard=yes", "hair=blond", "hair=black", "smile=yes"]
    alone = [pixels(post(server, "/v1/translate", face, to=edit).content) for edit in edits]
    before = metric(server, "viceversa_batch_images_count")
    with ThreadPoolExecutor(len(edits)) as pool:
        together = list(pool.map(lambda edit: post(server, "/v1/translate", face, to=edit), edits))
    assert metric(server, "viceversa_batch_images_count") - before < len(edits)
    for one, many in zip(alone, together, strict=True):
        assert np.abs(one - pixels(many.content)).max() <= 1


def metric(server: Server, name: str) -> float:
    text = server.client.get("/metrics").text
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


def test_models_are_told_of(server: Server) -> None:
    (model,) = server.client.get("/v1/models").json()["models"]
    assert model["model"] == "avatars" and model["attributes"]["glasses"] == ["yes", "no"]
    assert model["spaces"] == {"avatars": [64, 64, 3]} and model["card"].startswith("# avatars")


def test_the_description_names_every_endpoint_and_has_examples_that_work(server: Server) -> None:
    paths = server.client.get("/openapi.json").json()["paths"]
    assert {"/v1/translate", "/v1/chain", "/v1/stylize", "/v1/models", "/healthz", "/readyz", "/metrics"} <= set(paths)
    for path in paths:  # each answer's type is told
        if path not in ("/v1/stylize", "/v1/stylize/{name}", "/v1/translate", "/v1/chain", "/v1/stylize/{name}/image"):
            told = server.client.get(path).headers["content-type"].partition(";")[0]
            assert told in paths[path]["get"]["responses"]["200"]["content"], path
    assert "image/png" in paths["/v1/stylize/{name}/image"]["get"]["responses"]["200"]["content"]
    for path, status in (("/v1/translate", 200), ("/v1/chain", 200), ("/v1/stylize", 202)):
        example = paths[path]["post"]["requestBody"]["content"]["application/json"]["example"]
        assert server.client.post(path, json=example).status_code == status
    server.client.delete(server.client.post("/v1/stylize", json=example).json()["href"])


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"to": "hat=yes"}, 422, "hat"),
        ({"to": "glasses=yes", "model": "../avatars"}, 404, "unknown model"),
        ({"to": "glasses=yes", "strength": "much"}, 422, "strength"),
        ({"to": "glasses=yes", "seed": "-1"}, 422, "seed"),
        ({"to": "glasses=yes", "format": "tiff"}, 422, "format"),
        ({"to": "glasses=yes", "path": "/etc/passwd"}, 422, "path"),
        ({"to": ["glasses=yes", "glasses=no"]}, 422, "once"),
        ({}, 422, "to"),
    ],
)
def test_bad_fields_are_told_in_one_line(server: Server, face: bytes, fields: dict[str, Any], status: int, told: str) -> None:
    check_problem(post(server, "/v1/translate", face, **fields), status, told)


def check_problem(response: httpx2.Response, status: int, told: str) -> None:
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json"), response.text
    problem = response.json()
    assert problem["status"] == status and told in problem["detail"] and "\n" not in problem["detail"]


def test_bad_bodies_are_told_in_one_line(server: Server) -> None:
    client, form = server.client, "multipart/form-data; boundary=x"
    check_problem(client.post("/v1/translate", content=b"{", headers={"Content-Type": "application/json"}), 400, "JSON")
    check_problem(client.post("/v1/translate", content=b"x", headers={"Content-Type": form}), 400, "form")
    check_problem(client.post("/v1/translate", content=b"x", headers={"Content-Type": "text/plain"}), 415, "multipart")
    check_problem(client.post("/v1/translate", json={"image": "///", "to": "glasses=yes"}), 422, "base64")
    check_problem(client.post("/v1/translate", json=[1]), 422, "body")
    check_problem(client.get("/v1/translate"), 405, "Not Allowed")
    check_problem(client.get("/v1/nothing"), 404, "Not Found")
    check_problem(client.get("/v1/stylize/nothing"), 404, "painting")


def test_what_is_too_large_is_refused(server: Server, face: bytes) -> None:
    check_problem(post(server, "/v1/translate", content(Image.new("1", (2000, 2000))), to="glasses=yes"), 413, "pixels")
    check_problem(post(server, "/v1/translate", face + bytes(3 * 2**20), to="glasses=yes"), 413, "2 MiB")

    def pieces() -> Iterator[bytes]:  # without a length
        yield from (bytes(2**20) for _ in range(4))

    check_problem(server.client.post("/v1/translate", content=pieces(), headers={"Content-Type": "application/json"}), 413, "2 MiB")


def test_the_host_is_asked_for(server: Server) -> None:
    check_problem(server.client.get("/v1/models", headers={"Host": "attacker.example"}), 400, "this machine only")


def test_broken_images_are_no_fault_of_the_service(server: Server) -> None:
    restarts = metric(server, "viceversa_worker_restarts_total")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda image: post(server, "/v1/translate", image, to="glasses=yes"), broken_images(100, seed=1)))
    assert {200, 422} <= {answer.status_code for answer in answers} <= {200, 413, 422}
    assert metric(server, "viceversa_worker_restarts_total") == restarts


def test_a_flood_is_refused_and_passes(server: Server, face: bytes) -> None:
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: post(server, "/v1/translate", face, to="glasses=yes"), range(120)))
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 429}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status_code == 429)
    assert post(server, "/v1/translate", face, to="glasses=yes").status_code == 200


def test_a_painting_is_made_looked_at_and_canceled(server: Server, face: bytes) -> None:
    fields = {"size": 64, "evaluations": 4}
    begun = server.client.post("/v1/stylize", files=[("content", face), ("style", face), ("style", face)], data=fields)
    place = begun.headers["location"]
    second = server.client.post("/v1/stylize", files=[("content", face), ("style", face)], data={"evaluations": 2000}).json()[
        "href"
    ]
    bad = server.client.post("/v1/stylize", files=[("content", b"x"), ("style", face)]).json()["href"]
    assert begun.status_code == 202 and server.client.get(f"{second}/image").status_code == 409
    assert ended(server, place) == {**begun.json(), "state": "done", "done": 4, "total": 4}
    assert Image.open(io.BytesIO(server.client.get(f"{place}/image").content)).size == (64, 64)
    wait_for(lambda: server.client.get(second).json()["done"] > 0)
    assert server.client.delete(second).json()["state"] == "canceled" == ended(server, second)["state"]
    found = ended(server, bad)
    assert found["state"] == "failed" and "content" in found["reason"]


def ended(server: Server, place: str) -> dict[str, Any]:
    wait_for(lambda: server.client.get(place).json()["state"] not in ("waiting", "running"))
    return dict(server.client.get(place).json())


def wait_for(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_commands_and_the_client_of_the_page_work(server: Server, face: bytes, tmp_path: Path) -> None:
    (tmp_path / "face.png").write_bytes(face)
    page = PAGE.read_text("utf-8").replace("http://127.0.0.1:8000/", server.address)
    clients = [block for block in re.findall(r"```(?:python|bash)\n(.*?)```", page, re.DOTALL) if server.address in block]
    assert len(clients) == 3
    made = []
    for client in clients:
        command = [sys.executable, "-c", client] if client.startswith("import") else ["bash", "-ec", client]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=True)
        made.append(ended.stdout or (tmp_path / "edited.png").read_bytes())
        (tmp_path / "edited.png").unlink(missing_ok=True)
    assert made[0] == made[1] and pixels(made[0]).shape == (64, 64, 3)
    assert len(json.loads(made[2])["images"]) == 2


def test_a_killed_worker_is_replaced_and_what_is_in_flight_at_the_end_is_finished(face: bytes) -> None:
    with served("avatars", "--wait", "500", "--quiet", token=TOKEN) as server:
        server.wait_until_ready()  # the probes need no token
        for headers in ({}, {"Authorization": "Bearer another"}, {"Authorization": TOKEN}):
            response = httpx2.get(f"{server.address}v1/models", headers=headers)
            check_problem(response, 401, "Bearer")
            assert response.headers["www-authenticate"] == "Bearer"
        killed = server.worker.pid
        os.kill(killed, signal.SIGKILL)  # while it is idle
        assert post(server, "/v1/translate", face, to="glasses=yes").status_code == 200
        worker = server.worker
        assert worker.pid != killed and metric(server, "viceversa_worker_restarts_total") == 1
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(post, server, "/v1/translate", face, to="glasses=yes")
            time.sleep(0.2)
            server.process.send_signal(signal.SIGTERM)
            assert coming.result().status_code == 200
        assert server.process.wait(20) in (143, -signal.SIGTERM)
        wait_for(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


def test_what_cannot_be_served_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, told in (
        (["nothing"], "nothing"),
        (["avatars", "avatars"], "would both be called"),
        (["avatars", "--port", "70000"], "--port"),
        (["avatars", "--requests", "0"], "--requests"),
        (["avatars", "--host", "192.0.2.1"], "cannot listen"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["serve", "--port", "0", *arguments])
        lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("the service is at")]
        assert ended.value.code == 2 and len(lines) == 1 and told in lines[0], (arguments, lines)
