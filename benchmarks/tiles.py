"""Speed and memory of tiles against whole images, how far their results are apart, and a picture of the worst seam.

python -m benchmarks.tiles                                                                      about 3 minutes on one core
python -m benchmarks.tiles --sizes 512 1024 --memory 64 --picture docs/results/seam.webp        as in docs/translating.md

Two generators: the packaged model `avatars`, and CycleGAN's generator of width 16 with nine blocks and random weights. Each size
runs in a process of its own; its peak is counted beyond what the process needs for a small image. Linux only: it reads /proc.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.common import Figures, apart, start
from experiments.common import save_webp
from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec
from viceversa.data.sources import open_dataset
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pictures import grid
from viceversa.inference.apply import ends
from viceversa.inference.full_size import generator_of
from viceversa.inference.load import load
from viceversa.inference.receptive_field import ImageFunction, receptive_field_of
from viceversa.inference.tiles import BLEND, Span, sides_of, spans, translated_in_tiles
from viceversa.networks.resnet import resnet_generator

NAMES = ("avatars", "cyclegan")
WHOLE = 1_000_000
"""Memory in MiB in which every image fits whole."""


@dataclass(frozen=True)
class Benchmark:
    """Measure tiles against whole images."""

    sizes: tuple[int, ...] = (512, 1024)
    """sides of the images, in pixels"""
    memory: int = 256
    """memory that tiles may take, in MiB; half of it for the picture"""
    picture: Path | None = None
    """WebP file for the worst seams of an image of 512 px"""


@dataclass(frozen=True)
class Case:
    """One translation: name of the generator, side of the image in pixels, memory in MiB."""

    name: str
    side: int
    memory: int


def generator(name: str) -> tuple[ImageFunction, ImageSpec]:
    """The packaged model with the target "blond, with glasses"; or CycleGAN with random weights that saturate tanh."""
    if name == "avatars":
        model = load("avatars")
        spec, empty = model.space.spec, torch.zeros(1, model.space.label_width)
        label = model.space.edited(empty, "hair=blond,glasses=yes,beard=no,smile=no,tone=0.5")
        source, target = Domain(model.space.only, empty), Domain(model.space.only, label)
        return generator_of(model.method.translator, *ends(model.method, torch.zeros(1, *spec.shape), source, target)), spec
    torch.manual_seed(0)
    network = resnet_generator(3, 3, width=16, blocks=9).eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            torch.nn.init.kaiming_normal_(module.weight)
    network[-1][1].weight *= 0.3
    return network, ImageSpec(3, 256, 256)


def faces(side: int) -> NDArray[np.uint8]:
    """A square full of different test faces of 64 px."""
    across = -(-side // 64)
    pixels = np.asarray(open_dataset("avatars", 64).splits["test"]["avatars"].pixels[: across**2])
    rows = [np.concatenate(list(pixels[start : start + across]), 1) for start in range(0, across**2, across)]
    return np.ascontiguousarray(np.concatenate(rows)[:side, :side])


def resident(kind: str) -> float:
    """Memory of this process in MiB: VmRSS is that of now, VmHWM the peak since the counter was cleared."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) / 1024


@torch.no_grad()
def measured(case: Case) -> Figures:
    """Seconds of a core and MiB of one translation in this process."""
    network, spec = generator(case.name)
    footprint, image = receptive_field_of(network, spec), faces(case.side)
    translated_in_tiles(network, image[:64, :64], footprint, WHOLE)
    Path("/proc/self/clear_refs").write_text("5")
    before, started = resident("VmRSS"), time.process_time()
    translated_in_tiles(network, image, footprint, case.memory)
    return {"seconds": time.process_time() - started, "mebibytes": resident("VmHWM") - before}


