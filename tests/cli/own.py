"""Small data sets of every kind that is read, written in their own formats; and the command line in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import datasets
import numpy as np
import pytest
import tifffile
from PIL import Image

from viceversa.cli import main

TINY = {"method.width": 4, "method.blocks": 1, "method.critic_width": 4}
SMALL = {"size": 16, "steps": 2, "batch": 4, "labeller": False, "quiet": True, "precision": "fp32"}


def images(folder: Path, count: int, shape: tuple[int, ...], depth: type, seed: int) -> None:
    """Noise around a level that is the folder's."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    for number in range(count):
        levels = generator.integers(0, 60, shape) + 60 * seed
        pixels = (levels * (257 if depth is np.uint16 else 1)).astype(depth)
        if len(shape) == 3 and shape[2] > 3:
            tifffile.imwrite(folder / f"{number}.tif", pixels, planarconfig="contig")
        else:
            Image.fromarray(pixels).save(folder / f"{number}.png")


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr with which a command refuses its arguments."""
    capsys.readouterr()
    assert exit_code(*arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("viceversa: ") and said.count("\n") == 1
    return said


def told(terminal: int) -> Iterator[bytes]:
    """What is written to a terminal, part by part, until all writers have closed it."""
    try:
        while part := os.read(terminal, 4096):
            yield part
    except OSError:  # how a closed terminal ends on Linux
        return


def celeba(folder: Path, count: int = 40) -> None:
    """Noise in CelebA's own format."""
    (folder / "img_align_celeba").mkdir(parents=True)
    names = ["Bald", "Black_Hair", "Blond_Hair", "Brown_Hair", "Male", "Young"]
    generator = np.random.default_rng(0)
    lines, partition = [str(count), " ".join(names)], []
    for number in range(1, count + 1):
        file = f"{number:06d}.jpg"
        Image.fromarray(generator.integers(0, 256, (218, 178, 3), np.uint8)).save(folder / "img_align_celeba" / file)
        hair = np.where(np.arange(3) == number % 3, 1, -1)
        bits = [-1, *hair, *generator.choice([-1, 1], 2)]
        lines.append(f"{file}  " + " ".join(f"{bit:2d}" for bit in bits))
        partition.append(f"{file} {0 if number <= 24 else 1 + number % 2}")
    (folder / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    (folder / "list_eval_partition.txt").write_text("\n".join(partition) + "\n")


def people(folder: Path, count: int = 40) -> None:
    """A table of attributes of every kind, and its images."""
    images(folder / "faces", count, (20, 20, 3), np.uint8, 1)
    rows = [f"faces/{i}.png,{('train', 'validation', 'test')[(i >= 24) + (i >= 32)]}" for i in range(count)]
    cells = [f"{'blond' if i % 2 else 'dark brown'},{'yes' if i % 3 else 'no'},{18 + i % 73}" for i in range(count)]
    lines = [f"{row},{cell}" for row, cell in zip(rows, cells, strict=True)]
    (folder / "faces.csv").write_text("\n".join(["file,split,hair,glasses,age", *lines]) + "\n")


def save_zoo() -> None:
    """A small Hugging Face data set, by the real package."""
    features = datasets.Features(
        {"image": datasets.Image(), "animal": datasets.ClassLabel(names=["cat", "dog"]), "age": datasets.Value("int32")}
    )
    pictures = [Image.new("RGB", (20, 20), (number, 0, 0)) for number in range(60)]
    part = datasets.Dataset.from_dict(
        {"image": pictures, "animal": [number % 2 for number in range(60)], "age": [number // 2 for number in range(60)]},
        features=features,
    )
    datasets.DatasetDict(train=part, test=part).save_to_disk("zoo")
