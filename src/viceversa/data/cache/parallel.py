"""Make many images on all cores.

The workers are new interpreters that read tasks from their standard input and write answers to their standard output. Neither fork
(unsafe with threads of torch and CUDA) nor multiprocessing's spawn (which runs an unguarded script of the caller again) is used.
Plain scripts, notebooks and `python -` therefore all work.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from queue import SimpleQueue
from typing import IO, Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels
from viceversa.progress import watched

Render = Callable[[range], Pixels]
"""Function from positions to their images (N, H, W, C) uint8. It is pickled, so it must be a module's function or a
functools.partial of one."""

Job = TypeVar("Job")
Result = TypeVar("Result")
Worker = subprocess.Popen[bytes]

CHUNK = 64
_WORTHWHILE = 8
"""Number of tasks up to which starting workers takes longer than the work."""


def render_all(render: Render, pixels: Pixels, title: str, marks: NDArray[np.int64] | None = None) -> None:
    """Fill `pixels` (N, H, W, C) with render(range(N)), in chunks on all cores, with a progress bar on standard error.

    Args:
        render: function that makes images.
        pixels: array to fill.
        title: title of the progress bar.
        marks: (N,), not 0 for finished rows; the others become 1 when they are finished.
    """
    starts = range(0, len(pixels), CHUNK)
    chunks = [
        range(start, min(start + CHUNK, len(pixels))) for start in starts if marks is None or not marks[start : start + CHUNK].all()
    ]
    for number, images in in_parallel(render, chunks, title):
        rows = slice(chunks[number].start, chunks[number].stop)
        pixels[rows] = images
        if marks is not None:
            marks[rows] = 1


def in_parallel(work: Callable[[Job], Result], tasks: Sequence[Job], title: str) -> Iterator[tuple[int, Result]]:
    """Yield the number of each task and work(task), in order of completion; on all cores if there are many tasks.

    An interrupt ends the workers.

    Args:
        work: function of a task; pickled, as are tasks and results.
        tasks: the tasks.
        title: title of the progress bar.

    Raises:
        UsageError: If the work raises one.
        RuntimeError: If a worker ends early; its own message is on standard error.
    """
    if len(tasks) <= _WORTHWHILE:
        yield from ((number, work(task)) for number, task in enumerate(watched(tasks, title)))
        return
    size = min(os.cpu_count() or 1, len(tasks))
    with _workers(size) as workers, ThreadPoolExecutor(size) as threads:
        idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in workers:
            idle.put(worker)

        def ask(number: int) -> tuple[int, Result]:
            worker = idle.get()
            try:
                return number, _asked(worker, (work, tasks[number]))
            finally:
                idle.put(worker)

        numbers = iter(range(len(tasks)))
        asked = {threads.submit(ask, number) for number in islice(numbers, 2 * size)}
        try:
            for _ in watched(tasks, title):
                done = wait(asked, return_when=FIRST_COMPLETED).done.pop()
                asked.remove(done)
                asked |= {threads.submit(ask, number) for number in islice(numbers, 1)}  # one at a time: answers take memory
                yield done.result()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.kill()  # at once, because threads wait for their answers
            raise


@contextmanager
def _workers(count: int) -> Iterator[list[Worker]]:
    """Start `count` interpreters; end them with the block in any case."""
    command = [sys.executable, "-c", "from viceversa.data.cache.parallel import serve; serve()"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipe = subprocess.PIPE
    started: list[Worker] = []
    try:
        for _ in range(count):
            # a new session: Ctrl-C reaches only the parent process, which then ends its workers
            started.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, start_new_session=True))
        yield started
    finally:
        for worker in started:
            worker.kill()
            worker.communicate()


def _asked(worker: Worker, question: Any) -> Any:
    """Return the worker's answer."""
    try:
        to_worker = cast(IO[bytes], worker.stdin)
        pickle.dump(question, to_worker)
        to_worker.flush()
        answer = pickle.load(cast(IO[bytes], worker.stdout))
    except (BrokenPipeError, EOFError, pickle.UnpicklingError):
        raise RuntimeError("a process that makes images ended early; its message is above.") from None
    if isinstance(answer, UsageError):
        raise answer
    return answer


def serve() -> None:
    """Run a worker: read (work, task) and answer work(task), until the input ends or the reader is gone."""
    while True:
        try:
            work, task = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = pickle.dumps(work(task), protocol=5)
        except UsageError as error:
            answer = pickle.dumps(error)
        try:
            sys.stdout.buffer.write(answer)
            sys.stdout.buffer.flush()
        except BrokenPipeError:  # the parent was killed
            os._exit(0)  # without flushing again, which would print a traceback
