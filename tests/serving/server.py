"""A running studio."""

from __future__ import annotations

import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from training.small import Started


@contextmanager
def running(start: Callable[[int], Started], status: int) -> Iterator[tuple[str, Started]]:
    """The address of a studio, and the process that serves it, started with a free port. Ctrl-C ends it with this exit status."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process, address = start(port), f"http://127.0.0.1:{port}/"
    for _ in range(1200):
        try:
            urllib.request.urlopen(address)
        except OSError:
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        else:
            break
    try:
        yield address, process
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == status
    finally:
        process.kill()
