"""Work on several items at once, in threads, with results in order: PyTorch, codecs and files let other threads run meanwhile."""

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
    """Yield the items in order, made in a thread while the caller uses earlier ones.

    Args:
        items: what is made when it is asked for, as by a generator or by `map`.
        count: items that wait for the caller, at most.

    An error of `items` is raised in its place, behind all items before it. A caller that stops early stops the thread.
    """
    source, end = iter(items), object()
    with ThreadPoolExecutor(1, "ahead") as thread:
        made = _in_order((thread.submit(next, source, end) for _ in iter(int, 1)), count)
        while (item := next(made)) is not end:
            yield item  # type: ignore[misc]  # it is none of `end`
        made.close()


def threaded(work: Callable[..., Result], *arguments: Iterable[Any]) -> Iterator[Result]:
    """Yield work(*each) for the arguments in order, on as many threads as PyTorch may use, each computing on one core.

    Threads that share each operation of a small network wait for the slowest of them again and again (7 images/s were seen for
    70).
    """
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, "threaded", initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield from _in_order((pool.submit(work, *each) for each in zip(*arguments, strict=False)), 2 * threads)
    finally:
        torch.set_num_threads(threads)  # what threads started later inherit


def in_stages(
    first: Callable[[list[Item]], Batch], second: Callable[[Batch], Result], items: Iterable[Item], size: int
) -> Iterator[Result]:
    """Yield second(first(group)) for groups of `size` items, in order.

    Groups of several items, which are small, go side by side, each on one core. Single items are large: `second` has all cores, and
    `first` works in a thread on the next one.
    """
    groups = in_groups(items, size)
    if size > 1:
        return threaded(lambda group: second(first(group)), groups)
    return ahead(map(second, ahead(map(first, groups))))


def in_groups(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of so many items, the last one with what is left."""
    source = iter(items)
    while group := list(islice(source, size)):
        yield group


def _in_order(futures: Iterable[Future[Result]], count: int) -> Generator[Result, None, None]:
    """The results, while at most `count` more are awaited; what nobody asks for any more is canceled."""
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
