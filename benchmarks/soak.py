"""Soak: kill `viceversa train` at random moments and resume it, again and again; compare with an uninterrupted training.

python -m benchmarks.soak                 20 kills of a small StarGAN on drawn faces; about 3 minutes
python -m benchmarks.soak --kills 100     the figures of docs/reliability.md; about 12 minutes

Exits with 1 if the two trainings differ in a bit. Stored figures: results/soak-cpu.json.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import tyro
from torch import Tensor

from experiments.common import write_json
from viceversa.runs.weights import latest_checkpoint

SMALL = "--method.width 8 --method.blocks 1 --method.critic-width 8 --batch 4 --training.precision fp32 --training.no-labeller"


@dataclass(frozen=True)
class Soak:
    """A training on the CPU under SIGKILL."""

    kills: int = 20
    every: int = 25
    """steps from a checkpoint to the next"""
    longest: float = 4
    """longest time in seconds from the lock of the run's folder to the kill"""
    building: int = 3
    """number of first kills while the cache is built"""
    seed: int = 0
    out: Path | None = None
    """a JSON file for the figures"""


@dataclass(frozen=True)
class Kill:
    """One kill. moment: what the process was doing; reached: its last step, by its log; resumed: the step it had begun with."""

    moment: str
    reached: int
    resumed: int


def main() -> None:
    """Kill and resume, compare, and print the figures."""
    asked = tyro.cli(Soak, description=__doc__)
    with tempfile.TemporaryDirectory() as folder:
        found = soaked(asked, Path(folder))
    for name, value in found.items():
        print(f"{name:<24} {value}")
    if asked.out:
        write_json(asked.out, found)
    sys.exit(1 if found["differences"] or found["most_steps_repeated"] > asked.every else 0)


def soaked(asked: Soak, folder: Path) -> dict[str, Any]:
    """The figures of one soak."""
    chance, began = random.Random(asked.seed), time.perf_counter()
    run, whole, cache = folder / "killed", folder / "whole", folder / "cache"
    kills: list[Kill] = []
    for number in range(asked.kills):
        kills.append(kill(run, cache, asked, chance.uniform(0, asked.longest)))
        print(f"{number + 1:>4} {kills[-1]}", file=sys.stderr, flush=True)
        if number + 1 == asked.building:  # it takes longer than a training is left alone
            build = [sys.executable, "-c", "from viceversa.data.sets.avatars import avatars; avatars(32)"]
            subprocess.run(build, env=environment(cache), check=True)
    last = reached_by(run)[0]
    until = max(each.reached for each in kills) // asked.every * asked.every + asked.every + 3
    for place in (run, whole):
        subprocess.run(command(place, asked, until), env=environment(cache), check=True, stdout=subprocess.DEVNULL)
    begun = [*(each.resumed for each in kills[1:]), last]
    repeated = [each.reached - resumed for each, resumed in zip(kills, begun, strict=True)]
    return {
        "kills": len(kills),
        "moments": dict(Counter(each.moment for each in kills)),
        "resumes": sum(step > 0 for step in begun),
        "steps": until,
        "steps_repeated": sum(repeated),
        "most_steps_repeated": max(repeated),
        "differences": list(differences(whole, run)),
        "left_over": [str(path.relative_to(run)) for path in run.rglob(".*")],
        "minutes": round((time.perf_counter() - began) / 60, 1),
    }


def kill(run: Path, cache: Path, asked: Soak, seconds: float) -> Kill:
    """Train for `seconds` after the lock of the run's folder, then send SIGKILL."""
    resumed, halves = reached_by(run)[0], set(run.glob("checkpoints/.partial-*"))
    (run / ".lock").unlink(missing_ok=True)
    process = subprocess.Popen(command(run, asked, 10**6), env=environment(cache), stdout=subprocess.DEVNULL)
    while not (run / ".lock").exists():
        assert process.poll() is None, "the training ended"
        time.sleep(0.01)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    if list(cache.glob("*.partial")):
        moment = "building the cache"
    elif set(run.glob("checkpoints/.partial-*")) - halves:
        moment = "writing a checkpoint"
    else:
        moment = "training" if (run / "metrics.jsonl").exists() else "before the first lines of the log"
    return Kill(moment, reached_by(run)[1], resumed)


def command(run: Path, asked: Soak, until: int) -> list[str]:
    """Command line that begins the run or resumes it."""
    settings = f"{SMALL} --steps 1000000 --training.checkpoint-every {asked.every} --training.sample-every {4 * asked.every}"
    begun = ["--resume"] if (run / "recipe.json").exists() else settings.split()
    return [sys.executable, "-m", "viceversa", "train", "multicyclic", "--out", str(run), "--until", str(until), *begun]


def environment(cache: Path) -> dict[str, str]:
    """Environment with one thread of the CPU, and a cache of its own, which the first trainings build."""
    return {**os.environ, "VICEVERSA_CACHE": str(cache), "ACCELERATE_USE_CPU": "1", "OMP_NUM_THREADS": "1"}


def reached_by(run: Path) -> tuple[int, int]:
    """Step of the last checkpoint; and the later one of this step and that of the log's last line."""
    latest, log = latest_checkpoint(run), run / "metrics.jsonl"
    saved = int(latest.name) if latest else 0
    whole = [line for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")] if log.exists() else []
    return saved, max(saved, json.loads(whole[-1])["step"] if whole else 0)


def differences(one: Path, other: Path) -> Iterator[str]:
    """Names of the contents that differ in a bit between two runs: weights, averages, optimizers, log, pictures."""
    yield from different(content(one), content(other), "run")


def content(run: Path) -> dict[str, Any]:
    """Contents of the last checkpoint, pictures and log of a run."""
    latest = latest_checkpoint(run)
    assert latest is not None, "there is no checkpoint"
    return {
        "step": latest.name,
        "networks": safetensors.torch.load_file(latest / "networks.safetensors"),
        "averages": safetensors.torch.load_file(latest / "averages.safetensors"),
        "training": torch.load(latest / "training.pt", weights_only=True),
        "samples": {path.name: path.read_bytes() for path in (run / "samples").iterdir()},
        "log": (run / "metrics.jsonl").read_bytes(),
    }


def different(one: Any, other: Any, where: str) -> Iterator[str]:
    """Places where nested dictionaries, lists and tensors differ."""
    if isinstance(one, Tensor):
        if one.dtype != other.dtype or not torch.equal(one, other):
            yield where
    elif isinstance(one, dict) and one.keys() == other.keys():
        for key, value in one.items():
            yield from different(value, other[key], f"{where}/{key}")
    elif isinstance(one, list) and len(one) == len(other):
        for place, pair in enumerate(zip(one, other, strict=True)):
            yield from different(*pair, f"{where}/{place}")
    elif one != other:
        yield where


if __name__ == "__main__":
    main()
