"""Batches across requests, and the processes that answer them: sizes, waits, keys, and what a lost process costs."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

import pytest

from viceversa.errors import UsageError
from viceversa.serving.api.batching import Batcher, Item, fail, finish
from viceversa.serving.api.limits import Limits
from viceversa.serving.api.workers import Work, Worker, WorkerLost

WORK = Work({}, "cpu", 1, 1)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 30))  # type: ignore[arg-type]


async def submitted(batcher: Batcher[int, int], asks: Sequence[tuple[str, int]]) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(batcher.submit(key, ask)) for key, ask in asks]
    await asyncio.sleep(0)
    return tasks


def asks_of(batch: Sequence[Item[int, int]]) -> list[int]:
    return [item.ask for item in batch]


def test_a_full_batch_goes_at_once_and_the_rest_waits_its_turn() -> None:
    async def scenario() -> None:
        batcher: Batcher[int, int] = Batcher(3, 60.0)
        tasks = await submitted(batcher, [("a", number) for number in range(7)])
        for _ in range(2):
            batch = await batcher.next()
            finish(batch, [10 * ask for ask in asks_of(batch)])
        assert await asyncio.gather(*tasks[:6]) == [0, 10, 20, 30, 40, 50]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(batcher.next(), 0.05)  # one image, which waits for others
        assert asks_of(batcher.waiting) == [6]
        tasks[6].cancel()

    run(scenario)


def test_a_batch_has_the_image_that_waited_longest_and_those_like_it() -> None:
    async def scenario() -> None:
        batcher: Batcher[int, int] = Batcher(8, 0.0)
        tasks = await submitted(batcher, [("a", 1), ("b", 2), ("a", 3), ("b", 4)])
        first, second = await batcher.next(), await batcher.next()
        assert (asks_of(first), asks_of(second)) == ([1, 3], [2, 4])
        finish(first, [1, 3])
        fail(second, WorkerLost("lost"))
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert found[::2] == [1, 3] and [type(each) for each in found[1::2]] == [WorkerLost, WorkerLost]

    run(scenario)


def test_the_first_image_waits_as_long_as_it_may_and_an_image_that_comes_meanwhile_goes_along() -> None:
    async def scenario() -> None:
        batcher: Batcher[int, int] = Batcher(8, 0.3)
        began = time.monotonic()
        tasks = await submitted(batcher, [("a", 1)])
        coming = asyncio.create_task(batcher.next())
        await asyncio.sleep(0.1)
        tasks += await submitted(batcher, [("a", 2), ("b", 3)])
        assert asks_of(await coming) == [1, 2]
        assert 0.3 <= time.monotonic() - began < 2
        for task in tasks:
            task.cancel()

    run(scenario)


def test_an_image_whose_caller_gave_up_is_not_computed() -> None:
    async def scenario() -> None:
        batcher: Batcher[int, int] = Batcher(2, 60.0)
        gone, *_ = await submitted(batcher, [("a", 1)])
        coming = asyncio.create_task(batcher.next())
        await asyncio.sleep(0)
        gone.cancel()
        stayed = await submitted(batcher, [("a", 2), ("a", 3)])
        batch = await coming
        assert asks_of(batch) == [2, 3]
        finish(batch, [2, 3])
        assert await asyncio.gather(*stayed) == [2, 3]

    run(scenario)


def echo(connection: Connection, work: Work) -> None:
    """A worker: numbers come back doubled; "die" ends the process in the middle, "hang" never answers."""
    connection.send(["ready"])
    while True:
        asks = connection.recv()
        if "die" in asks:
            os.kill(os.getpid(), signal.SIGKILL)
        if "hang" in asks:
            time.sleep(60)
        connection.send([2 * ask for ask in asks])


def refuse(connection: Connection, work: Work) -> None:
    """A worker whose models cannot be loaded."""
    connection.send("there is no such model.")


def test_a_worker_answers_is_lost_with_its_batch_only_and_starts_again() -> None:
    async def scenario() -> None:
        worker = Worker(WORK, 5, echo)
        assert await worker.start() == ["ready"] and worker.ready
        assert await worker.compute([1, 2]) == [2, 4]
        with pytest.raises(WorkerLost, match="has ended"):
            await worker.compute(["die"])
        await asyncio.wait_for(worker.lost.wait(), 5)
        assert not worker.ready
        await worker.start()
        assert await worker.compute([3]) == [6]
        os.kill(worker.process_id, signal.SIGKILL)  # while it has nothing to do
        await asyncio.wait_for(worker.lost.wait(), 5)
        worker.stop()

    run(scenario)


def test_a_computation_that_takes_too_long_is_killed() -> None:
    async def scenario() -> None:
        worker = Worker(WORK, 0.3, echo)
        await worker.start()
        with pytest.raises(WorkerLost, match=r"more than 0.3 s"):
            await worker.compute(["hang"])
        await asyncio.wait_for(worker.lost.wait(), 5)
        worker.stop()

    run(scenario)


def test_a_worker_that_cannot_load_its_models_says_why() -> None:
    async def scenario() -> None:
        worker = Worker(WORK, 5, refuse)
        with pytest.raises(UsageError, match="no such model"):
            await worker.start()
        worker.stop()

    run(scenario)


@pytest.mark.parametrize("name", ["requests", "batch", "megabytes", "megapixels", "seconds"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_limits_are_positive(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"`{name}="):
        Limits(**{name: value})
