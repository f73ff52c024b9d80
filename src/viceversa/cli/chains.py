"""`viceversa chains DATA DIR`: what an evaluation asks for, as files, to be translated elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from viceversa.cli.parsing import parsed
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError, printable
from viceversa.evaluation.answers import write_chains
from viceversa.evaluation.chains import Way
from viceversa.evaluation.compare import measurable
from viceversa.files import vacant


@dataclass(frozen=True)
class Chains:
    """Writes sources/ID.png and chains.csv, which has a row for each translation: id, direction, cycles, step, and the
    attributes of its target, or `space` between two unlabeled ones. Step 1 translates the source, the others what the step
    before made. Save what they make as DIR/{8bit|float}/ID/{direction}{cycles}/{step}.png, of `inv` and `rec` the last step at
    least; `viceversa evaluate DIR --data DATA` measures it."""

    data: Annotated[Positional[str], arg(metavar="DATA")]
    """`avatars`, a folder, a table or hf:NAME, as for --data"""
    directory: Annotated[Positional[Path], arg(metavar="DIR")]
    """a new or empty folder"""
    size: Annotated[int | None, arg(metavar="N")] = None
    """height and width of the images, in pixels; if not given, chosen from own images, and 32 for drawn ones"""
    cycles: int = 3
    """how many translations come before the one that is measured, at most"""
    steps: int = 0
    """also one chain (direction `step`) of so many translations, all of which are measured; 10 at most"""
    samples: Annotated[int | None, arg(metavar="N")] = None
    """how many test images; all, if not given"""


def run(arguments: Sequence[str]) -> None:
    """Writes the sources and the table."""
    asked = parsed(Chains, arguments, "chains")
    if not vacant(asked.directory):
        raise UsageError(f"{str(asked.directory)!r} is not an empty folder: name a new or an empty one.")
    way = Way(asked.cycles, asked.steps)
    dataset = open_dataset(asked.data, asked.size)
    task = measurable(dataset, asked.samples, way)
    if dataset.summary:
        print(dataset.summary, file=sys.stderr)
    count = write_chains(task, way, asked.directory)
    print(printable(f"{asked.directory}: {len(task)} sources of {task.dataset.name}, and chains.csv with {count} translations"))
