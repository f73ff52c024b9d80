"""The service behind the endpoints: workers that answer batches, and the queue of waiting images."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from viceversa.errors import UsageError, unknown
from viceversa.progress import say
from viceversa.serving.api.batching import Batcher, Item, fail, finish
from viceversa.serving.api.limits import Limits
from viceversa.serving.api.messages import About, Ask, Made, Refused
from viceversa.serving.api.metrics import Metrics
from viceversa.serving.api.paintings import Paintings
from viceversa.serving.api.problems import Problem
from viceversa.serving.api.workers import Work, Worker, WorkerLost

if TYPE_CHECKING:
    from viceversa.device import Device

LOADING = 5
"""Seconds after which a client may try again while the models are loaded."""
LONGEST_PAUSE = 8
"""Maximum seconds between two attempts to start a worker."""


class Service:
    """Translations by workers, and paintings by a process each.

    Args:
        models: place of each model, as `load` takes it, by name.
        device: device of the networks.
        workers: number of processes; each has all models.
        limits: limits of the service.
        quiet: whether to omit the line for each batch.
        failed: function called if the models cannot be loaded; `failure` holds the reason.
    """

    def __init__(
        self, models: Mapping[str, str], device: Device, workers: int, limits: Limits, *, quiet: bool = False,
        failed: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self.names, self.limits, self.quiet, self.failed = list(models), limits, quiet, failed
        self.metrics = Metrics()
        self.batcher: Batcher[Ask, Made | Refused] = Batcher(limits.batch, limits.wait / 1000)
        self.paintings = Paintings(device, limits)
        self.failure: UsageError | None = None
        self._about: dict[str, About] = {}
        work = Work(models, device, workers, limits.most_pixels)
        self._workers = [Worker(work, limits.seconds) for _ in range(workers)]

    @property
    def ready(self) -> bool:
        """Whether a worker has loaded the models."""
        return any(worker.ready for worker in self._workers)

    def known(self) -> Mapping[str, About]:
        """Return the descriptions of the models, by name. Raises Problem (503) while they are loaded for the first time."""
        if not self._about:
            raise Problem(503, "the models are being loaded: try again.", LOADING)
        return self._about

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the workers and the paintings until the context is left."""
        tasks = [asyncio.create_task(each) for each in (*map(self._attend, self._workers), self.paintings.work())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for worker in self._workers:
                worker.stop()

    async def translated(self, ask: Ask) -> Made:
        """Wait for the answer to a request. Raises Problem."""
        try:
            async with asyncio.timeout(self.limits.seconds):
                answer = await self.batcher.submit(self._key(ask), ask)
        except WorkerLost as lost:
            raise Problem(503, str(lost), 1) from None
        except TimeoutError:
            raise Problem(504, f"no answer in {self.limits.seconds:g} s: try again later, or send less.") from None
        if isinstance(answer, Refused):
            raise Problem(answer.status, answer.reason)
        return answer

    def named(self, name: str | None) -> str:
        """Return the name of a model; None is the first one. Raises Problem (404) for an unknown name."""
        found = self.names[0] if name is None else name
        if found not in self.names:
            raise Problem(404, str(unknown("model", found, self.names)))
        return found

    def _key(self, ask: Ask) -> Hashable:
        """Return what the images of a batch must share. Requests with random styles or full size are computed alone."""
        about = self.known()[ask.model]
        if about.styles or ask.full_size:
            return object()
        reference = None if ask.reference is None else sha256(ask.reference).digest()
        targets = ask.targets if about.by_target else len(ask.targets)
        return ask.model, str(targets), str(ask.source), ask.seed, reference

    async def _attend(self, worker: Worker) -> None:
        """Start a worker, let it answer batches, and replace it when it is lost."""
        pause = 0
        while True:
            try:
                self._about = {each.model: each for each in await worker.start()}
                pause = 0
                await self._serve(worker)
            except UsageError as error:
                if not self._about:
                    self.failure = error
                    self.failed()
                    return
                say(f"a worker cannot start: {error}")
            except WorkerLost as lost:
                say(f"a worker cannot start: {lost}")
            self.metrics.restarts.inc()
            say("a worker has ended: another one is started.")
            await asyncio.sleep(pause)
            pause = min(2 * pause + 1, LONGEST_PAUSE)

    async def _serve(self, worker: Worker) -> None:
        """Let a worker answer batches until it is lost. A batch that it has not received is put back into the queue."""
        while True:
            coming, lost = asyncio.ensure_future(self.batcher.next()), asyncio.ensure_future(worker.lost.wait())
            try:
                await asyncio.wait((coming, lost), return_when=asyncio.FIRST_COMPLETED)
                if lost.done():
                    if coming.done():
                        self.batcher.waiting[:0] = coming.result()
                    return
            finally:
                coming.cancel()
                lost.cancel()
            await self._answer(worker, coming.result())

    async def _answer(self, worker: Worker, batch: Sequence[Item[Ask, Made | Refused]]) -> None:
        """Let a worker answer a batch."""
        began = time.perf_counter()
        try:
            finish(batch, await worker.compute([item.ask for item in batch]))
        except WorkerLost as error:
            fail(batch, error)
            say(f"a batch of {len(batch)} failed: {error}")
            await worker.lost.wait()
        self._note(batch, time.perf_counter() - began)

    def _note(self, batch: Sequence[Item[Ask, Made | Refused]], seconds: float) -> None:
        """Count and log a batch."""
        model = batch[0].ask.model
        self.metrics.batches.labels(model).observe(len(batch))
        self.metrics.batch_seconds.labels(model).observe(seconds)
        say(f"{model}: {len(batch)} images in {1000 * seconds:.0f} ms, {len(self.batcher.waiting)} wait", quiet=self.quiet)
