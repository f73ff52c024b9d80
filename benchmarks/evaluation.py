"""Speed and memory: where the time of an evaluation goes, and whether its memory grows with the number of images.

python -m benchmarks.evaluation                                 25 minutes on two free cores, of which 2 x 7 for 2,000 images
python -m benchmarks.evaluation --images 200 --counts 50 100    a quick look, about 3 minutes

Evaluates the untrained StarGAN of the recipe `stargan` on the drawn faces: k = 0 to 3, inv and rec, 8-bit and float. Each
evaluation is a process of its own:

1. 20 images, which trains the labeller and draws the faces;
2. `--images`, timed twice; the second process finds the reference features in the cache;
3. `--counts`, for memory.

From 1,281 images on the report has a Frechet distance, whose matrices take about 100 MiB for any number of images. Memory is the
peak of the process.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from benchmarks.common import Figures, apart, machine_and_load, start
from experiments.common import write_json
from viceversa.core.journey import walk
from viceversa.data.sources import open_dataset
from viceversa.device import peak_memory
from viceversa.evaluation.comparison import comparison_of
from viceversa.metrics.chain_protocol import Candidate, translating
from viceversa.recipes import builder, recipe_named


@dataclass(frozen=True)
class Benchmark:
    """Time an evaluation by its parts, and measure its peak memory."""

    images: int = 2000
    """number of test images to time"""
    counts: tuple[int, ...] = (500, 1500)
    """further numbers of images, for the memory"""
    size: int = 64
    """side of the images, in pixels"""
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


def main(asked: Benchmark) -> None:
    """Measure, print, and write the figures."""
    found: Figures = {"machine": machine_and_load(), **asdict(case_of(asked, asked.images))}
    print(found["machine"], flush=True)
    with tempfile.TemporaryDirectory() as cache:
        run(asked, 20, cache)
        found["first"] = run(asked, asked.images, cache)
        found["again"] = run(asked, asked.images, cache)
        peaks = {count: run(asked, count, cache)["peak_mebibytes"] for count in asked.counts}
    found["memory"] = {str(count): peak for count, peak in (peaks | {asked.images: found["again"]["peak_mebibytes"]}).items()}
    print(f"peak memory in MiB by number of images: {found['memory']}")
    if asked.out:
        write_json(asked.out, found)


def case_of(asked: Benchmark, images: int) -> Case:
    return Case(images, asked.size, asked.cycles, asked.probes, asked.threads)


def run(asked: Benchmark, images: int, cache: str) -> Figures:
    """Evaluate in a fresh process, and print a line."""
    variables = {"VICEVERSA_CACHE": cache, "OMP_NUM_THREADS": str(asked.threads)}
    found = apart("benchmarks.evaluation", case_of(asked, images), **variables)
    print(f"{images} images: {found['words']}; peak {found['peak_mebibytes']:.0f} MiB", flush=True)
    return found


def measured(case: Case) -> Figures:
    """Seconds by part, seconds of processors, and peak memory."""
    torch.set_num_threads(case.threads)
    dataset, started = open_dataset("avatars", case.size), time.perf_counter()
    found = comparison_of(
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
        "peak_mebibytes": peak_memory() / 2**20,
    }


def untrained(size: int) -> Candidate:
    """The generator of the recipe `stargan` before its first step."""
    torch.manual_seed(0)
    method = builder(recipe_named("stargan"))(open_dataset("avatars", size).space)
    method.networks.eval().requires_grad_(False)
    return translating(lambda image, source, target: walk(method.translate, image, [source, target])[-1])


if __name__ == "__main__":
    start(main, Benchmark, measured, Case)
