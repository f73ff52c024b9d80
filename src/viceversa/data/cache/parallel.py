"""Making many images on all cores.

The workers are fresh interpreters that read tasks on their standard input and answer on their standard output. Neither
fork (unsafe beside torch's and CUDA's threads) nor multiprocessing's spawn (which runs a caller's script again, unless it
is guarded) is used, so a plain script, a notebook and `python -` all work.
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
"""Positions -> their images (N, H, W, C) uint8. Pickled, so a module's function or a functools.partial of one."""

Job = TypeVar("Job")
Result = TypeVar("Result")
Worker = subprocess.Popen[bytes]

CHUNK = 64
_WORTHWHILE = 8
"""Below so many tasks, starting workers takes longer than working."""


def render_all(render: Render, pixels: Pixels, title: str, marks: NDArray[np.int64] | None = None) -> None:
    """Fill `pixels` (N, H, W, C) with render(range(N)), in chunks on all cores; a progress bar `title` on stderr.

    marks: (N,), not 0 for rows that are done already; the others become 1 as they are.
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
    """work(task) for each task, with its number, as they are done; on all cores where there are many. All of it is pickled.

    Raises a UsageError of the work as it is, and RuntimeError if a worker ends early; its own message is on stderr then. An
    interrupt ends the workers.
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
                asked |= {threads.submit(ask, number) for number in islice(numbers, 1)}  # no more: answers that wait take memory
                yield done.result()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.kill()  # now, since the threads wait for their answers
            raise


@contextmanager
def _workers(count: int) -> Iterator[list[Worker]]:
    """`count` started interpreters; ended with the block, whatever happens in it."""
    command = [sys.executable, "-c", "from viceversa.data.cache.parallel import serve; serve()"]
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


def _asked(worker: Worker, question: Any) -> Any:
    """The worker's answer."""
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
    """What a worker runs: takes (work, task) and answers work(task), until there are no more or nobody listens."""
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
        except BrokenPipeError:  # who asked was killed
            os._exit(0)  # without another try to flush, and its traceback
