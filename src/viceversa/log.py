"""Lines for a person: on standard error and, while a training runs, in its log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from logging.handlers import MemoryHandler
from pathlib import Path

LOGGER = logging.getLogger("viceversa")
LOGGER.setLevel(logging.DEBUG)
LOGGER.propagate = False

FORMAT = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S")


class _StandardError(logging.Handler):
    """Prints to the standard error of the moment: notebooks, progress bars and tests replace it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(record.getMessage(), file=sys.stderr)


class _File(logging.FileHandler):
    """A log that cannot be written ends nothing: a full disk is reported where results are written."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        pass

    def close(self) -> None:
        with suppress(OSError):
            super().close()


LOGGER.addHandler(_StandardError(logging.INFO))


def say(text: str, *, quiet: bool = False) -> None:
    """Print a line on standard error, and append it to the log of the training that runs. quiet: to the log only."""
    LOGGER.log(logging.DEBUG if quiet else logging.INFO, "%s", text)


@contextmanager
def logged() -> Iterator[Callable[[Path], None]]:
    """Keep what is said in the block. The block calls the function that it gets with a file: all lines are appended to it,
    those said before the call too. Without a call they are dropped. The function raises OSError."""
    kept = MemoryHandler(sys.maxsize, flushLevel=sys.maxsize)
    LOGGER.addHandler(kept)
    with ExitStack() as undo:
        undo.callback(LOGGER.removeHandler, kept)

        def append(path: Path) -> None:
            file = _File(path, encoding="utf-8", errors="backslashreplace")
            file.setFormatter(FORMAT)
            for record in kept.buffer:
                file.handle(record)
            LOGGER.removeHandler(kept)
            LOGGER.addHandler(file)
            undo.callback(file.close)
            undo.callback(LOGGER.removeHandler, file)

        yield append
