"""What benchmarks share: the machine in words, and a process of its own for each case that is measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import tyro

from experiments.common import ROOT, environment
from viceversa.device import has_bf16

Figures = dict[str, Any]
RESULTS = Path(__file__).parent / "results"


def machine() -> str:
    """Processor, threads and versions, on one line."""
    found = environment()
    native = "with" if has_bf16(torch.device("cpu")) else "without"
    threads = "" if torch.cuda.is_available() else f", {found['threads']} threads, {native} bf16 of its own"
    return f"{found['processor']}{threads}; torch {found['torch']}, Python {found['python']}"


def machine_and_load() -> str:
    """The machine, its number of cores, and its load over the last minute."""
    return f"{machine()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def apart(module: str, case: Any, **variables: str) -> Figures:
    """Measure a case in a process of its own, so that its memory and its imports are its own.

    Args:
        module: name of the benchmark, which calls `start`.
        case: a dataclass that JSON can hold.
        variables: environment variables of the process.

    Raises:
        subprocess.CalledProcessError: the process failed; its message is on standard error.
    """
    done = subprocess.run(
        apart_command(module, case), cwd=ROOT, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True, check=True
    )
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def apart_command(module: str, case: Any) -> list[str]:
    """Command line of the process that measures a case."""
    return [sys.executable, "-m", module, "--case", json.dumps(asdict(case))]


def start(main: Callable[[Any], None], asked: type[Any], measured: Callable[[Any], Figures], kind: type[Any]) -> None:
    """Run a benchmark from the command line, or measure the one case that `apart` started this process for.

    Args:
        main: the benchmark; its argument is an `asked`, a dataclass of options.
        measured: measures a `kind`, a dataclass of one case; returns figures, which are printed as JSON.
    """
    match sys.argv[1:]:
        case ["--case", text]:
            print(json.dumps(measured(kind(**json.loads(text)))))
        case _:
            main(tyro.cli(asked, description=sys.modules["__main__"].__doc__))
