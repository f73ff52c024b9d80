"""What `benchmarks.loader` measures in a process of its own: the time to its first batch, the times of its steps, its memory."""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from benchmarks.common import Figures
from benchmarks.image_files import counting_reads
from viceversa.data.dataset import Dataset
from viceversa.data.sources import open_dataset
from viceversa.device import resolved_precision
from viceversa.recipes import builder, recipe_named
from viceversa.training.loader import Loader
from viceversa.training.trainer import Trainer

WARM_UP = 4
"""Steps before the timed ones; every fourth step has a penalty of its own."""
BATCHES = 200
"""Random batches that are loaded before memory is measured again."""


@dataclass(frozen=True)
class Case:
    """A process that opens the data, loads a batch, and times steps; with steps = 0 it measures its memory instead.

    log: file that gets a byte for each image file read. began: time at which the process was started, in seconds.
    """

    data: str
    log: str
    size: int = 64
    recipe: str = "stargan"
    batch: int = 16
    steps: int = 0
    began: float = 0


def measured(case: Case) -> Figures:
    """Seconds until the first batch of this process, and then the times of its steps, or its memory in MiB."""
    imported = time.time() - case.began
    with counting_reads(Path(case.log)):
        return figures(case, imported)


def figures(case: Case, imported: float) -> Figures:
    """The same, with `imported` seconds gone before."""
    before = memory()
    started = time.perf_counter()
    dataset = open_dataset(case.data, case.size)
    opening = time.perf_counter() - started
    opened = memory()
    trainer = trainer_of(case, dataset)
    trainer.loader(0)
    first = time.time() - case.began
    if case.steps:
        return {"times": timed(trainer, case.steps)}
    chance = random.Random(0)
    for _ in range(BATCHES):
        trainer.loader(chance.randrange(trainer.loader.steps_per_epoch))
    loaded = memory()
    return {
        "importing": imported, "opening": opening, "to_first_batch": first,
        "own_imported": before["RssAnon"], "own_opened": opened["RssAnon"], "own_loaded": loaded["RssAnon"],
        "mapped_loaded": loaded["RssFile"], "most_of_both": loaded["VmHWM"], **held(dataset),
    }  # fmt: skip


def trainer_of(case: Case, dataset: Dataset) -> Trainer:
    """The trainer of the recipe, as `viceversa train` makes it."""
    accelerator, recipe = Accelerator(mixed_precision="no"), recipe_named(case.recipe)
    settings = recipe.training.model_copy(update={"batch": case.batch, "flip": True, "shift": case.size // 16})
    precision = resolved_precision(settings.precision, accelerator.device)
    return Trainer(Path(), builder(recipe), dataset, settings, accelerator, accelerator.device, precision, quiet=True)


def timed(trainer: Trainer, steps: int) -> list[tuple[float, float]]:
    """Seconds in the loader and in all, for each step after the warm-up."""
    waits, times, original = [], [], Loader.__call__

    def watched(loader: Loader, step: int) -> Any:
        started = time.perf_counter()
        batch = original(loader, step)
        synchronize()
        waits.append(time.perf_counter() - started)
        return batch

    Loader.__call__ = watched
    try:
        for _ in range(WARM_UP + steps):
            started = time.perf_counter()
            trainer.one_step()
            synchronize()
            times.append(time.perf_counter() - started)
    finally:
        Loader.__call__ = original
    return list(zip(waits, times, strict=True))[WARM_UP:]


def synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def memory() -> dict[str, float]:
    """Memory of this process in MiB: RssAnon is its own, RssFile that of mapped files, VmHWM the peak of both."""
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return {name.rstrip(":"): int(rest[0]) / 1024 for name, *rest in lines if name in ("RssAnon:", "RssFile:", "VmHWM:")}


def held(dataset: Dataset) -> dict[str, float]:
    """Bytes per image of the open data set: of names, of labels, and in the mapped file of pixels."""
    parts = [images for spaces in dataset.splits.values() for images in spaces.values()]
    count = sum(map(len, parts))
    names = sum(sys.getsizeof(name) + 8 for images in parts for name in images.ids)
    labels = sum(images.labels.nbytes for images in parts if images.labels is not None)
    pixels = sum(images.pixels.nbytes for images in parts)
    return {"name_bytes": names / count, "label_bytes": labels / count, "pixel_bytes": pixels / count}
