"""Image files for `benchmarks.loader`: writes many of them, and counts how many are read, by this process or by its helpers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from viceversa.data.cache import store
from viceversa.data.dataset import Dataset, Images
from viceversa.images.pixels import Pixels

Work = Callable[[Any], Any]


@dataclass(frozen=True)
class Moved:
    """Images (N, H, W, C), made when they are read: all people, then all of them again, each time moved by another pixel."""

    people: Pixels
    rows: range

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Pixels:
        again, person = divmod(self.rows[number], len(self.people))
        return np.roll(self.people[person], divmod(again, self.people.shape[2]), (0, 1))


def write_faces(folder: Path, count: int, faces: int, size: int) -> None:
    """Write `count` different PNG files and their table: 80 % to train, 10 % to validate, 10 % to test."""
    import torch

    from viceversa.core.space import ImageSpec, Space
    from viceversa.data.sets.avatars import ATTRIBUTES, labels_of
    from viceversa.data.sources import write_dataset

    labels, splits = torch.from_numpy(labels_of(range(faces))), {}
    bounds = {"train": (0, 0.8), "validation": (0.8, 0.9), "test": (0.9, 1)}
    for split, (start, stop) in bounds.items():
        rows = range(round(start * count), round(stop * count))
        ids = tuple(f"{row:06d}" for row in rows)
        splits[split] = {"faces": Images(Moved(drawn(faces, size), rows), labels[[row % faces for row in rows]], ids)}
    write_dataset(Dataset("faces", Space({"faces": ImageSpec(3, size, size)}, ATTRIBUTES), splits), folder)


@cache
def drawn(faces: int, size: int) -> Pixels:
    """The first people of `avatars`: (faces, size, size, 3)."""
    from viceversa.data.sets.avatars import labels_of, render

    return render(range(faces), labels_of(range(faces)), size)


@contextmanager
def counting_reads(log: Path) -> Iterator[None]:
    """Write a byte to the log for each image file that is read, by this process or by one that helps it."""
    original = store.in_parallel

    def in_parallel(work: Work, tasks: Sequence[Any], title: str) -> Iterator[tuple[int, Any]]:
        return original(partial(counted, work, log), tasks, title)

    store.in_parallel = in_parallel
    try:
        yield
    finally:
        store.in_parallel = original


def counted(work: Work, log: Path, task: Any) -> Any:
    """Return work(task). The byte is written before the file is read, so a file whose reader is killed meanwhile counts too."""
    original = store.read_image
    with log.open("ab", buffering=0) as file:

        def read_image(*arguments: Any) -> Any:
            file.write(b".")
            return original(*arguments)

        store.read_image = read_image
        try:
            return work(task)
        finally:
            store.read_image = original


def reads(log: Path) -> int:
    """Number of files that were read."""
    return log.stat().st_size if log.exists() else 0
