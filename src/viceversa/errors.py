"""Exceptions for users: mistakes in the input, and trainings that failed."""

from __future__ import annotations

import difflib
import signal
from collections.abc import Iterable


class UsageError(ValueError):
    """Bad input: one clear line that names the value and the remedy. The command line prints it and exits with 2.

    A setting is named in backquotes as a Python argument, with or without its value: `full_size`, `to='hair=black'`. The command
    line shows it as a flag (cli/flags.py).

    Args:
        text: the message.
        summary: text to show before it, if one line is not enough.
    """

    def __init__(self, text: str, *, summary: str = "") -> None:
        super().__init__(text)
        self.summary = summary


class UnfamiliarImage(UserWarning):
    """Warning for an image that is unlike the training images of a model: its translation may be meaningless."""


class NotFiniteError(RuntimeError):
    """Error for a loss that is not a finite number; it names the phase, the loss and the step. The command line exits with 1."""


class Terminated(SystemExit):
    """Exit at SIGTERM, after results have been saved. Its text says what is kept. A process that does not catch it exits with
    143."""

    def __init__(self, text: str) -> None:
        super().__init__(128 + signal.SIGTERM)
        self.text = text

    def __str__(self) -> str:
        return self.text


def stopped(number: int, text: str) -> KeyboardInterrupt | Terminated:
    """Return the exception for a signal, to raise after saving: KeyboardInterrupt for SIGINT, Terminated for SIGTERM."""
    return Terminated(text) if number == signal.SIGTERM else KeyboardInterrupt(text)


def unknown(what: str, value: str, known: Iterable[str]) -> UsageError:
    """Return the error for an unknown name. Its message suggests the nearest known name and lists all."""
    names = list(known)
    near = difflib.get_close_matches(value, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UsageError(f"unknown {what} {value!r}.{hint} Known: {', '.join(names) or 'none'}.")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that memory is exhausted. Only on CUDA does PyTorch have an exception class for it."""
    signs = ("out of memory", "not enough memory", "can't allocate memory", "bad_alloc")
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in signs)


def quoted(text: str) -> str:
    """Return the text in quotes on one line: unprintable characters are escaped, and the middle of a long text is left out."""
    return repr(text if len(text) <= 80 else f"{text[:39]}…{text[-40:]}")


def printable(text: str) -> str:
    """Return the text on one line, with unprintable characters escaped."""
    return text if text.isprintable() else repr(text)[1:-1]
