"""A painting in progress: intermediate pictures from a thread, until it is finished or cancelled."""

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
"""Maximum number of intermediate pictures."""


@dataclass(frozen=True, eq=False)
class View:
    """An intermediate picture, or the last one.

    Args:
        image: the picture.
        done, total: evaluations done and in all.
    """

    image: Image.Image
    done: int
    total: int


def painted(
    content: Picture, styles: Sequence[Picture], settings: Stylize, device: Device = "auto", unwanted: threading.Event | None = None
) -> Generator[View, None, None]:
    """Paint in a thread, and yield intermediate pictures as they come.

    Args:
        content: image to paint.
        styles: style images.
        settings: settings of the style transfer.
        device: device of the network.
        unwanted: event that stops the painting at its next evaluation, as closing the iterator does.

    Raises:
        UsageError: If an image or a setting cannot be used.
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
        except BaseException as error:  # raised where the pictures are received
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
