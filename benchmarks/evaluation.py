"""Where the time of an evaluation goes, and whether its memory grows with the number of images.

python benchmarks/evaluation.py                                 25 minutes on two free cores, of which 2 x 7 for 2,000 images
python benchmarks/evaluation.py --images 200 --counts 50 100    a quick look

An untrained StarGAN as the recipe `stargan` has it is evaluated on the drawn faces: k = 0 to 3, inv and rec, 8-bit and float.
First 20 images, so that the labeller is trained and the faces are drawn; then the images that are timed, in two processes, the
second of which finds the reference features in the cache; and, for memory, other numbers of images. From 1,281 images on there is
a Frechet distance, whose matrices take some 100 MiB whatever the number. Linux and macOS: memory is the peak of getrusage.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import tyro
from step import described

from viceversa.core.journey import walk
from viceversa.data.sources import open_dataset
from viceversa.evaluation.compare import compare
from viceversa.metrics.chains import Candidate, translating
from viceversa.recipes import builder, recipe_named

Figures = dict[str, Any]
UNIT = 2**20 if sys.platform == "darwin" else 2**10
"""What getrusage counts in, per MiB."""


@dataclass(frozen=True)
class Benchmark:
    """Times an evaluation by its parts, and measures its peak memory."""

    images: int = 2000
    """of the test split, for the timing"""
    counts: tuple[int, ...] = (500, 1500)
    """of images, for the memory, besides those that are timed"""
    size: int = 64
    """of the images, in pixels"""
    cycles: int = 3
    probes: bool = False
    threads: int = 2
    out: Path | None = None
    """a JSON file for the figures"""


@dataclass(frozen=True)
class Case:
    """One evaluation, in a process of its own."""

    images: int
    size: int
    cycles: int
    probes: bool
    threads: int


def main() -> None:
    """Measures, prints, and writes it down."""
    match sys.argv[1:]:
        case ["--case", case]:
            print(json.dumps(measured(Case(**json.loads(case)))))
            return
    asked = tyro.cli(Benchmark, description=__doc__)
    machine = f"{described()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    found: Figures = {"machine": machine, **case_of(asked, asked.images)}
    print(found["machine"], flush=True)
    with tempfile.TemporaryDirectory() as cache:
        run(asked, 20, cache)
        found["first"] = run(asked, asked.images, cache)
        found["again"] = run(asked, asked.images, cache)
        peaks = {count: run(asked, count, cache)["peak_mebibytes"] for count in asked.counts}
    found["memory"] = {str(count): peak for count, peak in (peaks | {asked.images: found["again"]["peak_mebibytes"]}).items()}
    print(f"peak memory in MiB by number of images: {found['memory']}")
    if asked.out:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(json.dumps(found, indent=2) + "\n")


def case_of(asked: Benchmark, images: int) -> Figures:
    return asdict(Case(images, asked.size, asked.cycles, asked.probes, asked.threads))


def run(asked: Benchmark, images: int, cache: str) -> Figures:
    """One evaluation in a fresh process, and a line of print."""
    environment = {**os.environ, "VICEVERSA_CACHE": cache, "OMP_NUM_THREADS": str(asked.threads)}
    command = [sys.executable, __file__, "--case", json.dumps(case_of(asked, images))]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: Figures = json.loads(done.stdout)
    print(f"{images} images: {found['words']}; peak {found['peak_mebibytes']:.0f} MiB", flush=True)
    return found


def measured(case: Case) -> Figures:
    """Seconds by part, seconds of processors, and peak memory."""
    torch.set_num_threads(case.threads)
    dataset, started = open_dataset("avatars", case.size), time.perf_counter()
    found = compare(
        {"stargan": untrained(case.size)}, dataset, cycles=case.cycles, probes=case.probes, samples=case.images, quiet=True
    )
    found.report("")
    seconds, processors = found.clock.total()
    return {
        "images": case.images,
        "seconds": time.perf_counter() - started,
        "measured_seconds": seconds,
        "processor_seconds": processors,
        "parts": found.clock.seconds,
        "words": found.clock.in_words(),
        "peak_mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT,
    }


def untrained(size: int) -> Candidate:
    """The generator of the recipe `stargan`, as it is before its first step."""
    torch.manual_seed(0)
    method = builder(recipe_named("stargan"))(open_dataset("avatars", size).space)
    method.networks.eval().requires_grad_(False)
    return translating(lambda image, source, target: walk(method.translate, image, [source, target])[-1])


if __name__ == "__main__":
    main()
