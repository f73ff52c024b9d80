"""Processes of Python that start at once: each is forked from one that has imported PyTorch and this package.

Such a process has its own memory, signals, limits and locks, and Python ends it as it ends any other. Only the time of the imports
is saved. Tests of imports, of terminals, and of the installed program start Python anew.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent
PRELOADED = (
    "torch._dynamo", "torch.utils.tensorboard", "contracts.cases", "training.small", "viceversa.cli.train", "viceversa.cli.compare",
    "viceversa.training.run", "viceversa.cli.translate", "viceversa.metrics.labeller_training",
)  # fmt: skip
FORKS = sys.platform == "linux"
"""Where Python may fork with PyTorch loaded. Elsewhere each process starts anew."""

SERVER = "import processes\nexec(compile(processes.serve(), '<string>', 'exec'))"
SCRIPT = "import runpy, sys\nsys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')"
COMMAND = "import sys\nfrom viceversa.cli import main\nsys.exit(main())"


def environment() -> dict[str, str]:
    """Of other processes: on the CPU, on one thread, with the tests' modules at hand."""
    paths = os.pathsep.join(filter(None, (str(TESTS), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "ACCELERATE_USE_CPU": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}


class Process:
    """A forked process, with the part of `subprocess.Popen` that tests use. Its output is read when it has ended."""

    def __init__(self, code: str, argv: Sequence[str], path: str, cwd: Path | None, variables: Mapping[str, str]) -> None:
        self.args, self.returncode = argv, None
        self._output, self._errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        ours, theirs = socket.socketpair()
        request = {"code": code, "argv": [*argv], "path": path, "cwd": str(cwd or Path.cwd()), "environment": dict(variables)}
        with theirs:
            descriptors = [self._output.fileno(), self._errors.fileno(), theirs.fileno()]
            socket.send_fds(_server(), [json.dumps(request).encode()], descriptors)
        self._reply = ours.makefile("r")
        self.pid = int(self._reply.readline())

    def poll(self) -> int | None:
        """The exit status, negative after a signal; None while the process lives."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit status. Raises TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._reply], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._reply.readline())
            self._reply.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What the process printed, when it has ended. Raises TimeoutExpired."""
        self.wait(timeout)
        return self._read(self._output), self._read(self._errors)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    @staticmethod
    def _read(file: tempfile._TemporaryFileWrapper[bytes]) -> str:
        file.seek(0)
        return file.read().decode()


def start(
    code: str, *arguments: object, cwd: Path | None = None, variables: Mapping[str, str] | None = None
) -> Process | subprocess.Popen[str]:
    """A Python process that runs the code with these arguments, as `python -c` does. variables: its environment."""
    argv, variables = ["-c", *map(str, arguments)], environment() if variables is None else variables
    if FORKS:
        return Process(code, argv, "", cwd, variables)
    command = [sys.executable, "-c", code, *argv[1:]]
    return subprocess.Popen(command, env=variables, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def pair(code: str, *arguments: object) -> tuple[Process | subprocess.Popen[str], ...]:
    """Two processes of one training, with the variables that a launcher gives them."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    common = environment() | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    return tuple(start(code, *arguments, variables=common | {"RANK": rank, "LOCAL_RANK": rank}) for rank in "01")


def run(
    code: str, *arguments: object, cwd: Path | None = None, timeout: float = 200, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What such a process printed, and its exit status."""
    return _completed(start(code, *arguments, cwd=cwd, variables=variables), timeout)


def script(path: Path, *arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A file of Python, run as a process of its own."""
    return run(f"import sys\nsys.path.insert(0, {str(path.parent)!r})\n{SCRIPT}", path, *arguments, cwd=cwd)


def module(name: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A module that is in the folder `cwd`, as `python -m` runs it."""
    return run(f"import runpy\nrunpy.run_module({name!r}, run_name='__main__', alter_sys=True)", *arguments, cwd=cwd)


def command(*arguments: object, cwd: Path | None = None, timeout: float = 200) -> subprocess.CompletedProcess[str]:
    """The command `viceversa` in a process of its own."""
    program = Path(sys.executable).parent / "viceversa"
    argv = [str(program), *map(str, arguments)]
    if FORKS:
        return _completed(Process(COMMAND, argv, str(program.parent), cwd, os.environ), timeout)
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False)


def _completed(process: Process | subprocess.Popen[str], timeout: float) -> subprocess.CompletedProcess[str]:
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode or 0, output, errors)


@cache
def _server() -> socket.socket:
    """The socket of the process that forks, which ends when this one does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-c", SERVER, str(theirs.fileno())]
        process = subprocess.Popen(command, env=environment(), pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def serve() -> str:
    """In the process that forks: wait for requests. Return, in each new process, the code that it is to run."""
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()  # a collection need not touch, and so copy, what is shared
    control = socket.socket(fileno=int(sys.argv[1]))
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1 << 20, 3)
        if not message:
            os._exit(0)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork() == 0:
            control.close()
            return _child(json.loads(message), *descriptors)
        for each in descriptors:
            os.close(each)


def _child(request: Mapping[str, object], output: int, errors: int, reply: int) -> str:
    """Fork once more: the parent tells how the child ended, as only a parent can; the child becomes what is asked for."""
    if child := os.fork():
        os.write(reply, f"{child}\n".encode())
        os.write(reply, f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n".encode())
        os._exit(0)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    for each in (output, errors, reply):
        os.close(each)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    sys.argv, sys.path[0] = request["argv"], request["path"]
    return request["code"]
