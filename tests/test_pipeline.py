"""Work side by side: in order, errors in their place, no more at once than is said, and nothing left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from viceversa.pipeline import ahead, in_groups, threaded


def counted(made: list[int], last: int) -> Iterator[int]:
    for number in range(last):
        made.append(number)
        yield number


def settled(made: list[int]) -> int:
    """How many were made, when no more are."""
    before = -1
    while before != len(made):
        before = len(made)
        time.sleep(0.05)
    return before


@pytest.mark.parametrize("count", [1, 2, 5])
def test_items_are_made_ahead_in_order_and_so_many_at_most(count: int) -> None:
    made: list[int] = []
    items = ahead(counted(made, 20), count)
    assert next(items) == 0
    assert settled(made) == 1 + count
    assert list(items) == list(range(1, 20))


def test_an_error_is_raised_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise ValueError("three")

    for made in (ahead(items()), threaded(lambda number: 1 // (3 - number), range(10))):
        found = [next(made) for _ in range(3)]
        assert len(found) == 3
        with pytest.raises((ValueError, ZeroDivisionError)):
            next(made)


def test_a_caller_that_stops_leaves_no_thread() -> None:
    before, made = threading.active_count(), list[int]()
    for items in (ahead(counted(made, 100)), threaded(lambda number: number, counted(made, 100))):
        next(items)
        items.close()
    assert threading.active_count() == before and settled(made) < 20


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_work_in_threads_is_in_order_and_on_one_core_each() -> None:
    seen = set[int]()

    def work(number: int, other: int) -> int:
        seen.add(torch.get_num_threads())
        time.sleep(0.01 if number % 3 else 0.03)
        return number * other

    assert list(threaded(work, range(20), range(20))) == [number**2 for number in range(20)]
    assert seen == {1}
    later = threading.Thread(target=lambda: seen.add(torch.get_num_threads()))
    later.start()
    later.join()
    assert seen == {1, 2} and torch.get_num_threads() == 2, "threads started later have all cores again"


def test_groups() -> None:
    assert list(in_groups(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]] and list(in_groups([], 3)) == []
