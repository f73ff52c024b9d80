"""Speed and memory of one training step, discriminator and generator: images per second, peak memory, share of random numbers.

python -m benchmarks.step                         on a CPU: networks of a quarter of their published width; about 5 minutes
python -m benchmarks.step --width 64 --batch 16   on a GPU: networks as published; about 4 minutes

Each case runs in a process of its own. Stored figures: results/step-cpu.json.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate import Accelerator

from benchmarks.common import apart, machine, start
from experiments.common import write_json
from viceversa.core.draws import Draws, seeded
from viceversa.core.method import Builder
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sets.avatars import ATTRIBUTES
from viceversa.device import peak_memory
from viceversa.losses.multicycle import multicyclic
from viceversa.methods import cyclegan, stargan
from viceversa.recipes.settings import Training
from viceversa.training.trainer import Trainer

METHODS = ("stargan", "multicyclic", "multicyclic-limited", "cyclegan")
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True)
class Case:
    """One measurement."""

    method: str
    precision: Precision
    size: int
    width: int
    batch: int
    seconds: float
    compile: bool


@dataclass(frozen=True)
class Benchmark:
    """Time a training step of each method, precision and size."""

    methods: tuple[str, ...] = METHODS
    precisions: tuple[Precision, ...] = ("fp32", "bf16")
    sizes: tuple[int, ...] = (64, 128)
    width: int = 16
    """width of the first layer of all networks; the papers have 64"""
    batch: int = 4
    seconds: float = 10
    """seconds to time each case, at least three steps, after a warm-up of two steps"""
    compile: bool = False
    """with torch.compile"""
    out: Path | None = None
    """a JSON file for the figures"""


def main(asked: Benchmark) -> None:
    """Measure every case and print a table."""
    where = machine()
    print(f"{where}\nwidth {asked.width}, batches of {asked.batch}, median over steps (fastest to slowest)\n")
    print(f"{'method':<20} {'px':>4} {'precision':>9} {'images/s':>9} {'ms/step':>22} {'peak MiB':>9} {'draws %':>8}")
    results = []
    for size, precision, method in product(asked.sizes, asked.precisions, asked.methods):
        case = Case(method, precision, size, asked.width, asked.batch, asked.seconds, asked.compile)
        try:
            found = apart("benchmarks.step", case)
        except subprocess.CalledProcessError:
            print(f"{method:<20} {size:>4} {precision:>9}  failed: see above")
            continue
        results.append({**asdict(case), **found})
        times = f"{found['median']:.0f} ({found['fastest']:.0f} to {found['slowest']:.0f})"
        speed, peak, draws = (found[each] for each in ("images_per_second", "peak_mebibytes", "draws_percent"))
        print(f"{method:<20} {size:>4} {precision:>9} {speed:>9.1f} {times:>22} {peak:>9.0f} {draws:>8.2f}", flush=True)
    if asked.out:
        write_json(asked.out, {"machine": where, "results": results})


def measured(case: Case) -> dict[str, float]:
    """Times of a step in milliseconds, images per second at the median, and the peak of memory."""
    accelerator = Accelerator(mixed_precision="no")
    device = accelerator.device
    settings = Training(batch=case.batch, steps=10**6, compile=case.compile)
    trainer = Trainer(Path(), builder(case), noise(case), settings, accelerator, device, case.precision, quiet=True)
    times, shares, until, drawing = [], [], 0.0, timed_draws()
    for step in range(10**6):
        drawing.clear()
        started = time.perf_counter()
        trainer.one_step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        ended = time.perf_counter()
        if step >= 2:
            times.append(1000 * (ended - started))
            shares.append(100 * sum(drawing) / (ended - started))
        until = until or (ended + case.seconds if step >= 1 else 0.0)
        if len(times) >= 3 and ended > until:
            break
    median = statistics.median(times)
    return {
        "steps": len(times), "median": median, "fastest": min(times), "slowest": max(times),
        "images_per_second": 1000 * case.batch / median, "peak_mebibytes": peak_memory(device) / 2**20,
        "draws_percent": statistics.median(shares),
    }  # fmt: skip


def timed_draws() -> list[float]:
    """Time the named random numbers from now on: seconds of each call of `Draws`, which are added to the list."""
    seconds, outermost = list[float](), [True]

    def timed(draw: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **settings: Any) -> Any:
            if not outermost[0]:
                return draw(*arguments, **settings)
            outermost[0], started = False, time.perf_counter()
            try:
                return draw(*arguments, **settings)
            finally:
                seconds.append(time.perf_counter() - started)
                outermost[0] = True

        return counted

    for name in ("generator", "normal", "uniform", "order", "choice"):
        setattr(Draws, name, timed(getattr(Draws, name)))
    return seconds


def builder(case: Case) -> Builder:
    """The published networks at the case's width; StarGAN with a generator step for each discriminator step."""
    star = stargan.StarGAN(width=case.width, critic_width=case.width, critic_steps=1)
    cycle = cyclegan.CycleGAN(width=case.width, critic_width=case.width)
    builders: dict[str, Builder] = {
        "stargan": lambda space: stargan.build(space, star),
        "multicyclic": lambda space: multicyclic(stargan.build(space, star)),
        "multicyclic-limited": lambda space: multicyclic(stargan.build(space, star), losses=("cycle",)),
        "cyclegan": lambda space: cyclegan.build(space, cycle),
    }
    return builders[case.method]


def noise(case: Case) -> Dataset:
    """Random images of one labeled space, or of two."""
    spec = ImageSpec(3, case.size, case.size)
    space = Space({"a": spec, "b": spec}) if case.method == "cyclegan" else Space({"a": spec}, ATTRIBUTES)
    generator, count = seeded("benchmark"), 8 * case.batch
    images = {
        name: Images(
            torch.randint(256, (count, case.size, case.size, 3), generator=generator, dtype=torch.uint8).numpy(),
            space.draw(count, generator) if space.attributes else None,
            tuple(map(str, range(count))),
        )
        for name in space.images
    }
    return Dataset("noise", space, {"train": images})


if __name__ == "__main__":
    start(main, Benchmark, measured, Case)
