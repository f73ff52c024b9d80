"""Actions of the page: errors become one line on the page, and only one network computes at a time."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from viceversa.errors import UsageError, is_out_of_memory
from viceversa.pages.document import escaped

NETWORKS: dict[str, Any] = {"concurrency_id": "networks", "concurrency_limit": 1}
"""Options for events that run a network: one at a time, the others wait."""


def action(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the function of an event so that a UsageError or a system error becomes one line on the page."""
    if inspect.isgeneratorfunction(function):

        @wraps(function)
        def steps(*values: Any) -> Any:
            try:
                yield from function(*values)
            except (UsageError, OSError, MemoryError, RuntimeError) as error:
                raise _line(error) from None

        return steps

    @wraps(function)
    def one(*values: Any) -> Any:
        try:
            return function(*values)
        except (UsageError, OSError, MemoryError, RuntimeError) as error:
            raise _line(error) from None

    return one


def _line(error: Exception) -> Exception:
    """Return the error as the page shows it, until the user closes it. Raises the error itself if it is a bug."""
    if isinstance(error, RuntimeError) and not is_out_of_memory(error):
        raise error
    text = "out of memory: take a smaller image." if is_out_of_memory(error) else " ".join(str(error).split())
    told: Exception = gr.Error(escaped(text), duration=None, print_exception=False)
    return told
