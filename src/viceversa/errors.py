"""Exceptions with a meaning for the user: a mistake in the input, and a training that went wrong."""

from __future__ import annotations

import difflib
import signal
from collections.abc import Iterable


class UsageError(ValueError):
    """Bad input: one clear line that names the value and the remedy. The command line prints it and exits with 2.

    A setting is named in backquotes as Python's argument, with its value or without: `full_size`, `to='hair=black'`. The command
    line shows it as its flag (cli/flags.py).

    summary: what a person reads first, where one line is not all there is to say.
    """

    def __init__(self, text: str, *, summary: str = "") -> None:
        super().__init__(text)
        self.summary = summary


class UnfamiliarImage(UserWarning):
    """An image is unlike those that a model was trained on: what becomes of it may mean nothing."""


class NotFiniteError(RuntimeError):
    """A loss that is not a finite number; names the phase, the loss and the step. The command line exits with 1."""


class Terminated(SystemExit):
    """SIGTERM, after what was done has been saved; its text says what is kept. A process that does not catch it ends with 143."""

    def __init__(self, text: str) -> None:
        super().__init__(128 + signal.SIGTERM)
        self.text = text

    def __str__(self) -> str:
        return self.text


def stopped(number: int, text: str) -> KeyboardInterrupt | Terminated:
    """What a signal that was noted is raised as, once all is saved: KeyboardInterrupt for SIGINT, Terminated for SIGTERM."""
    return Terminated(text) if number == signal.SIGTERM else KeyboardInterrupt(text)


def unknown(what: str, value: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is none of `known`: names the nearest one and lists them all."""
    names = list(known)
    near = difflib.get_close_matches(value, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UsageError(f"unknown {what} {value!r}.{hint} Known: {', '.join(names) or 'none'}.")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was exhausted: PyTorch has an exception for it on CUDA only."""
    signs = ("out of memory", "not enough memory", "can't allocate memory", "bad_alloc")
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in signs)


def quoted(text: str) -> str:
    """The text in quotes, on one line, for a terminal: what cannot be printed is escaped, the middle of what is long left out."""
    return repr(text if len(text) <= 80 else f"{text[:39]}…{text[-40:]}")


def printable(text: str) -> str:
    """The text on one line, for a terminal: what cannot be printed is escaped."""
    return text if text.isprintable() else repr(text)[1:-1]
