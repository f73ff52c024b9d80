"""Paintings as jobs. They take minutes, so a client starts one, asks for its progress, and fetches or cancels it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Literal

from viceversa.errors import UsageError
from viceversa.serving.api.asked import StylizeBody
from viceversa.serving.api.limits import Limits
from viceversa.serving.api.problems import Problem
from viceversa.serving.api.workers import spawn

if TYPE_CHECKING:
    from viceversa.device import Device

State = Literal["waiting", "running", "done", "failed", "canceled"]
MOST_WAITING = 4
"""Maximum number of waiting paintings; further ones get the status 429."""
KEPT = 16
"""Number of finished paintings, the newest ones, that can still be fetched."""
RETRY = 30
"""Seconds after which a refused client may try again."""


@dataclass(eq=False)
class Painting:
    """A requested painting.

    Args:
        body: the request.
        name: its random name.
        state: its state.
        done, total: evaluations done and in all.
        image: content of a PNG file.
        reason: why it failed.
        process: the process that paints.
    """

    body: StylizeBody
    name: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: State = "waiting"
    done: int = 0
    total: int = 0
    image: bytes = b""
    reason: str = ""
    process: Any = None

    @property
    def ended(self) -> bool:
        """Whether its state is final."""
        return self.state in ("done", "failed", "canceled")


class Paintings:
    """Paintings of a service. One is painted at a time, in a process of its own."""

    def __init__(self, device: Device, limits: Limits) -> None:
        self.device, self.limits = device, limits
        self._all: dict[str, Painting] = {}
        self._some = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "painting")

    def submit(self, body: StylizeBody) -> Painting:
        """Accept a painting. Raises Problem (429) if too many are waiting."""
        if sum(each.state == "waiting" for each in self._all.values()) >= MOST_WAITING:
            raise Problem(429, f"{MOST_WAITING} paintings wait already: try again later.", RETRY)
        painting = Painting(body)
        self._all[painting.name] = painting
        self._some.set()
        return painting

    def find(self, name: str) -> Painting:
        """Return the painting of that name. Raises Problem (404) if it does not exist or was removed."""
        if name not in self._all:
            raise Problem(404, "there is no such painting: it may have been removed, as only the newest are kept.")
        return self._all[name]

    def cancel(self, name: str) -> Painting:
        """Stop a painting that has not ended; its process is killed. Raises Problem (404)."""
        painting = self.find(name)
        if not painting.ended:
            painting.state = "canceled"
            if painting.process is not None:
                painting.process.kill()
        return painting

    async def work(self) -> None:
        """Paint what was requested, in order, until this coroutine is cancelled; then the current painting is stopped."""
        try:
            while True:
                waiting = [each for each in self._all.values() if each.state == "waiting"]
                if waiting:
                    await self._paint(waiting[0])
                    self._forget()
                else:
                    self._some.clear()
                    await self._some.wait()
        finally:
            for painting in self._all.values():
                self.cancel(painting.name)

    async def _paint(self, painting: Painting) -> None:
        loop, painting.state = asyncio.get_running_loop(), "running"
        arguments = painting.body, self.device, self.limits.most_pixels
        painting.process, connection = await loop.run_in_executor(self._thread, spawn, paint, *arguments)
        try:
            while not painting.ended:
                _tell(painting, await loop.run_in_executor(self._thread, _heard, connection, self.limits.seconds))
        finally:
            painting.process.kill()
            connection.close()

    def _forget(self) -> None:
        """Remove all ended paintings except the newest."""
        for painting in [each for each in self._all.values() if each.ended][:-KEPT]:
            del self._all[painting.name]


def _heard(connection: Connection, seconds: float) -> Any:
    """Return the next message of a painting's process; a text with the reason if there is none."""
    with suppress(EOFError, OSError):
        return connection.recv() if connection.poll(seconds) else f"no progress in {seconds:g} s."
    return "the process that painted has ended."


def _tell(painting: Painting, message: Any) -> None:
    """Store a message of a painting's process: progress, the picture, or why it failed. A canceled painting is not changed."""
    if painting.ended:
        return
    match message:
        case int(done), int(total):
            painting.done, painting.total = done, total
        case bytes(image):
            painting.state, painting.image = "done", image
        case str(reason):
            painting.state, painting.reason = "failed", reason


def paint(connection: Connection, body: StylizeBody, device: Device, most_pixels: int) -> None:
    """Paint in this process: send the numbers of evaluations, then the content of a PNG file, or why there is none."""
    from viceversa.images.formats import Embedded
    from viceversa.images.layers import read_layers
    from viceversa.serving.api.computing import picture_content
    from viceversa.style.stylize import Stylize, stylize

    def heard(done: int, total: int, losses: Any) -> None:
        connection.send((done, total))

    try:
        content, *styles = (read_layers(Embedded(name, image), most_pixels=most_pixels) for name, image in _images(body))
        settings = Stylize(style=body.strength, size=body.size, evaluations=body.evaluations, keep_colors=body.keep_colors)
        made = stylize(content, styles, settings, device=device, heard=heard, most_pixels=most_pixels)
        connection.send(picture_content(made.image, "png"))
    except UsageError as error:
        connection.send(str(error))


def _images(body: StylizeBody) -> Sequence[tuple[str, bytes]]:
    return [("content", body.content), *(("style", each) for each in body.style)]
