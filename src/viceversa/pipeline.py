"""Process several items in parallel threads, with results in order. PyTorch, codecs and file access release Python's lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

import torch

Item = TypeVar("Item")
Batch = TypeVar("Batch")
Result = TypeVar("Result")


def ahead(items: Iterable[Item], count: int = 1) -> Iterator[Item]:
    """Yield the items in order, computed in a thread while the caller uses earlier ones.

    An error of `items` is raised at its position, after all items before it. If the caller stops early, the thread stops.

    Args:
        items: lazy items, such as a generator or `map`.
        count: maximum number of items computed in advance.
    """
    source, end = iter(items), object()
    with ThreadPoolExecutor(1, "ahead") as thread:
        made = _in_order((thread.submit(next, source, end) for _ in iter(int, 1)), count)
        while (item := next(made)) is not end:
            yield item  # type: ignore[misc]  # it is not `end`
        made.close()


def threaded(work: Callable[..., Result], *arguments: Iterable[Any]) -> Iterator[Result]:
    """Yield work(*each) for the arguments in order, on as many threads as PyTorch may use, each with one core.

    Sharing each operation of a small network among threads is slow, because all wait for the slowest (7 instead of 70 images/s in
    one case).
    """
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, "threaded", initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield from _in_order((pool.submit(work, *each) for each in zip(*arguments, strict=False)), 2 * threads)
    finally:
        torch.set_num_threads(threads)  # threads started later inherit this number


def in_stages(
    first: Callable[[list[Item]], Batch], second: Callable[[Batch], Result], items: Iterable[Item], size: int
) -> Iterator[Result]:
    """Yield second(first(group)) for groups of `size` items, in order.

    Groups of several items, which are small, run in parallel, each on one core. Single items are large: `second` uses all cores,
    while `first` prepares the next item in a thread.
    """
    groups = in_groups(items, size)
    if size > 1:
        return threaded(lambda group: second(first(group)), groups)
    return ahead(map(second, ahead(map(first, groups))))


def in_groups(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of `size` items; the last one may be shorter."""
    source = iter(items)
    while group := list(islice(source, size)):
        yield group


def _in_order(futures: Iterable[Future[Result]], count: int) -> Generator[Result, None, None]:
    """Yield the results, with at most `count` more in progress. Results that the caller no longer needs are canceled."""
    waiting = deque[Future[Result]]()
    try:
        for future in futures:
            waiting.append(future)
            if len(waiting) > count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
