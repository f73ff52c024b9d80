"""Parity with a reference project: outputs, losses and gradients on the same random weights, beside code that you bring.

python -m benchmarks.parity --method stargan --reference PATH          under a minute on one core

PATH is a checkout of the project that benchmarks/parity/METHOD.py names; its definitions of networks are run. Losses inside its
training loop are stated again in that file, on its networks. Exits with 1 if a difference is more than 1e-4 of the largest value.
Stored differences: results/METHOD.json.

Outputs are compared in float32. Losses and gradients are compared in float64, because in float32 a rounding can switch a ReLU or
an absolute value, and with it a gradient. A gradient penalty is compared in float32, in which it is always computed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import tyro

from benchmarks.parity import (
    augmented_cyclegan,
    better_cycles,
    cut,
    cyclegan,
    discogan,
    fixed_point,
    pix2pix,
    relgan,
    stargan,
    stargan2,
    triple,
)
from benchmarks.parity.comparison import Row
from viceversa.files import write_atomically

METHODS: Mapping[str, Callable[[Path, int, int], Iterator[Row]]] = {
    "stargan": stargan.rows,
    "cyclegan": cyclegan.rows,
    "cut": cut.rows,
    "fixed-point": fixed_point.rows,
    "triple": triple.rows,
    "better-cycles": better_cycles.rows,
    "discogan": discogan.rows,
    "pix2pix": pix2pix.rows,
    "augmented-cyclegan": augmented_cyclegan.rows,
    "relgan": relgan.rows,
    "stargan2": stargan2.rows,
}


@dataclass(frozen=True)
class Parity:
    """Compare networks, losses and gradients with those of a reference project."""

    method: str
    reference: Path
    """checkout of its project"""
    size: int = 128
    """side of the images, in pixels: a power of 2"""
    width: int = 64
    """channels of the networks' first layers"""
    out: Path | None = None
    """JSON file for the table"""


def main() -> None:
    """Print the table; exit with 1 if something differs."""
    asked = tyro.cli(Parity, description=__doc__)
    if asked.method not in METHODS:
        sys.exit(f"there is no reference for {asked.method!r}; there is one for {', '.join(METHODS)}")
    print(f"{asked.method:<34}{'difference':>12}{'largest':>12}{'relative':>12}")
    found = []
    for row in METHODS[asked.method](asked.reference, asked.size, asked.width):
        print(f"{row.what:<34}{row.difference:>12.1e}{row.largest:>12.1e}{row.difference / row.largest:>12.1e}", flush=True)
        found.append(row)
    if asked.out:
        write_atomically(asked.out, f"{json.dumps([asdict(row) for row in found], indent=1)}\n".encode())
    sys.exit(not all(row.agrees for row in found))


if __name__ == "__main__":
    main()
