"""Ours against a reference project, whose code you bring: outputs, losses and gradients on the same random weights.

python benchmarks/parity.py --method stargan --reference PATH

PATH is a checkout of the project that references/METHOD.py names, from which the networks' definitions are run. Losses that
stand in the middle of a training loop are stated there again, on its networks. Fails where a difference is more than 1e-4 of
the largest value.

Outputs are compared in float32. Losses and gradients are compared in float64, for in float32 a rounding may turn a ReLU or an
absolute value around, and with it a gradient; those of a gradient penalty in float32, as it always is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import tyro
from references import (
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
from references.comparison import Row

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
    """Compares networks, losses and gradients with those of a reference project."""

    method: str
    reference: Path
    """a checkout of its project"""
    size: int = 128
    """of the images, in pixels: a power of 2"""
    width: int = 64
    """channels of the networks' first layers"""
    out: Path | None = None
    """a JSON file for the table"""


def main() -> None:
    """Prints the table; exits with 1 where something differs."""
    asked = tyro.cli(Parity, description=__doc__)
    if asked.method not in METHODS:
        sys.exit(f"there is no reference for {asked.method!r}; there is one for {', '.join(METHODS)}")
    print(f"{asked.method:<34}{'difference':>12}{'largest':>12}{'relative':>12}")
    found = []
    for row in METHODS[asked.method](asked.reference, asked.size, asked.width):
        print(f"{row.what:<34}{row.difference:>12.1e}{row.largest:>12.1e}{row.difference / row.largest:>12.1e}", flush=True)
        found.append(row)
    if asked.out:
        asked.out.write_text(json.dumps([asdict(row) for row in found], indent=1) + "\n")
    sys.exit(not all(row.agrees for row in found))


if __name__ == "__main__":
    main()
