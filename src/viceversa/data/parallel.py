"""Rendering many images on all cores.

The workers are fresh interpreters that read ranges on their standard input and answer with pixels on their standard
output. Neither fork (unsafe beside torch's and CUDA's threads) nor multiprocessing's spawn (which runs a caller's script
again, unless it is guarded) is used, so a plain script, a notebook and `python -` all work.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from queue import SimpleQueue
from typing import IO, cast

import numpy as np

from viceversa.data.dataset import Pixels
from viceversa.progress import watched

Render = Callable[[range], Pixels]
"""Positions -> their images (N, H, W, C) uint8. Pickled, so a module's function or a functools.partial of one."""

Worker = subprocess.Popen[bytes]

_CHUNK = 64
_WORTHWHILE = 8 * _CHUNK
"""Below so many images, starting workers takes longer than rendering."""


def render_all(render: Render, pixels: Pixels, title: str) -> None:
    """Fill `pixels` (N, H, W, C) with render(range(N)), in chunks on all cores; a progress bar `title` on stderr.

    Raises RuntimeError if a worker ends early; its own message is on stderr. An interrupt ends the workers.
    """
    count = len(pixels)
    if count < _WORTHWHILE:
        pixels[:] = render(range(count))
        return
    chunks = [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
    size = min(os.cpu_count() or 1, len(chunks))
    with _workers(size) as workers, ThreadPoolExecutor(size) as threads:
        idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in workers:
            idle.put(worker)

        def fill(chunk: range) -> None:
            worker = idle.get()
            try:
                pixels[chunk.start : chunk.stop] = _ask(worker, render, chunk, pixels.shape[1:])
            finally:
                idle.put(worker)

        tasks = [threads.submit(fill, chunk) for chunk in chunks]
        try:
            for task in watched(as_completed(tasks), title, total=len(tasks)):
                task.result()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.kill()  # now, since the threads wait for their answers
            raise


@contextmanager
def _workers(count: int) -> Iterator[list[Worker]]:
    """`count` started interpreters; ended with the block, whatever happens in it."""
    command = [sys.executable, "-c", "from viceversa.data.parallel import work; work()"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipe = subprocess.PIPE
    started: list[Worker] = []
    try:
        for _ in range(count):
            # a session of its own: Ctrl-C reaches the asking process alone, which then ends its workers
            started.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, start_new_session=True))
        yield started
    finally:
        for worker in started:
            worker.kill()
            worker.communicate()


def _ask(worker: Worker, render: Render, chunk: range, shape: tuple[int, ...]) -> Pixels:
    """The images of one chunk: (len(chunk), *shape) uint8."""
    expected = len(chunk) * int(np.prod(shape))
    try:
        question = cast(IO[bytes], worker.stdin)
        pickle.dump((render, chunk), question)
        question.flush()
        answer = cast(IO[bytes], worker.stdout).read(expected)
    except BrokenPipeError:
        answer = b""
    if len(answer) != expected:
        raise RuntimeError(f"a rendering process ended early, at images {chunk.start} to {chunk[-1]}; its message is above.")
    return np.frombuffer(answer, np.uint8).reshape(len(chunk), *shape)


def work() -> None:
    """What a worker runs: takes (render, chunk) and gives the chunk's pixels, until there are no more."""
    while True:
        try:
            render, chunk = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        sys.stdout.buffer.write(np.ascontiguousarray(render(chunk)).tobytes())
        sys.stdout.buffer.flush()
