"""Small data sets in memory, trainers on them, the ends of other processes, and the comparison of runs bit by bit."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from processes import Process
from viceversa.core.draws import seeded
from viceversa.core.method import Builder
from viceversa.core.space import Space
from viceversa.data.dataset import Dataset, Images
from viceversa.device import CPU
from viceversa.recipes.settings import Training
from viceversa.training.trainer import Trainer

COUNTS = {"train": 13, "validation": 4, "test": 4}
Started = Process | subprocess.Popen[str]


def noise(space: Space, counts: Mapping[str, int] = COUNTS, *, paired: bool = False) -> Dataset:
    """Random pixels and labels for every space; the second space of two has fewer training images, if not paired."""

    def images(split: str, name: str, count: int) -> Images:
        spec, generator = space.images[name], seeded("noise", split, name)
        pixels = torch.randint(256, (count, spec.height, spec.width, spec.channels), generator=generator, dtype=torch.uint8)
        labels = space.draw(count, generator) if space.attributes else None
        return Images(pixels.numpy(), labels, tuple(f"{name} {number}" for number in range(count)))

    def split(name: str, count: int) -> dict[str, Images]:
        return {
            each: images(name, each, count if paired else max(4, count // (1 + 2 * place)))
            for place, each in enumerate(space.images)
        }

    return Dataset("noise-v1", space, {name: split(name, count) for name, count in counts.items()})


def trainer(
    run: Path, build: Builder, dataset: Dataset, *, precision: str = "fp32", device: torch.device = CPU, **settings: Any
) -> Trainer:
    """A trainer on the CPU: batches of 4, checkpoints and samples at the end only, unless settings say otherwise."""
    defaults = {"steps": 12, "batch": 4, "average": 0.99, "checkpoint_every": 100, "sample_every": 100}
    AcceleratorState._reset_state(reset_partial_state=True)
    accelerator = Accelerator(cpu=True, mixed_precision="no", log_with="tensorboard", project_dir=str(run))
    run.mkdir(parents=True, exist_ok=True)
    return Trainer(run, build, dataset, Training(**(defaults | settings)), accelerator, device, precision, quiet=True)


def assert_same_runs(one: Path, other: Path, *, but_logged: tuple[int, ...] = ()) -> None:
    """The same last checkpoint, bit for bit, and the same metrics, apart from lines of the steps `but_logged` of the second."""
    first, second = (sorted((run / "checkpoints").glob("0*"))[-1] for run in (one, other))
    assert first.name == second.name
    for name in ("networks.safetensors", "averages.safetensors"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    states = [torch.load(folder / "training.pt", weights_only=True) for folder in (first, second)]
    assert_equal(*states, "training.pt")
    lines = (other / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    extra = tuple(f'{{"step": {step},'.encode() for step in but_logged)
    assert (one / "metrics.jsonl").read_bytes() == b"".join(line for line in lines if not line.startswith(extra or (b"\0",)))


def assert_equal(one: Any, other: Any, where: str) -> None:
    """Nested dictionaries, lists and tensors, equal to the last bit."""
    if isinstance(one, Tensor):
        assert one.dtype == other.dtype and torch.equal(one, other), where
    elif isinstance(one, Mapping):
        assert one.keys() == other.keys(), where
        for key, value in one.items():
            assert_equal(value, other[key], f"{where}/{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for place, pair in enumerate(zip(one, other, strict=True)):
            assert_equal(*pair, f"{where}/{place}")
    else:
        assert one == other, where


def finish(process: Started, code: int = 0) -> str:
    """What the process prints; its exit status must be `code`."""
    output, errors = process.communicate(timeout=200)
    assert process.returncode == code, f"{process.returncode}: {output}{errors}"
    return output


def wait(process: Started, happened: Callable[[], bool], seconds: float = 150) -> None:
    """Until it happened; fails if the process ends before."""
    end = time.monotonic() + seconds
    while not happened():
        assert process.poll() is None, "the process ended early: {}{}".format(*process.communicate())
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.001)
