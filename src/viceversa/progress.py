"""Progress bars on standard error, for people: where nobody looks, as in a log file, there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import track

Item = TypeVar("Item")

CONSOLE = Console(stderr=True)


def watched(items: Iterable[Item], title: str, *, total: int | None = None, quiet: bool = False) -> Iterator[Item]:
    """The items, with a bar that says how many are done and how long the others will take, and goes when all are."""
    shown = escape(title if title.isprintable() else repr(title))
    yield from track(items, shown, total=total, console=CONSOLE, transient=True, disable=quiet or not CONSOLE.is_terminal)
