"""Batches across requests: waiting images, and the groups in which the networks process them."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")


@dataclass(eq=False)
class Item(Generic[Ask, Answer]):
    """A waiting image.

    Args:
        key: images with equal keys can share a batch.
        ask: the request.
        since: time of its arrival, in seconds of the event loop.
        answer: the future answer.
    """

    key: Hashable
    ask: Ask
    since: float
    answer: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Batcher(Generic[Ask, Answer]):
    """Queue of images. A batch consists of the image that has waited longest and those with the same key, up to a size.

    Args:
        size: maximum number of images in a batch.
        wait: seconds that the first image waits for others. No time is lost while the networks are busy, because it passes
            meanwhile.
    """

    def __init__(self, size: int, wait: float) -> None:
        self.size, self.wait = size, wait
        self.waiting: list[Item[Ask, Answer]] = []
        self._came = asyncio.Event()
        self._forming = asyncio.Lock()

    async def submit(self, key: Hashable, ask: Ask) -> Answer:
        """Queue an image, and return the answer. Raises the error given to `fail`. If the caller is cancelled, the image is
        removed."""
        item: Item[Ask, Answer] = Item(key, ask, _now())
        self.waiting.append(item)
        self._came.set()
        try:
            return await item.answer
        finally:
            with suppress(ValueError):
                self.waiting.remove(item)

    async def next(self) -> list[Item[Ask, Answer]]:
        """Return the next batch as soon as it is full, or its first image has waited long enough."""
        async with self._forming:
            while True:
                if not self.waiting:
                    await self._news()
                elif len(batch := self._alike()) == self.size or (left := batch[0].since + self.wait - _now()) <= 0:
                    self.waiting = [item for item in self.waiting if item not in batch]
                    return batch
                else:
                    await self._news(left)

    def _alike(self) -> list[Item[Ask, Answer]]:
        return [item for item in self.waiting if item.key == self.waiting[0].key][: self.size]

    async def _news(self, seconds: float | None = None) -> None:
        """Wait until another image arrives, at most for the given seconds."""
        self._came.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._came.wait(), seconds)


def finish(batch: Sequence[Item[Ask, Answer]], answers: Sequence[Answer]) -> None:
    """Give each image of a batch its answer."""
    for item, answer in zip(batch, answers, strict=True):
        if not item.answer.done():
            item.answer.set_result(answer)


def fail(batch: Sequence[Item[Ask, Answer]], error: Exception) -> None:
    """Let each image of a batch fail with this error; other batches are not affected."""
    for item in batch:
        if not item.answer.done():
            item.answer.set_exception(error)


def _now() -> float:
    return asyncio.get_running_loop().time()
