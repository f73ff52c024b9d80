"""The HTTP service under load, on the loopback interface: throughput, a flood, a killed worker, memory, and hostile requests.

python -m benchmarks.serving                    about eight minutes on two idle cores; writes results/serving-cpu.json
python -m benchmarks.serving --parts fuzz       one part; the results of the others stay
python -m benchmarks.serving --table            fill the table of docs/serving.md from the stored results

It needs `wrk` (Debian's package) for the load, and schemathesis for the part `fuzz`. Each request sends a drawn face of 64 px as a
form and asks the packaged model for glasses; the model's labeller reads the other attributes. Servers with batches and without take
turns. Broken images are seeded changes of image files: bytes set, cut, repeated, and sizes that a header only claims.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2
import numpy as np
import psutil
import tyro
from PIL import Image

from benchmarks.common import RESULTS, machine_and_load
from experiments.common import DOCS, fill_page, read_json, table, write_json
from viceversa.data.sets.avatars import SPLITS, labels_of, render

STORED = RESULTS / "serving-cpu.json"
CONCURRENCY = (1, 8, 32)
Part = Literal["throughput", "flood", "kill", "memory", "fuzz"]
SCRIPT = """
local file = io.open("{body}", "rb")
wrk.method, wrk.body = "POST", file:read("*all")
wrk.headers["Content-Type"] = "multipart/form-data; boundary=viceversa"
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('\\n{{"requests": %d, "seconds": %.3f, "p50_ms": %.2f, "p95_ms": %.2f, "refused": %d, "broken": %d}}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
"""
"""For wrk: what it sends, and what it says at the end. refused: statuses above 399; broken: connections without an answer."""


@dataclass(frozen=True)
class Serving:
    """What is measured, and for how long."""

    parts: tuple[Part, ...] = ("throughput", "flood", "kill", "memory", "fuzz")
    rounds: int = 3
    """servers with batches and without take turns so many times"""
    seconds: int = 10
    """of each load"""
    examples: int = 100
    """requests that schemathesis makes up for each endpoint"""
    table: bool = False
    """fill the page from the stored results, and measure nothing"""


def face() -> bytes:
    """A drawn test face of 64 px, as a PNG file."""
    persons, buffer = SPLITS["test"][:1], io.BytesIO()
    Image.fromarray(render(persons, labels_of(persons), 64)[0]).save(buffer, "png")
    return buffer.getvalue()


def broken_images(count: int, seed: int = 0) -> Iterator[bytes]:
    """Image files that were changed, or that are none."""
    lot = np.random.default_rng(seed)
    picture = Image.open(io.BytesIO(face()))
    files = []
    for form in ("png", "jpeg", "webp", "gif", "tiff", "bmp", "ppm", "tga"):
        buffer = io.BytesIO()
        picture.save(buffer, form)
        files.append(buffer.getvalue())
    for number in range(count):
        content = bytearray(files[number % len(files)])
        match lot.integers(5):
            case 0:  # other bytes here and there, often in the header
                for place in lot.integers(0, min(len(content), 10 ** int(lot.integers(1, 5))), 8):
                    content[place] = lot.integers(256)
            case 1:
                del content[int(lot.integers(len(content))) :]
            case 2:  # larger sizes than there are pixels
                place = int(lot.integers(4, 40))
                content[place : place + 4] = lot.bytes(4)
            case 3:
                place = int(lot.integers(len(content)))
                content[place:place] = content[: int(lot.integers(1, 200))] * int(lot.integers(1, 20))
            case _:
                content = bytearray(lot.bytes(int(lot.integers(0, 300))))
        yield bytes(content)


@dataclass(frozen=True, eq=False)
class Server:
    """A running service. address: it ends in a slash."""

    process: subprocess.Popen[str]
    address: str

    @property
    def family(self) -> list[psutil.Process]:
        """The process that answers, and those that compute."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    @property
    def worker(self) -> psutil.Process:
        """The process that computes: the newest one."""
        return max(self.family, key=lambda process: process.create_time())

    @property
    def resident(self) -> float:
        """Memory of all its processes, in MiB."""
        return sum(process.memory_info().rss for process in self.family) / 2**20

    def translate(self, image: bytes) -> int:
        """Ask for a translation, and return the status."""
        return httpx2.post(
            f"{self.address}v1/translate", files={"image": image}, data={"to": "glasses=yes"}, timeout=90
        ).status_code

    def wait(self) -> float:
        """Wait until it is ready, and return the seconds that took."""
        began = time.monotonic()
        while httpx2.get(f"{self.address}readyz", timeout=90).status_code != 200:
            time.sleep(0.05)
        return time.monotonic() - began


@contextmanager
def served(*arguments: str) -> Iterator[Server]:
    """Serve the packaged model `avatars` in a process of its own."""
    command = [sys.executable, "-m", "viceversa", "serve", "avatars", "--port", "0", "--device", "cpu", "--quiet", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found is not None, "the service did not start"
        threading.Thread(target=process.stderr.read, daemon=True).start()
        server = Server(process, found[0])
        try:
            server.wait()
            yield server
        finally:
            process.kill()


def load(server: Server, concurrency: int, seconds: float) -> dict[str, float]:
    """Send the same request by so many clients at a time with wrk."""
    with tempfile.TemporaryDirectory() as name:
        body, script = Path(name) / "body", Path(name) / "load.lua"
        part = b'--viceversa\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        body.write_bytes(
            part % (b"image", b'; filename="face.png"', face()) + part % (b"to", b"", b"glasses=yes") + b"--viceversa--\r\n"
        )
        script.write_text(SCRIPT.format(body=body))
        command = ["wrk", "-t1", f"-c{concurrency}", f"-d{seconds:g}s", "--timeout", "90s", "-s", str(script)]
        printed = subprocess.run([*command, f"{server.address}v1/translate"], capture_output=True, text=True, check=True).stdout
    found: dict[str, float] = json.loads(printed.strip().splitlines()[-1])
    return found | {"per_second": round((found["requests"] - found["refused"]) / found["seconds"], 1)}


def throughput(asked: Serving) -> dict[str, Any]:
    """Requests a second and times of an answer, with batches and without."""
    rows: dict[str, list[dict[str, float]]] = {}
    for _ in range(asked.rounds):
        for name, batch in (("batches", "16"), ("one at a time", "1")):
            with served("--batch", batch) as server:
                load(server, 8, 3)
                for concurrency in CONCURRENCY:
                    rows.setdefault(f"{name}, {concurrency}", []).append(load(server, concurrency, asked.seconds))
    return {name: medians(found) for name, found in rows.items()} | {
        "ratio at 32": [
            round(one["per_second"] / other["per_second"], 2)
            for one, other in zip(rows["batches, 32"], rows["one at a time, 32"], strict=True)
        ]
    }


def medians(rows: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure, and the sum of the requests without a good answer."""
    found = {name: round(statistics.median(row[name] for row in rows), 2) for name in ("per_second", "p50_ms", "p95_ms")}
    return found | {name: sum(row[name] for row in rows) for name in ("refused", "broken")}


def flood(asked: Serving) -> dict[str, Any]:
    """Many more clients than requests that may be open: some are refused, and then all is as before."""
    with served("--requests", "32") as server:
        found = load(server, 256, asked.seconds)
        time.sleep(1)  # until what was in flight is done
        after = [server.translate(face()) for _ in range(20)]
    return {**found, "good_after": after.count(200), "of": len(after)}


def kill(asked: Serving) -> dict[str, Any]:
    """A worker is killed under load: what failed, and how long until there is another one."""
    clients = 8
    with served() as server, ThreadPoolExecutor(1) as pool:
        loaded = pool.submit(load, server, clients, 4 * asked.seconds)
        time.sleep(asked.seconds)
        before = server.worker.pid
        os.kill(before, signal.SIGKILL)
        time.sleep(0.2)
        seconds = server.wait()
        return {
            **loaded.result(),
            "clients": clients,
            "seconds_until_ready": round(seconds, 1),
            "other": server.worker.pid != before,
        }


def memory(asked: Serving) -> dict[str, Any]:
    """Resident memory of all processes after 2,000 and after 10,000 requests."""
    found, sent, first, last = {}, 0.0, 2_000, 10_000
    with served() as server:
        while sent < last:
            sent += load(server, 8, 3)["requests"]
            if sent >= first:
                found.setdefault("mib_after_2000", round(server.resident, 1))
        return {**found, "mib_after_10000": round(server.resident, 1), "requests": sent}


def fuzz(asked: Serving) -> dict[str, Any]:
    """Requests that schemathesis makes up from the service's description, and 200 broken images."""
    with served() as server, tempfile.TemporaryDirectory() as scratch:
        statuses = [server.translate(image) for image in broken_images(200)]
        checks = "not_a_server_error,status_code_conformance,content_type_conformance"
        command = [
            "schemathesis", "run", f"{server.address}openapi.json", "--checks", checks, "--max-examples", str(asked.examples),
            "--seed", "0", "--phases", "examples,coverage,fuzzing", "--request-timeout", "60",
        ]  # fmt: skip
        ended = subprocess.run(
            [str(Path(sys.executable).parent / command[0]), *command[1:]], capture_output=True, text=True, cwd=scratch
        )
        alive = server.translate(face())
    counts = {str(status): statuses.count(status) for status in sorted(set(statuses))}
    return {"broken_images": counts, "schemathesis": ended.returncode, "summary": summary(ended.stdout), "good_after": alive == 200}


def summary(printed: str) -> list[str]:
    """The last lines of schemathesis that count."""
    return [line.strip() for line in printed.splitlines() if re.search(r"generated|passed|failed|failures|unique", line)][-8:]


def lines(stored: Mapping[str, Any]) -> list[str]:
    """The table of the page."""
    found = stored["throughput"]
    rows = [
        [name, *(f"{found[name][each]:g}" for each in ("per_second", "p50_ms", "p95_ms"))]
        for name in found
        if name != "ratio at 32"
    ]
    return table(["server, clients at a time", "requests/s", "p50, ms", "p95, ms"], rows)


def main(asked: Serving) -> None:
    """Measure the parts that are asked for, and store them."""
    stored: dict[str, Any] = read_json(STORED) if STORED.exists() else {}
    if not asked.table:
        for part in asked.parts:
            measure = {"throughput": throughput, "flood": flood, "kill": kill, "memory": memory, "fuzz": fuzz}[part]
            stored[part] = measure(asked)
            print(part, json.dumps(stored[part]), flush=True)
        write_json(STORED, stored | {"environment": machine_and_load()})
    if "throughput" in stored:
        fill_page(DOCS / "serving.md", {"throughput": lines(stored)})


if __name__ == "__main__":
    main(tyro.cli(Serving, description=__doc__, config=(tyro.conf.OmitArgPrefixes,)))