def whole_and_tiled(name: str, side: int, memory: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """An image of 16 bits, translated whole and in tiles."""
    network, spec = generator(name)
    footprint, image = receptive_field_of(network, spec), faces(side).astype(np.uint16) * 257
    whole, tiled = (translated_in_tiles(network, image, footprint, each) for each in (WHOLE, memory))
    return whole, tiled


def cuts_of(name: str, side: int, memory: int) -> list[Span]:
    """The tiles into which an image is cut, along either axis."""
    footprint = receptive_field_of(*generator(name))
    border = footprint.multiple * -(-(footprint.reaches[-1] + BLEND // 2) // footprint.multiple)
    return spans(side, sides_of((side, side), footprint, memory, border)[0], border, footprint.multiple)


def alone(name: str, side: int, cuts: list[Span]) -> NDArray[np.uint8]:
    """The cores of the tiles, each translated alone with its own statistics, side by side."""
    network, image = generator(name)[0], faces(side)
    rows = []
    for row in cuts:
        parts = [normalized(torch.tensor(image[None, row.first : row.last, cut.first : cut.last])) for cut in cuts]
        rows.append(np.concatenate([quantized(network(part))[0] for part in parts], 1))
    made: NDArray[np.uint8] = np.concatenate(rows)
    return made


def worst(difference: NDArray[np.floating], cuts: list[Span], window: int) -> tuple[slice, slice]:
    """The square of `window` pixels around the crossing of two seams at which the difference within the blending is largest."""
    firsts, near = [cut.first for cut in cuts[1:]], BLEND // 2
    found = {
        (row, column): difference[row - near : row + near, column - near : column + near].max()
        for row in firsts
        for column in firsts
    }
    row, column = max(found, key=lambda place: found[place])
    top, left = (int(np.clip(place - window // 2, 0, len(difference) - window)) for place in (row, column))
    return slice(top, top + window), slice(left, left + window)


def picture(side: int, memory: int) -> Image.Image:
    """Picture of the crossing of seams at which tiles differ most from the whole image, for each generator."""
    rows = []
    for name in NAMES:
        cuts = cuts_of(name, side, memory)
        whole, tiled = (image / 257 for image in whole_and_tiled(name, side, memory))
        naive = alone(name, side, cuts).astype(float)
        place = worst(np.abs(tiled - whole).max(2), cuts, 192)
        shown = [np.rint(image[place]).astype(np.uint8) for image in (faces(side), whole, tiled, naive)]
        distances = [np.abs(image - whole)[place].max(2, keepdims=True) for image in (tiled, naive)]
        amplified = [
            np.clip(distance * gain, 0, 255).astype(np.uint8) for distance, gain in zip(distances, (10_000, 1), strict=True)
        ]
        rows.append([*shown[:3], amplified[0], shown[3], amplified[1]])
    heads = (
        "image",
        "whole",
        "tiles",
        "tiles - whole, times 10,000",
        "tiles with statistics of their own",
        "these - whole, times 1",
    )
    return grid(rows, heads, NAMES, scale=1)


def main(asked: Benchmark) -> None:
    """Print a table, and draw the worst seam if a picture is asked for."""
    with torch.no_grad():
        for name in NAMES:
            for side in asked.sizes:
                whole, tiled = whole_and_tiled(name, side, asked.memory)
                distance = np.abs(whole.astype(float) - tiled) / 257
                bits = np.abs(np.rint(whole / 257) - np.rint(tiled / 257))
                print(f"{name} {side}: at most {distance.max():.4f} levels, mean {distance.mean():.5f}; "
                      f"in 8 bits at most {bits.max():.0f}, {(bits > 0).mean():.1e} of the values", flush=True)  # fmt: skip
                for memory in (asked.memory, WHOLE):
                    found = apart("benchmarks.tiles", Case(name, side, memory))
                    size = "whole" if memory == WHOLE else f"{memory} MiB"
                    print(f"  {size}: {found['mebibytes']:.0f} MiB, {found['seconds']:.1f} s of a core", flush=True)
        if asked.picture:
            save_webp(picture(512, asked.memory // 2), asked.picture)


if __name__ == "__main__":
    start(main, Benchmark, measured, Case)
