"""A painting while it is made: pictures on the way from a thread, until it is done or no longer wanted."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from PIL import Image

from viceversa.device import Device
from viceversa.images.load import Picture
from viceversa.style.painting import Losses
from viceversa.style.stylize import PaintingInterrupted, Stylize, stylize

VIEWS = 60
"""Pictures on the way, at most."""


@dataclass(frozen=True, eq=False)
class View:
    """A picture on the way, or the last one: after so many evaluations, of how many."""

    image: Image.Image
    done: int
    total: int


def painted(
    content: Picture, styles: Sequence[Picture], settings: Stylize, device: Device = "auto", unwanted: threading.Event | None = None
) -> Generator[View, None, None]:
    """Paint in a thread, and yield its pictures as they come.

    unwanted: set by another thread, it stops the painting at its next evaluation; so does closing the iterator.

    Raises UsageError.
    """
    views: SimpleQueue[View | BaseException | None] = SimpleQueue()
    closed, total = threading.Event(), sum(count for _, count in settings.stages)

    def heard(done: int, total: int, losses: Losses) -> None:
        if closed.is_set() or (unwanted is not None and unwanted.is_set()):
            raise KeyboardInterrupt

    def work() -> None:
        try:
            made = stylize(
                content, styles, settings, snapshots=min(VIEWS, total), device=device, heard=heard,
                viewed=lambda done, image: views.put(View(image, done, total)),
            )  # fmt: skip
            views.put(View(made.image, total, total))
        except PaintingInterrupted:
            pass
        except BaseException as error:  # which belongs to whoever waits for the pictures
            views.put(error)
        finally:
            views.put(None)

    thread = threading.Thread(target=work, name="painting", daemon=True)
    thread.start()
    try:
        while (view := views.get()) is not None:
            if isinstance(view, BaseException):
                raise view
            yield view
    finally:
        closed.set()
        thread.join()
