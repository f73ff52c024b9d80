"""Worker processes with the models, separate from the process that answers requests: a crash costs only the current batch."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from viceversa.errors import UsageError

if TYPE_CHECKING:
    from viceversa.device import Device

_CONTEXT: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
"""How processes start. On Linux each is forked from a process that has only imported PyTorch, which is ten times faster."""
_CONTEXT.set_forkserver_preload(["viceversa.inference.load", "viceversa.serving.api.computing", "viceversa.style.stylize"])


class WorkerLost(Exception):  # noqa: N818
    """Error for a worker process that ended, or took too long and was killed."""


@dataclass(frozen=True)
class Work:
    """Arguments of a worker process.

    Args:
        models: place of each model, by name.
        device: device of the networks.
        share: number of workers, which share the threads of PyTorch.
        most_pixels: limit of an image file's size; larger ones are refused.
    """

    models: Mapping[str, str]
    device: Device
    share: int
    most_pixels: int


def spawn(target: Callable[..., None], *arguments: Any) -> tuple[Any, Connection]:
    """Start a process, and return it with this end of a pipe to it. The target receives the other end, then the arguments.

    The process ignores SIGINT and SIGTERM, which a terminal or a service manager sends to the whole group. It ends when this end
    of the pipe is closed. Starting takes time, so call this function in a thread.
    """
    here, there = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_alone, args=(target, there, *arguments), daemon=True)
    process.start()
    there.close()
    return process, here


def _alone(target: Callable[..., None], connection: Connection, *arguments: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with suppress(EOFError, BrokenPipeError):
        target(connection, *arguments)


def serve_batches(connection: Connection, work: Work) -> None:
    """Load the models, send their descriptions (or the text of a UsageError), and answer batches until the pipe is closed."""
    import torch

    from viceversa.inference.load import load
    from viceversa.serving.api.computing import computed, warm_up
    from viceversa.serving.api.models import about

    torch.set_num_threads(max(torch.get_num_threads() // work.share, 1))
    try:
        models = {name: load(run, device=work.device) for name, run in work.models.items()}
        for model in models.values():
            _ = model.reader  # finishes its training if needed
            warm_up(model)
        connection.send([about(name, work.models[name], model) for name, model in models.items()])
    except (UsageError, OSError) as error:
        connection.send(str(error))
        return
    gc.freeze()
    while True:
        asks = connection.recv()
        connection.send(computed(models[asks[0].model], asks, work.most_pixels))


class Worker:
    """A process that answers batches.

    Args:
        work: argument of the target.
        seconds: maximum time for a batch, after which the process is killed.
        target: function to run, such as `serve_batches`.
        start_seconds: maximum time to start.
    """

    def __init__(self, work: Work, seconds: float, target: Callable[..., None] = serve_batches, start_seconds: float = 300) -> None:
        self.work, self.seconds, self.target, self.start_seconds = work, seconds, target, start_seconds
        self.lost = asyncio.Event()
        self._loaded = False
        self._thread = ThreadPoolExecutor(1, "worker")
        self._process: Any = None
        self._connection: Connection | None = None

    async def start(self) -> Sequence[Any]:
        """Start the process, and return the descriptions of its models. Raises UsageError if it cannot load them. Raises
        WorkerLost."""
        self._loaded = False
        loop = asyncio.get_running_loop()
        self._process, self._connection = await loop.run_in_executor(self._thread, spawn, self.target, self.work)
        self.lost.clear()
        threading.Thread(target=_watch, args=(self._process, loop, self.lost), daemon=True).start()
        found = await loop.run_in_executor(self._thread, self._received, self.start_seconds)
        if isinstance(found, str):
            raise UsageError(found)
        self._loaded = True
        return list(found)

    async def compute(self, asks: Sequence[Any]) -> Sequence[Any]:
        """Return the answers to a batch. Raises WorkerLost."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._exchanged, asks)

    @property
    def ready(self) -> bool:
        """Whether the process is alive and has loaded its models."""
        return self._loaded and not self.lost.is_set()

    def stop(self) -> None:
        """End the process."""
        self._loaded = False
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.join(1)
            self._kill()

    @property
    def process_id(self) -> int:
        """Id of the process."""
        return int(self._process.pid)

    def _exchanged(self, asks: Sequence[Any]) -> Sequence[Any]:
        assert self._connection is not None
        try:
            self._connection.send(list(asks))
        except OSError:
            self._kill()
            raise WorkerLost("the process that computes has ended: try again.") from None
        return list(self._received(self.seconds))

    def _received(self, seconds: float) -> Any:
        assert self._connection is not None
        try:
            if not self._connection.poll(seconds):
                raise WorkerLost(f"the computation took more than {seconds:g} s and was stopped: send less.")
            return self._connection.recv()
        except (EOFError, OSError):
            raise WorkerLost("the process that computes has ended: try again.") from None
        except WorkerLost:
            self._kill()
            raise

    def _kill(self) -> None:
        with suppress(OSError, ValueError):
            if self._process.is_alive():
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.join(5)


def _watch(process: Any, loop: asyncio.AbstractEventLoop, lost: asyncio.Event) -> None:
    """Set the event when the process has ended."""
    wait([process.sentinel])
    with suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(lost.set)
